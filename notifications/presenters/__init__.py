"""Data that the pages of messages show."""
