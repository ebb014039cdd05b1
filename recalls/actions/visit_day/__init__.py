"""Actions on the visits of a day: closing the day, and who is in the room."""
