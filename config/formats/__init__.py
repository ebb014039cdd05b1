"""Formats of dates and times by language, for the pages that Django itself writes."""
