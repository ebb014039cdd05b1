"""Who and what play in these tests? The clock, patient and mail server of the tests of messages."""

from tests.notifications.conftest import clock, mail_server, patient, recall

__all__ = ["clock", "mail_server", "patient", "recall"]
