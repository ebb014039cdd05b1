"""Writes days and times in the administration as the desk writes them: "Tue 24 Nov 2026, 2:30 PM"."""

DATE_FORMAT = "D j M Y"
TIME_FORMAT = "g:i A"
DATETIME_FORMAT = "D j M Y, g:i A"
