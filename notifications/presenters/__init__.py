"""What the message pages show."""
