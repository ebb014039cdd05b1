"""Seals what each step of a recall adds, and finds what was changed past the steps."""
