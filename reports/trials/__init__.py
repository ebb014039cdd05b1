"""Trials: drafted by one person and started by another, counted when they are over, kept whatever they found."""
