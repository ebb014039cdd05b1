"""Drills every promise on the real stack and prints a table of what was lost, doubled or wrong."""
