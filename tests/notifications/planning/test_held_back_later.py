"""A message that is held back is told in the history once its day has come, and not while it may never be needed."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from clinic.models import Site
from notifications.enums import NotificationState
from notifications.models import Notification
from notifications.presenters.recall_timeline import message_timeline_entries
from patients.factories import PatientFactory
from recalls.models import Recall
from recalls.testing.factories import RecallFactory

pytestmark = pytest.mark.django_db


def test_a_last_letter_without_an_address_is_no_alarm_on_the_first_day(shadyside: Site) -> None:
    patient = PatientFactory.create(site=shadyside, address_line="", city="")
    recall: Recall = RecallFactory.create(patient=patient)
    held = Notification.objects.filter(
        recall=recall, state=NotificationState.SUPPRESSED, not_before__gt=timezone.now()
    ).first()
    assert held is not None
    assert not [entry for entry in message_timeline_entries(recall) if entry.at > timezone.now() or _says_held(entry)]
    with time_machine.travel(held.not_before + timedelta(minutes=1), tick=False):
        assert [entry for entry in message_timeline_entries(recall) if _says_held(entry)]


def _says_held(entry: object) -> bool:
    return "Held back" in " ".join(getattr(entry, "details", ()))
