"""Checks of a running instance, profile by profile."""
