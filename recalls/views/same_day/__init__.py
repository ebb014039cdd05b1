"""Pages of the same-day lane."""
