"""Queries that every request or step asks, with the same SQL each time."""
