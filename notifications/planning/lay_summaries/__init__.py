"""Decides which lay summaries are owed for the readings of an exam, when and by which channel they leave."""
