"""Decides which messages a recall should have, when, and by which channel."""
