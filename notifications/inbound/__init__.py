"""Receives what comes back: bounces, delivery reports, text replies and unsubscribes."""
