"""Tests of what keeps the history from being rewritten."""
