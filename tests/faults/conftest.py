"""Fixtures of the message tests, shared with the fault tests."""

from tests.notifications.conftest import clock, mail_server, patient, recall

__all__ = ["clock", "mail_server", "patient", "recall"]
