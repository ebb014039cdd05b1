"""Hands due messages over: email, text message, print queue."""
