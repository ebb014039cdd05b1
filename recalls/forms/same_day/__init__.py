"""Forms of the same-day lane."""
