"""Tests that a lay summary leaves by email only where the patient agreed to it, and reaches paper when that fails."""

from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.actors import INTAKE, PATIENT
from clinic.factories import get_site_staff
from clinic.models import Site, User
from notifications.delivery import lay_summary_outbox, restore_guard
from notifications.delivery.worker import send_due
from notifications.enums import Channel, SummaryEventKind, SummaryState
from notifications.inbound import delivery_reports
from notifications.inbound.delivery_reports import ReportedOutcome
from notifications.models import DeliveryReport, LaySummary
from notifications.planning.lay_summaries.readings import Reading
from notifications.rendering.lay_summary import FilledSummary, fill_summary
from patients.actions import record_consent, set_contact_point
from patients.models import Consent, ContactPoint
from recalls import actions
from recalls.enums import Assessment, WorkItemKind
from recalls.models import ScreeningExam, WorkItem
from tests.notifications.clock import Clock, plan_lay_summaries
from tests.notifications.lay_summaries import open_recall, post_letters, read_exam, summary_of
from tests.support.smtp_sink import SmtpReply, SmtpSink

pytestmark = pytest.mark.django_db

Result = DeliveryReport.Result


@pytest.fixture
def site(clock: Clock, shadyside: Site) -> Site:
    shadyside.sends_lay_summaries, shadyside.sender_name = True, "Sample Imaging"
    shadyside.legal_name = "Shadyside Breast Center, Inc."
    shadyside.save()
    return shadyside


def read_by_email(site: Site, **fields: Any) -> ScreeningExam:
    """A negative exam of a patient who agreed to health details in email."""
    return read_exam(site, patient={"detailed_email": True}, **fields)


def event_kinds(row: LaySummary) -> list[str]:
    return [event.kind for event in row.events.all()]


def test_who_agreed_to_details_gets_an_email_and_the_proof_says_when_and_where(site: Site) -> None:
    exam = read_by_email(site)
    send_due(5)
    row = summary_of(exam)
    address = exam.patient.contact_points.get(kind=ContactPoint.Kind.EMAIL).value
    assert (row.state, row.channel, row.sent_at) == (SummaryState.SENT, Channel.EMAIL, timezone.now())
    (proof,) = row.events.all()
    assert (proof.kind, proof.address, proof.by) == (SummaryEventKind.EMAILED, address, "system")
    assert row.copy.text_version == "en/lay_summary.letter 2"
    (message,) = mail.outbox
    assert message.to == [address]
    assert "Your pictures are normal." in message.body


def test_the_demo_inbox_shows_it(
    site: Site, client: Client, scheduler_ana: User, settings: LazySettings, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "notifications.backends.maildir.EmailBackend"
    settings.MAIL_INBOX_DIR = tmp_path / "mail"
    exam = read_by_email(site)
    send_due(5)
    client.force_login(scheduler_ana)
    assert "lay summary" in client.get(reverse("inbox")).text
    assert summary_of(exam).state == SummaryState.SENT


def test_the_facility_stands_in_the_email_under_its_legal_name_and_outside_under_the_neutral_one(site: Site) -> None:
    read_by_email(site)
    send_due(5)
    (message,) = mail.outbox
    said = " ".join(message.body.split())
    assert f"Shadyside Breast Center, Inc., 1 Example Street, {site.city}, {site.state} {site.postal_code}" in said
    assert message.subject == "A message from Sample Imaging"
    assert "Breast" not in message.message()["From"]
    assert message.message()["Message-ID"] == f"<{LaySummary.objects.get().public_id}@example.org>"


@pytest.mark.parametrize(
    "wish", [{"detailed_email": False}, {"email_opted_out": True}, {"no_email": True}, {"bad_email": True}]
)
def test_everybody_else_gets_a_letter(wish: dict[str, bool], site: Site) -> None:
    row = summary_of(read_exam(site, patient=wish))
    send_due(5)
    assert (row.channel, row.state, mail.outbox) == (Channel.LETTER, SummaryState.OWED, [])


def test_an_opt_out_of_mail_after_planning_turns_the_email_into_a_letter(site: Site, scheduler_ana: User) -> None:
    exam = read_by_email(site)
    record_consent(exam.patient, Consent.Subject.EMAIL, granted=False, source="phone", by=PATIENT)
    send_due(5)
    assert (mail.outbox, summary_of(exam).channel) == ([], Channel.LETTER)
    assert post_letters(scheduler_ana, site) == [exam.pk]


def test_a_death_that_was_recorded_meanwhile_stops_it(site: Site) -> None:
    recall = open_recall(site, patient={"detailed_email": True})
    day = timezone.now().date() - timedelta(days=1)
    actions.mark_deceased(recall, day, by=get_site_staff(site).navigator, note="The family called.")
    send_due(5)
    assert (mail.outbox, summary_of(recall).state) == ([], SummaryState.HELD)


def test_it_leaves_in_the_sending_hours_of_the_clinic(site: Site, clock: Clock) -> None:
    clock.move_to("2026-11-13", "20:00")
    exam = read_by_email(site)
    send_due(5)
    assert mail.outbox == []
    clock.run_until("2026-11-16", "08:01")
    assert summary_of(exam).state == SummaryState.SENT


def test_a_corrected_result_never_leaves_with_the_old_words(site: Site) -> None:
    """The correction is committed and nothing has looked at it yet."""
    exam = read_by_email(site)
    actions.correct_exam(exam, {"assessment": Assessment.BENIGN}, None, by=INTAKE)
    send_due(5)
    assert mail.outbox == [], "the claim has planned the new one"
    send_due(5)
    (message,) = mail.outbox
    assert "What we saw is benign." in message.body
    assert [row.state for row in LaySummary.objects.order_by("pk")] == [SummaryState.REPLACED, SummaryState.SENT]


def test_a_second_summary_says_that_it_takes_the_place_of_the_first(site: Site) -> None:
    exam = read_by_email(site)
    send_due(5)
    actions.correct_exam(exam, {"assessment": Assessment.BENIGN}, None, by=INTAKE)
    plan_lay_summaries()
    send_due(5)
    first, second = (" ".join(message.body.split()) for message in mail.outbox)
    assert "takes the place of the earlier one" not in first
    assert "takes the place of the earlier one" in second


def test_an_email_that_came_back_goes_on_paper_and_is_not_counted_as_sent(site: Site, scheduler_ana: User) -> None:
    exam = read_by_email(site)
    send_due(5)
    row = delivery_reports.find_message(str(summary_of(exam).public_id))
    assert row is not None
    bounce = ReportedOutcome(Result.BOUNCED, "5.1.1", bad_mailbox=True)
    assert delivery_reports.record_report(row, bounce)
    assert not delivery_reports.record_report(row, bounce), "the same news twice"
    after = summary_of(exam)
    assert (after.state, after.channel, after.sent_at) == (SummaryState.OWED, Channel.LETTER, None)
    assert exam.patient.contact_points.get(kind=ContactPoint.Kind.EMAIL).unusable == "bounced"
    assert post_letters(scheduler_ana, site) == [exam.pk]
    assert event_kinds(after) == [SummaryEventKind.EMAILED, SummaryEventKind.EMAIL_BOUNCED, SummaryEventKind.POSTED]


def test_an_address_that_is_mended_later_does_not_bring_back_a_channel_that_failed(site: Site) -> None:
    exam = read_by_email(site)
    send_due(5)
    delivery_reports.record_report(summary_of(exam), ReportedOutcome(Result.BOUNCED, "5.1.1", bad_mailbox=True))
    set_contact_point(exam.patient, ContactPoint.Kind.EMAIL, "testa.new@example.org", by=INTAKE)
    plan_lay_summaries()
    send_due(5)
    assert (len(mail.outbox), summary_of(exam).channel) == (1, Channel.LETTER)


def test_an_email_that_the_server_refuses_for_good_goes_on_paper(
    site: Site, mail_server: SmtpSink, scheduler_ana: User
) -> None:
    exam = read_by_email(site)
    mail_server.reply = SmtpReply.REFUSE
    send_due(5)
    assert summary_of(exam).channel == Channel.LETTER
    assert post_letters(scheduler_ana, site) == [exam.pk]


def test_a_server_that_says_not_now_is_asked_again_and_after_a_day_paper_takes_over(
    site: Site, mail_server: SmtpSink, clock: Clock
) -> None:
    exam = read_by_email(site)
    mail_server.reply = SmtpReply.BUSY
    send_due(5)
    row = summary_of(exam)
    assert (row.state, row.channel) == (SummaryState.OWED, Channel.EMAIL)
    assert row.retry_at is not None
    clock.run_until("2026-11-12")
    assert summary_of(exam).channel == Channel.LETTER


def test_a_worker_that_was_killed_sends_it_again_under_the_same_message_id(site: Site, clock: Clock) -> None:
    exam = read_by_email(site)
    claim = next(lay_summary_outbox.iter_claims())
    assert list(lay_summary_outbox.iter_claims()) == [], "it is being sent"
    clock.move_to("2026-11-10", "10:00")
    assert lay_summary_outbox.reclaim_expired_leases() == 1
    send_due(5)
    row = summary_of(exam)
    assert (row.state, row.may_have_arrived_twice) == (SummaryState.SENT, True)
    assert event_kinds(row) == [SummaryEventKind.EMAIL_UNCERTAIN, SummaryEventKind.EMAILED]
    assert not lay_summary_outbox.record_acceptance(claim, row.copy), "the killed one comes back too late"


def test_one_whose_sender_dies_three_times_goes_on_paper(site: Site, clock: Clock) -> None:
    exam = read_by_email(site)
    for hour in ("09:30", "09:40", "09:50"):
        assert len(list(islice(lay_summary_outbox.iter_claims(), 1))) == 1
        clock.move_to("2026-11-10", hour)
        assert lay_summary_outbox.reclaim_expired_leases() == 1
    assert list(lay_summary_outbox.iter_claims()) == []
    assert (summary_of(exam).channel, summary_of(exam).may_have_arrived_twice) == (Channel.LETTER, True)


def test_nothing_leaves_while_sending_is_frozen(site: Site) -> None:
    read_by_email(site)
    restore_guard.freeze_sending()
    send_due(5)
    assert mail.outbox == []


def test_a_text_that_breaks_holds_one_summary_back_and_asks_a_person(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = read_by_email(site), read_by_email(site)

    def fail_for_one(reading: Reading, *, replaces_sent: bool) -> FilledSummary:
        if reading.exam.pk == broken.pk:
            raise LookupError
        return fill_summary(reading, replaces_sent=replaces_sent)

    monkeypatch.setattr("notifications.rendering.lay_summary.fill_summary", fail_for_one)
    send_due(5)
    assert (summary_of(broken).state, summary_of(fine).state) == (SummaryState.HELD, SummaryState.SENT)
    assert WorkItem.objects.get(patient=broken.patient).kind == WorkItemKind.UNDELIVERABLE_MESSAGE
