"""Tests notices to referring doctors, the daily cap, and the forecast of tomorrow's messages."""

from io import StringIO
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from clinic.actors import INTAKE
from clinic.factories import get_site_staff
from clinic.models import Site, User
from notifications.delivery import outbox
from notifications.delivery.claim_prefetch import ClaimPrefetcher
from notifications.delivery.failures import classify_delivery_error
from notifications.delivery.worker import send_due
from notifications.enums import Channel, NotificationKind, NotificationState, StatusReason
from notifications.models import Notification
from notifications.rendering.context import referrer_reference
from notifications.rendering.email import build_email
from patients.actions import record_consent, set_contact_point
from patients.factories import PatientFactory, ReferringProviderFactory
from patients.models import Consent, ContactPoint, Patient
from recalls import actions
from recalls.actions import ContactAttemptInput, DisclosureInput, OutcomeInput, Slot
from recalls.enums import Assessment, ContactChannel, ContactResult, DisclosureMethod
from recalls.models import Recall
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.notifications.clock import PITTSBURGH, Clock, at, latest_notification, sent_messages

pytestmark = pytest.mark.django_db


@pytest.fixture
def referred(clock: Clock, patient: Patient) -> Recall:
    referrer = ReferringProviderFactory.create(name="Dr. Referra Example", email="referrer@example.com")
    return actions.open_recall(ExamFactory.create(patient=patient, referrer=referrer), by=INTAKE).recall


def sent_to_referrer(recall: Recall) -> list[str]:
    """What left for the doctor, in order."""
    rows = Notification.objects.filter(recall=recall, kind=NotificationKind.REFERRER_NOTICE, accepted_at__isnull=False)
    return [
        f"{row.accepted_at.astimezone(PITTSBURGH):%Y-%m-%d} {row.occasion.partition(':')[0]}"
        for row in rows.order_by("accepted_at")
        if row.accepted_at
    ]


def first_notice(recall: Recall) -> Notification:
    """The first notice; the one for a patient who is not reached waits beside it."""
    return Notification.objects.get(recall=recall, occasion="recall_opened:")


def test_the_doctor_hears_that_the_patient_is_recalled_and_when_the_visit_is_done(
    referred: Recall, clock: Clock
) -> None:
    cast = get_site_staff(referred.site)
    clock.run_until("2026-11-11")
    actions.book_appointment(referred, Slot(referred.site, at("2026-11-12", "10:00")), by=cast.scheduler)
    clock.run_until("2026-11-12", "11:00")
    actions.mark_attended(referred, by=cast.scheduler)
    told = DisclosureInput(DisclosureMethod.AT_VISIT)
    actions.record_outcome(referred, OutcomeInput(Assessment.NEGATIVE, told=told), by=cast.radiologist)
    clock.run_until("2026-11-20")
    assert sent_to_referrer(referred) == ["2026-11-10 recall_opened", "2026-11-12 closed"]


def test_the_notice_names_no_patient_and_bears_a_number_made_for_it(referred: Recall) -> None:
    send_due(5)
    (notice,) = [message for message in mail.outbox if message.to == ["referrer@example.com"]]
    row = first_notice(referred)
    everything = notice.message().as_string()
    assert referrer_reference(row) in notice.body
    assert "Dr. Referra Example" in notice.body
    for secret in (referred.patient.family_name, referred.patient.given_name, referred.patient.mrn):
        assert secret not in everything


def test_a_patient_nobody_reaches_is_told_to_the_doctor_when_the_navigator_takes_over(
    referred: Recall, clock: Clock
) -> None:
    clock.run_until("2026-12-24")
    assert sent_to_referrer(referred) == ["2026-11-10 recall_opened"]
    clock.run_until("2026-12-30")
    assert sent_to_referrer(referred) == ["2026-11-10 recall_opened", "2026-12-28 unreachable"]  # day 45 is Christmas


def test_one_that_was_reached_is_not_called_unreachable(referred: Recall, clock: Clock, scheduler_ana: User) -> None:
    clock.run_until("2026-11-12")
    spoke = ContactAttemptInput(ContactChannel.PHONE, ContactResult.REACHED_CALLS_BACK)
    actions.log_contact(referred, spoke, by=scheduler_ana)
    clock.run_until("2027-01-15")
    assert sent_to_referrer(referred) == ["2026-11-10 recall_opened"]


def test_a_doctor_who_is_asked_to_tell_a_result_reads_so_at_once_and_not_after_it_was_told(
    shadyside: Site, radiologist_rao: User, clock: Clock
) -> None:
    recall = RecallFactory.create(
        site=shadyside, suspicious_to_tell=True, exam__referrer=ReferringProviderFactory.create()
    )
    actions.ask_referrer_to_tell(recall, by=radiologist_rao, note="Knows the patient well.")
    assert [row.occasion.partition(":")[0] for row in _planned_for_referrer(recall)][-1] == "asked_to_tell"
    told = DisclosureInput(DisclosureMethod.REFERRER, told_by="Dr. Sample-Referrer")
    actions.result_told(recall, told, by=radiologist_rao)
    assert "asked_to_tell" not in [row.occasion.partition(":")[0] for row in _planned_for_referrer(recall)]


def _planned_for_referrer(recall: Recall) -> list[Notification]:
    rows = Notification.objects.filter(recall=recall, kind=NotificationKind.REFERRER_NOTICE)
    return list(rows.filter(state=NotificationState.PLANNED).order_by("pk"))


def test_a_recall_closed_without_the_visit_is_told_as_such(referred: Recall, clock: Clock, scheduler_ana: User) -> None:
    actions.decline(referred, by=scheduler_ana, note="Does not want it.")
    clock.run_until("2026-11-20")
    assert sent_to_referrer(referred) == ["2026-11-10 closed_without_visit"]


def test_a_recall_made_in_error_is_not_told(referred: Recall, clock: Clock, manager_mo: User) -> None:
    actions.void(referred, by=manager_mo, note="Wrong patient.")
    clock.run_until("2026-11-20")
    assert sent_to_referrer(referred) == []


def test_a_doctor_without_email_is_written_to_on_paper(clock: Clock, patient: Patient) -> None:
    referrer = ReferringProviderFactory.create(email="", postal_address="34 Invented Road\nPittsburgh, PA 15200")
    recall = actions.open_recall(ExamFactory.create(patient=patient, referrer=referrer), by=INTAKE).recall
    send_due(5)
    row = first_notice(recall)
    assert (row.state, row.channel) == (NotificationState.TO_PRINT, Channel.LETTER)


def test_a_doctors_dead_mailbox_is_not_taken_for_the_patients(referred: Recall) -> None:
    """Also where doctor and patient share the address: only mail to the patient says something about the patient."""
    set_contact_point(referred.patient, ContactPoint.Kind.EMAIL, "referrer@example.com", by=INTAKE)
    Notification.objects.exclude(kind=NotificationKind.REFERRER_NOTICE).delete()
    claim = outbox.claim_next(ClaimPrefetcher())
    assert isinstance(claim, outbox.Claim)
    _mail, copy = build_email(claim.row, claim.snapshot, claim.channels)
    assert copy.address == "referrer@example.com"
    refused = SMTPRecipientsRefused({copy.address: (550, b"5.1.1 no such user")})
    outbox.record_failure(claim, classify_delivery_error(refused), copy)
    assert not referred.patient.contact_points.exclude(unusable="").exists()
    assert first_notice(referred).channel == Channel.LETTER


@pytest.fixture
def three_at_once(clock: Clock, patient: Patient, scheduler_ana: User) -> list[Recall]:
    """Three recalls of one patient, each with a message that is due now: its prior images are waited for."""
    recalls = [RecallFactory.create(patient=patient, awaiting_priors=True) for _ in range(3)]
    for recall in recalls:
        actions.request_priors(recall, by=scheduler_ana, note="Asked Hillside Sample Clinic.")
    return recalls


def test_a_third_message_waits_for_the_next_day(three_at_once: list[Recall], clock: Clock) -> None:
    send_due(5)
    third = latest_notification(three_at_once[2], NotificationKind.PRIORS_WAIT)
    assert (third.state, third.reason) == (NotificationState.PLANNED, StatusReason.DAILY_CAP_REACHED)
    clock.run_until("2026-11-13")
    assert [len(sent_messages(recall)) for recall in three_at_once] == [1, 1, 1]
    assert sent_messages(three_at_once[2]) == ["Thu 2026-11-12 08:00 priors_wait"]  # the 11th is a holiday


def test_a_message_that_is_on_its_way_counts_for_the_day(three_at_once: list[Recall]) -> None:
    prefetcher = ClaimPrefetcher()
    first, second, third = (outbox.claim_next(prefetcher) for _recall in three_at_once)
    assert isinstance(first, outbox.Claim)
    assert isinstance(second, outbox.Claim)
    assert isinstance(third, outbox.NotSent), "two more would make three today"


def test_a_third_reminder_waits_for_the_next_day_also_when_that_is_a_saturday(
    clock: Clock, patient: Patient, scheduler_ana: User
) -> None:
    three_booked = [RecallFactory.create(patient=patient) for _ in range(3)]
    for recall, hour in zip(three_booked, ("10:00", "11:00", "12:00"), strict=True):
        actions.book_appointment(recall, Slot(recall.site, at("2026-11-20", hour)), by=scheduler_ana)
    clock.run_until("2026-11-16")
    reminders = [line for recall in three_booked for line in sent_messages(recall) if line.endswith("_reminder")]
    assert reminders == [
        "Fri 2026-11-13 10:00 appointment_reminder",
        "Fri 2026-11-13 11:00 appointment_reminder",
        "Sat 2026-11-14 08:00 appointment_reminder",
    ]


def test_a_notice_to_the_doctor_takes_none_of_the_patients_messages_for_the_day(
    referred: Recall, clock: Clock, scheduler_ana: User
) -> None:
    send_due(5)
    clock.run_until("2026-11-10", "12:00")
    assert (len(sent_to_referrer(referred)), len(sent_messages(referred))) == (1, 1)
    actions.book_appointment(referred, Slot(referred.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.run_until("2026-11-10", "16:00")
    assert [line.split()[-1] for line in sent_messages(referred)] == ["recall_notice", "appointment_confirmation"]


def test_a_message_about_tomorrows_visit_is_never_put_off(
    three_at_once: list[Recall], patient: Patient, scheduler_ana: User
) -> None:
    send_due(5)
    other = RecallFactory.create(patient=patient)
    actions.book_appointment(other, Slot(other.site, at("2026-11-12", "08:10")), by=scheduler_ana)
    send_due(5)
    assert latest_notification(other, NotificationKind.APPOINTMENT_CONFIRMATION).state == NotificationState.ACCEPTED


def test_an_urgent_message_leaves_before_older_ones(clock: Clock, recall: Recall, shadyside: Site) -> None:
    clock.move_to("2026-11-10", "09:00")
    urgent = RecallFactory.create(patient=PatientFactory.create(site=shadyside), exam__assessment="5")
    claim = outbox.claim_next(ClaimPrefetcher())
    assert isinstance(claim, outbox.Claim)
    assert claim.recall.pk == urgent.pk


def test_the_preview_lists_who_gets_what_and_who_does_not_and_why(
    clock: Clock, recall: Recall, shadyside: Site
) -> None:
    clock.run_until("2026-11-12")
    unreached = PatientFactory.create(site=shadyside, no_email=True, address_line="")
    clock.run_until("2026-11-13", "18:30")
    clock.move_to("2026-11-15", "18:30")
    RecallFactory.create(patient=unreached)
    opted_out = RecallFactory.create(patient=PatientFactory.create(site=shadyside))
    record_consent(opted_out.patient, Consent.Subject.EMAIL, granted=False, source="phone", by=INTAKE)
    said = StringIO()
    before = list(Notification.objects.order_by("pk").values())
    call_command("preview_messages", site="SHADY", stdout=said)
    assert said.getvalue().splitlines() == [
        "SHADY 2026-11-16",
        f"  8:00 am  {recall}  Please call us  Email",
        f"  8:00 am  {unreached.recalls.get()}  Please come back  not sent: The patient has no email address.",
        f"  8:00 am  {opted_out}  Please come back  Letter",
    ]
    assert list(Notification.objects.order_by("pk").values()) == before


def test_the_preview_and_the_day_itself_agree(clock: Clock, patient: Patient, scheduler_ana: User) -> None:
    clock.move_to("2026-11-15", "18:30")
    for recall in [RecallFactory.create(patient=patient, awaiting_priors=True) for _ in range(3)]:
        actions.request_priors(recall, by=scheduler_ana, note="Asked Hillside Sample Clinic.")
    said = StringIO()
    call_command("preview_messages", stdout=said)
    promised = said.getvalue().count("  Email")
    clock.run_until("2026-11-16", "17:59")
    sent = Notification.objects.filter(kind=NotificationKind.PRIORS_WAIT, state=NotificationState.ACCEPTED)
    assert sent.count() == promised == 2


def test_a_site_that_is_not_there_is_refused(shadyside: Site) -> None:
    with pytest.raises(CommandError, match="no site"):
        call_command("preview_messages", site="NOWHERE")
