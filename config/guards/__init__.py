"""Refuses requests that are too long, too slow or that no page expects, before a page sees them."""
