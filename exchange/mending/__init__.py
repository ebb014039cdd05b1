"""What a person may do about a row or message that waits: mend it within their own sites, confirm it, or dismiss it."""
