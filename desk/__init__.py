"""What the staff pages of several apps share."""
