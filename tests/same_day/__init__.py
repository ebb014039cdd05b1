"""Tests of the same-day lane."""
