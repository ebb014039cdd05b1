"""Fixtures for tests of messages: a clock on an ordinary Tuesday, and a patient with email."""

from collections.abc import Iterator

import pytest
import time_machine
from django.conf import LazySettings

from clinic.models import Site
from patients.factories import PatientFactory
from patients.models import Patient
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, at
from tests.support.smtp_sink import SmtpSink


@pytest.fixture
def clock(db: None) -> Iterator[Clock]:
    """Tuesday, 10 November 2026, a quarter past eight in Pittsburgh."""
    with time_machine.travel(at("2026-11-10", "08:15"), tick=False) as traveller:
        yield Clock(traveller)


@pytest.fixture
def patient(clock: Clock, shadyside: Site) -> Patient:
    return PatientFactory.create(site=shadyside, email="testa.oak@example.org")


@pytest.fixture
def recall(patient: Patient) -> Recall:
    """Opened now, still to be contacted."""
    return RecallFactory.create(patient=patient)


@pytest.fixture
def mail_server(smtp_sink: SmtpSink, settings: LazySettings) -> SmtpSink:
    """A real mail server on this machine, used by the product as any other."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", smtp_sink.port
    return smtp_sink
