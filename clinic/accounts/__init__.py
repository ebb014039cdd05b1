"""Staff accounts: what one person may not do alone, one-time links, and the end of sessions."""
