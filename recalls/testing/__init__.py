"""Factories and scenarios for tests and the demo clinic."""
