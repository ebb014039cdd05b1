"""Rules of the series about breast health: two acts of the patient begin it, and much ends it or lets it wait."""

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client
from django.utils import timezone

from clinic.actors import INTAKE, PATIENT, SYSTEM
from clinic.factories import get_site_staff
from clinic.models import Site
from notifications.delivery.worker import send_due
from notifications.enums import Channel, NotificationKind, NotificationState
from notifications.inbound.delivery_reports import ReportedOutcome, record_report
from notifications.inbound.unsubscribe import withdraw_email_consent
from notifications.models import DeliveryReport, EducationSeries, Notification
from notifications.planning.education import schedule
from notifications.planning.education import series as education
from notifications.planning.education.texts import series_of
from patients.actions import record_consent, record_death, set_contact_point
from patients.channels import get_patient_channels
from patients.factories import PatientFactory
from patients.models import Consent, ContactPoint, Patient
from recalls import actions
from recalls.enums import Assessment
from recalls.models import Recall, WorkItem
from recalls.signals import patient_changed
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.notifications.clock import Clock, at

pytestmark = pytest.mark.django_db
End = EducationSeries.EndReason
SENDER = "texts@clinic.example.org"


@pytest.fixture(autouse=True)
def _offered(settings: LazySettings) -> None:
    settings.EDUCATION_FROM_EMAIL = f"Texts <{SENDER}>"
    settings.PUBLIC_URL = "https://recalls.example.org"


@pytest.fixture
def cared_for(clock: Clock, patient: Patient) -> Recall:
    """A recall that ended with a normal result, and whose messages have left."""
    recall = RecallFactory.create(patient=patient, closed_normal=True)
    clock.run_until("2027-01-12")
    mail.outbox.clear()
    return recall


def ask(patient: Patient) -> EducationSeries:
    series = education.ask_for_series(patient)
    assert series is not None
    schedule.plan_confirmation(series)
    send_due(5)
    return series


def begin(patient: Patient) -> EducationSeries:
    series = ask(patient)
    assert education.confirm_series(series)
    series.refresh_from_db()
    return series


def run_until(clock: Clock, day: str, every: int = 7) -> None:
    """The sweep looks at the series each minute; once a week is enough for a test."""
    until = at(day)
    while timezone.now() < until:
        schedule.plan_due_texts()
        moment = min(until, timezone.now() + timedelta(days=every))
        clock.run_until(f"{moment:%Y-%m-%d}", "10:00")


def path_in(pattern: str) -> str:
    found = re.search(rf"https://recalls\.example\.org(/texts/{pattern}/[\w.-]+/)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def ended(series: EducationSeries) -> str:
    series.refresh_from_db()
    return series.end_reason


def test_only_the_button_behind_the_link_in_the_mail_begins_the_series(
    cared_for: Recall, clock: Clock, client: Client
) -> None:
    series = ask(cared_for.patient)
    assert [message.to for message in mail.outbox] == [["testa.oak@example.org"]]
    assert SENDER in mail.outbox[0].from_email
    link = path_in("confirm")
    for _scan in range(3):
        assert client.get(link).status_code == 200
    schedule.plan_due_texts()
    assert not Consent.objects.filter(subject=Consent.Subject.EDUCATION).exists()
    assert "Thank you" in client.post(link).content.decode()
    series.refresh_from_db()
    assert series.confirmed_at is not None
    said = Consent.objects.get(subject=Consent.Subject.EDUCATION)
    assert (said.granted, said.source) == (True, education.MAIL_SOURCE)
    client.post(link)
    assert Consent.objects.filter(subject=Consent.Subject.EDUCATION).count() == 1
    assert client.get("/texts/confirm/forged.token/").status_code == 404


def test_six_texts_come_one_a_month_by_email_alone_from_their_own_sender(cared_for: Recall, clock: Clock) -> None:
    series = begin(cared_for.patient)
    mail.outbox.clear()
    run_until(clock, "2027-09-30")
    rows = Notification.objects.filter(kind=NotificationKind.EDUCATION).order_by("pk")
    assert [row.occasion for row in rows] == [f"series-{series.pk}-{number}" for number in range(1, 7)]
    assert {(row.channel, row.state) for row in rows} == {(Channel.EMAIL, NotificationState.ACCEPTED)}
    left = [row.accepted_at for row in rows if row.accepted_at]
    assert all(timedelta(days=27) < after - before < timedelta(days=40) for before, after in pairwise(left))
    assert len({message.body for message in mail.outbox}) == 6
    assert ended(series) == End.COMPLETED
    head = mail.outbox[-1].extra_headers
    assert head["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/texts/stop/" in head["List-Unsubscribe"]
    assert "References" not in head


def test_one_click_ends_the_series_and_no_message_about_a_recall(
    cared_for: Recall, clock: Clock, client: Client
) -> None:
    series = begin(cared_for.patient)
    run_until(clock, "2027-01-20")
    header = str(mail.outbox[-1].extra_headers["List-Unsubscribe"]).strip("<>")
    path = header.removeprefix("https://recalls.example.org")
    assert client.get(path).status_code == 200
    assert ended(series) == ""
    program = Client(enforce_csrf_checks=True)
    assert program.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert program.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert ended(series) == End.STOPPED
    assert [row.granted for row in Consent.objects.filter(subject=Consent.Subject.EDUCATION)] == [False, True]
    assert get_patient_channels(Patient.objects.get(pk=cared_for.patient_id)).email == "testa.oak@example.org"
    run_until(clock, "2027-04-01")
    assert Notification.objects.filter(kind=NotificationKind.EDUCATION).count() == 1


def test_an_objection_a_death_and_another_address_end_it(cared_for: Recall, clock: Clock) -> None:
    patient, by = cared_for.patient, get_site_staff(cared_for.site).scheduler
    series = begin(patient)
    record_consent(patient, Consent.Subject.SMS, granted=False, source="text message: STOP", by=PATIENT)
    patient_changed.send(sender=Patient, patient=patient)
    assert ended(series) == End.OBJECTION
    clock.move_to("2027-01-14")
    series = begin(patient)
    set_contact_point(patient, ContactPoint.Kind.EMAIL, "new.oak@example.org", by=by)
    patient_changed.send(sender=Patient, patient=patient)
    assert ended(series) == End.ADDRESS
    series = begin(patient)
    withdraw_email_consent(patient, "new.oak@example.org")
    assert ended(series) == End.OBJECTION
    assert education.ask_for_series(patient) is None
    record_consent(patient, Consent.Subject.EMAIL, granted=True, source="desk", by=by)
    series = begin(patient)
    record_death(patient, date(2027, 1, 13), by=SYSTEM)
    patient_changed.send(sender=Patient, patient=patient)
    assert ended(series) == End.DECEASED


def test_it_waits_while_a_recall_is_open_and_goes_on_with_the_text_that_was_due(
    cared_for: Recall, clock: Clock
) -> None:
    series = begin(cared_for.patient)
    clock.move_to("2027-01-16", "11:00")  # a Saturday: the text waits for Monday
    schedule.plan_due_texts()
    row = Notification.objects.get(kind=NotificationKind.EDUCATION)
    assert row.state == NotificationState.PLANNED
    another = actions.open_recall(ExamFactory.create(patient=cared_for.patient), by=INTAKE).recall
    row.refresh_from_db()
    assert (row.state, ended(series)) == (NotificationState.CANCELLED, "")
    run_until(clock, "2027-02-20")
    assert Notification.objects.filter(kind=NotificationKind.EDUCATION, accepted_at__isnull=False).count() == 0
    another.refresh_from_db()
    actions.get_action("void")(another, by=get_site_staff(cared_for.site).manager, note="A slip of the importer.")
    run_until(clock, "2027-03-01")
    row.refresh_from_db()
    assert row.state == NotificationState.ACCEPTED


def test_a_4_or_5_ends_it_and_it_is_not_offered_while_one_stands(cared_for: Recall, clock: Clock) -> None:
    series = begin(cared_for.patient)
    exam = ExamFactory.create(patient=cared_for.patient, assessment=Assessment.HIGHLY_SUGGESTIVE)
    actions.open_recall(exam, by=INTAKE)
    assert ended(series) == End.OWN_CARE
    assert education.ask_for_series(cared_for.patient) is None


def test_a_5_of_long_ago_that_nobody_could_answer_keeps_the_series_away_also_after_a_merge(
    cared_for: Recall, clock: Clock
) -> None:
    staff = get_site_staff(cared_for.site)
    loser = PatientFactory.create(site=cared_for.site, email="testa.oak@example.org")
    exam = ExamFactory.create(patient=loser, assessment=Assessment.HIGHLY_SUGGESTIVE)
    lost = actions.open_recall(exam, by=INTAKE).recall
    actions.transfer(lost, by=staff.manager, facility="Foothills Example Imaging", note="The patient said so.")
    RecallFactory.create(patient=loser, closed_normal=True)
    assert education.ask_for_series(loser) is None
    clock.move_to("2027-01-14")
    series = begin(cared_for.patient)
    actions.merge_patients(loser, cared_for.patient, by=staff.manager)
    assert ended(series) == End.OWN_CARE


def test_nothing_is_offered_or_sent_where_the_clinic_has_no_sender(
    cared_for: Recall, clock: Clock, settings: LazySettings
) -> None:
    series = begin(cared_for.patient)
    settings.EDUCATION_FROM_EMAIL = ""
    assert schedule.plan_due_texts() == 0
    assert education.ask_for_series(cared_for.patient) is None
    assert ended(series) == ""


def test_a_site_that_sends_only_reviewed_texts_sends_none_of_the_series_before_its_review(
    cared_for: Recall, clock: Clock
) -> None:
    Site.objects.update(reviewed_english_only=True)
    series = EducationSeries.objects.create(recall=cared_for, address="testa.oak@example.org")
    assert education.confirm_series(series)
    run_until(clock, "2027-02-01")
    assert not Notification.objects.filter(kind=NotificationKind.EDUCATION).exists()
    assert not WorkItem.objects.filter(recall=cared_for, done_at=None).exists()


def test_a_complaint_about_a_text_ends_the_series_and_leaves_the_address_alone(cared_for: Recall, clock: Clock) -> None:
    series = begin(cared_for.patient)
    run_until(clock, "2027-01-20")
    row = Notification.objects.get(kind=NotificationKind.EDUCATION)
    record_report(row, ReportedOutcome(DeliveryReport.Result.COMPLAINED))
    assert ended(series) == End.STOPPED
    assert series_of(row) == series
    assert get_patient_channels(Patient.objects.get(pk=cared_for.patient_id)).email
    assert not WorkItem.objects.filter(recall=cared_for, done_at=None).exists()


def test_a_text_gives_way_to_every_other_message_and_takes_no_ones_turn(cared_for: Recall, clock: Clock) -> None:
    begin(cared_for.patient)
    clock.move_to("2027-01-16", "11:00")
    schedule.plan_due_texts()
    neighbour = RecallFactory.create(patient=PatientFactory.create(site=cared_for.site))
    clock.move_to("2027-01-19", "09:00")  # both are due
    send_due(5)
    sent = Notification.objects.filter(accepted_at__gte=at("2027-01-18")).order_by("accepted_at", "pk")
    assert neighbour.notifications.filter(kind=NotificationKind.RECALL_NOTICE, accepted_at__isnull=False).exists()
    assert NotificationKind.EDUCATION not in {row.kind for row in sent}
    clock.run_until("2027-01-19", "12:00")
    assert Notification.objects.get(kind=NotificationKind.EDUCATION).state == NotificationState.ACCEPTED


def test_an_unconfirmed_series_ends_by_itself_and_can_be_asked_for_again(cared_for: Recall, clock: Clock) -> None:
    series = ask(cared_for.patient)
    assert education.ask_for_series(cared_for.patient) == series
    run_until(clock, "2027-01-25")
    assert not education.confirm_series(series)
    assert ended(series) == End.UNCONFIRMED
    assert ask(cared_for.patient) != series
