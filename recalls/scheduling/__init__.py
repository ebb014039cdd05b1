"""Free times, room calendars and closed days."""
