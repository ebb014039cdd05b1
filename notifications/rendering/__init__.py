"""Turns a planned message into an email, a text message or a letter."""
