"""Tests that a written result leaves as the patient wishes, and that a wish to hear it is followed."""

import pytest
from django.conf import LazySettings
from django.utils import timezone

from clinic.models import User
from notifications.delivery.worker import send_due
from notifications.models import RenderedMessage
from patients.actions import record_consent, set_result_wish
from patients.models import Consent, ResultWish
from recalls import actions
from recalls.actions import OutcomeInput, Slot
from recalls.enums import Assessment, State
from recalls.models import Recall
from recalls.permissions import StepUnavailable
from recalls.tasks import apply_due_steps
from tests.notifications.clock import Clock, at, sent_messages
from tests.support.processes import free_port
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db


@pytest.fixture
def attended_recall(clock: Clock, recall: Recall, scheduler_ana: User) -> Recall:
    """The patient came on Thursday, 12 November."""
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-12", "10:00")), by=scheduler_ana)
    clock.run_until("2026-11-12", "11:00")
    actions.mark_attended(recall, by=scheduler_ana)
    return recall


def _wish(recall: Recall, by: User, **said: object) -> None:
    actions.record_wishes(recall, said, by=by)


def _tell_in_writing(recall: Recall, radiologist: User, assessment: Assessment = Assessment.BENIGN) -> None:
    actions.record_outcome(recall, OutcomeInput(assessment, release_at=timezone.now()), by=radiologist)


def _results(recall: Recall) -> list[str]:
    return [line for line in sent_messages(recall) if "outcome_" in line]


@pytest.mark.parametrize(("wished", "leaves"), [(True, "Mon 2026-11-16 08:00"), (False, "Fri 2026-11-13 10:00")])
def test_a_result_does_not_leave_on_a_friday_where_the_patient_wants_it_so(
    wished: bool, leaves: str, attended_recall: Recall, clock: Clock, scheduler_ana: User, radiologist_rao: User
) -> None:
    _wish(attended_recall, scheduler_ana, not_before_weekend=wished)
    clock.run_until("2026-11-13", "10:00")
    _tell_in_writing(attended_recall, radiologist_rao)
    clock.run_until("2026-11-20")
    assert _results(attended_recall) == [f"{leaves} outcome_benign"]


def test_a_result_that_was_due_on_thursday_waits_for_monday_when_the_mail_server_was_away(
    attended_recall: Recall,
    mail_server: SmtpSink,
    clock: Clock,
    scheduler_ana: User,
    radiologist_rao: User,
    settings: LazySettings,
) -> None:
    _wish(attended_recall, scheduler_ana, not_before_weekend=True)
    settings.EMAIL_PORT = free_port()
    _tell_in_writing(attended_recall, radiologist_rao)
    clock.move_to("2026-11-12", "12:00")
    send_due(5)
    settings.EMAIL_PORT = mail_server.port
    clock.move_to("2026-11-13", "09:00")
    send_due(5)
    assert _results(attended_recall) == []
    clock.run_until("2026-11-17")
    assert _results(attended_recall) == ["Mon 2026-11-16 08:00 outcome_benign"]


@pytest.mark.parametrize(
    ("channel", "words"),
    [(ResultWish.Channel.PHONE, "hear results by phone"), (ResultWish.Channel.IN_PERSON, "hear results in person")],
)
def test_a_patient_who_wants_to_hear_a_result_is_told_by_a_person(
    channel: ResultWish.Channel,
    words: str,
    attended_recall: Recall,
    clock: Clock,
    scheduler_ana: User,
    radiologist_rao: User,
) -> None:
    _wish(attended_recall, scheduler_ana, channel=channel)
    _tell_in_writing(attended_recall, radiologist_rao)
    assert attended_recall.state == State.RESULT_TO_TELL
    for when in (timezone.now(), at("2026-11-13", "09:00")):
        with pytest.raises(StepUnavailable, match=words):
            actions.release_outcome(attended_recall, when, by=radiologist_rao)
    clock.run_until("2026-11-14")
    assert _results(attended_recall) == []


def test_a_wish_said_before_the_time_of_release_is_followed(
    attended_recall: Recall, clock: Clock, scheduler_ana: User, radiologist_rao: User
) -> None:
    later = OutcomeInput(Assessment.BENIGN, release_at=at("2026-11-13", "10:00"))
    actions.record_outcome(attended_recall, later, by=radiologist_rao)
    _wish(attended_recall, scheduler_ana, channel=ResultWish.Channel.PHONE)
    clock.move_to("2026-11-13", "10:00")
    assert apply_due_steps()["release_due"] == 1
    attended_recall.refresh_from_db()
    assert attended_recall.state == State.RESULT_TO_TELL


def test_a_patient_who_wants_no_details_reads_the_short_text_whatever_was_agreed_to(
    attended_recall: Recall, clock: Clock, scheduler_ana: User, radiologist_rao: User
) -> None:
    record_consent(attended_recall.patient, Consent.Subject.DETAIL, granted=True, source="phone", by=scheduler_ana)
    set_result_wish(attended_recall.patient, {"no_details": True}, by=scheduler_ana)
    _tell_in_writing(attended_recall, radiologist_rao)
    clock.run_until("2026-11-13")
    text = RenderedMessage.objects.get(notification__kind="outcome_benign").text
    assert "benign" not in text.lower()


def test_the_request_to_call_goes_to_the_patient_also_where_a_proxy_is_named(
    attended_recall: Recall, mail_server: SmtpSink, clock: Clock, scheduler_ana: User, radiologist_rao: User
) -> None:
    _wish(attended_recall, scheduler_ana, proxy_name="Sam Sample", proxy_phone="+14125550123")
    actions.record_outcome(attended_recall, OutcomeInput(Assessment.SUSPICIOUS_B), by=radiologist_rao)
    clock.run_until("2026-11-13", "09:00")
    assert sent_messages(attended_recall)[-1] == "Fri 2026-11-13 08:00 please_call_results"
    assert mail_server.received[-1].recipients == ("testa.oak@example.org",)
