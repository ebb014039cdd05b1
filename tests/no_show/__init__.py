"""Tests of the estimate of missed visits and of the reminder calls that follow it."""
