"""Keeps what happened from being rewritten unnoticed: append-only tables, seals over their rows, heads kept outside."""
