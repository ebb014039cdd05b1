"""Runs an installation of one's own: its servers and processes, and what stands between them."""
