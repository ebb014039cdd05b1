"""Message pages."""
