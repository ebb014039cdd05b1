"""Queries that every request asks, with the same SQL each time."""
