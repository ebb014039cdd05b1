"""What the pages say of the same-day lane."""
