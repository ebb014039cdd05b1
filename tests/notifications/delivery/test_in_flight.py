"""Tests that a message which was being sent while the patient's wish or address changed says so, to staff as well."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from clinic.factories import get_site_staff
from notifications.delivery import outbox
from notifications.delivery.claim_prefetch import ClaimPrefetcher
from notifications.enums import NotificationKind, NotificationState, StatusReason
from notifications.inbound.unsubscribe import withdraw_email_consent
from notifications.rendering.email import build_email
from patients.models import Consent, ContactPoint, Patient
from portal.patient_requests import save_preferences
from recalls.actions import edit_record
from recalls.actions.records.details import RecordEdit
from recalls.enums import WorkItemKind
from recalls.models import Recall
from tests.notifications.clock import Clock, latest_notification

pytestmark = pytest.mark.django_db


def _new_address(patient: Patient) -> None:
    edit = RecordEdit(contact_points={ContactPoint.Kind.EMAIL: "new@example.org"})
    edit_record(patient, edit, by=get_site_staff(patient.site).scheduler, source="phone")


ACTS: dict[str, Callable[[Patient], object]] = {
    "an opt-out on the patient's page": lambda patient: save_preferences(
        patient, patient.language, {Consent.Subject.EMAIL: False}, {}
    ),
    "the stop link": lambda patient: withdraw_email_consent(patient, ""),
    "a new address": _new_address,
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_what_was_being_sent_says_so_and_staff_have_a_task(
    clock: Clock, recall: Recall, act: Callable[[Patient], object]
) -> None:
    claim = outbox.claim_next(ClaimPrefetcher())
    assert isinstance(claim, outbox.Claim)
    clock.move_to("2026-11-10", "08:16")
    act(recall.patient)
    _mail, copy = build_email(claim.row, claim.snapshot, claim.channels)
    assert outbox.record_acceptance(claim, copy, timezone.now())
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.reason) == (NotificationState.ACCEPTED, StatusReason.PERSON_CHANGED)
    task = recall.work_items.get(kind=WorkItemKind.VERIFY_CONTACT)
    assert "changed while it was being sent" in task.reason


def test_an_act_that_changes_nothing_for_the_message_says_nothing(clock: Clock, recall: Recall) -> None:
    assert isinstance(outbox.claim_next(ClaimPrefetcher()), outbox.Claim)
    clock.move_to("2026-11-10", "08:16")
    save_preferences(recall.patient, recall.patient.language, {Consent.Subject.EMAIL: True}, {})
    assert latest_notification(recall, NotificationKind.RECALL_NOTICE).reason == ""
    assert not recall.work_items.exists()
