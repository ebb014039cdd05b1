"""Keeps what lists and numbers rest on, written by the database with each change."""
