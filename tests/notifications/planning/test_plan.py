"""Tests that the plan is complete and that every rule keeps its hours."""

import pytest
import time_machine
from django.conf import settings
from django.core.checks import run_checks, tag_exists
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from clinic.actors import INTAKE
from clinic.factories import get_site_staff
from clinic.models import Site, User
from notifications.enums import Channel, NotificationKind, NotificationState, StatusReason
from notifications.models import Notification
from notifications.planning.daily_reconcile import continue_daily_reconcile, reconcile_chunk
from notifications.planning.plan import PLAN
from notifications.planning.reconcile import find_changes, reconcile_messages
from notifications.planning.snapshot import RecallSnapshot, load_snapshot
from patients.actions import set_contact_point
from patients.channels import get_patient_channels
from patients.factories import PatientFactory
from patients.models import ContactPoint, Patient
from recalls import actions
from recalls.actions import Slot
from recalls.enums import WorkItemKind
from recalls.models import Recall
from recalls.testing.factories import ExamFactory, RecallFactory
from recalls.testing.scenarios import SCENARIOS
from tests.notifications.clock import Clock, at, latest_notification, sent_messages, waiting_messages

pytestmark = pytest.mark.django_db


def test_every_kind_has_one_rule_and_says_when_and_until_when() -> None:
    assert [rule.kind for rule in PLAN] == list(NotificationKind)
    assert all(str(rule.due_description).endswith(".") and str(rule.expiry_description).endswith(".") for rule in PLAN)


def test_every_message_can_be_written_in_every_language() -> None:
    assert tag_exists("messages")
    assert run_checks(tags=["messages"]) == []


@pytest.mark.parametrize("story", SCENARIOS)
def test_asking_the_plan_again_changes_nothing(story: str, clock: Clock) -> None:
    """Whatever happened, a second comparison right after the move finds nothing to do."""
    with time_machine.travel(at("2026-11-24", "12:00"), tick=False) as traveller:
        recall = RecallFactory.create(**{story: True})
        traveller.move_to(recall.events.latest("pk").at)
        recall = Recall.objects.select_related("patient", "site", "exam").get(pk=recall.pk)
        found = find_changes(load_snapshot(recall), get_patient_channels(recall.patient), recall.events.latest("pk").at)
        assert not found


@pytest.mark.parametrize(
    ("opened", "leaves"),
    [
        ("2026-11-13 11:59", "Fri 2026-11-13 11:59"),
        ("2026-11-13 12:00", "Mon 2026-11-16 08:00"),  # nobody could be asked until Monday
        ("2026-11-13 17:30", "Mon 2026-11-16 08:00"),
        ("2026-11-14 10:00", "Mon 2026-11-16 08:00"),
        ("2026-11-16 05:00", "Mon 2026-11-16 08:00"),
        ("2026-11-16 19:00", "Tue 2026-11-17 08:00"),
        ("2026-11-25 19:00", "Mon 2026-11-30 08:00"),  # Thanksgiving and the day after it
    ],
)
def test_a_first_notice_leaves_when_somebody_can_answer(opened: str, leaves: str, shadyside: Site) -> None:
    with time_machine.travel(at(*opened.split()), tick=False):
        recall = RecallFactory.create(site=shadyside)
        assert waiting_messages(recall)[0] == f"{leaves} recall_notice"


@pytest.mark.parametrize(
    ("visit", "reminders"),
    [
        ("2026-11-03 09:00", ["Tue 2026-10-27 09:00", "Mon 2026-11-02 09:00"]),  # clocks went back on 1 November
        ("2026-11-05 07:30", ["Wed 2026-10-28 17:59", "Tue 2026-11-03 17:59"]),  # not before eight in the morning
        ("2027-03-16 09:00", ["Tue 2027-03-09 09:00", "Mon 2027-03-15 09:00"]),  # clocks went forward on 14 March
        ("2026-11-09 10:00", ["Mon 2026-11-02 10:00", "Sun 2026-11-08 10:00"]),
    ],
)
def test_reminders_leave_by_the_clinics_clock_whatever_the_season(
    visit: str, reminders: list[str], shadyside: Site
) -> None:
    with time_machine.travel(at("2026-10-20", "09:00"), tick=False):
        recall = RecallFactory.create(site=shadyside)
        actions.book_appointment(recall, Slot(shadyside, at(*visit.split())), by=get_site_staff(shadyside).scheduler)
        found = [line.rpartition(" ")[0] for line in waiting_messages(recall) if line.endswith("appointment_reminder")]
        assert found == reminders


def test_a_visit_booked_for_tomorrow_has_no_reminder_that_is_past_already(clock: Clock, recall: Recall) -> None:
    actions.book_appointment(
        recall, Slot(recall.site, at("2026-11-12", "08:00")), by=get_site_staff(recall.site).scheduler
    )
    clock.run_until("2026-11-10", "18:00")
    assert waiting_messages(recall) == ["Wed 2026-11-11 08:00 appointment_reminder"]


def test_a_message_of_another_site_follows_that_sites_clock(foothills: Site) -> None:
    with time_machine.travel(at("2026-11-16", "08:30"), tick=False):  # half past six in Denver
        recall = RecallFactory.create(site=foothills)
        assert waiting_messages(recall)[0] == "Mon 2026-11-16 10:00 recall_notice"


def test_a_patient_whom_nothing_reaches_gets_a_task_instead_of_silence(clock: Clock, shadyside: Site) -> None:
    recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, no_email=True, address_line=""))
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.reason) == (NotificationState.SUPPRESSED, StatusReason.NO_ADDRESS)
    item = recall.work_items.get()
    assert item.kind == WorkItemKind.UNDELIVERABLE_MESSAGE
    assert "no email address" in item.reason


def test_an_opt_out_stops_the_messages_and_not_the_recall(clock: Clock, shadyside: Site) -> None:
    recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, email_opted_out=True, address_line=""))
    actions.book_appointment(recall, Slot(shadyside, at("2026-11-24", "10:00")), by=get_site_staff(shadyside).scheduler)
    clock.run_until("2026-12-01")
    assert sent_messages(recall) == []
    recall.refresh_from_db()
    assert recall.is_open
    assert recall.work_items.filter(kind=WorkItemKind.UNDELIVERABLE_MESSAGE).count() == 1


def test_an_address_given_later_brings_back_what_is_still_true(clock: Clock, shadyside: Site) -> None:
    patient = PatientFactory.create(site=shadyside, no_email=True)
    recall = RecallFactory.create(patient=patient)
    set_contact_point(patient, ContactPoint.Kind.EMAIL, "testa.new@example.org", by=INTAKE)
    clock.move_to("2026-11-12", "09:30")
    actions.book_appointment(recall, Slot(shadyside, at("2026-11-24", "10:00")), by=get_site_staff(shadyside).scheduler)
    clock.run_until("2026-11-18")
    assert sent_messages(recall) == [
        "Thu 2026-11-12 09:30 appointment_confirmation",
        "Tue 2026-11-17 10:00 appointment_reminder",
    ]


def test_one_message_for_one_occasion_however_often_it_is_planned(clock: Clock, recall: Recall) -> None:
    before = Notification.objects.count()
    with transaction.atomic():
        reconcile_messages(
            RecallSnapshot(recall, [], [], [], [], {})
        )  # as if nothing were stored: what a race looks like
    assert Notification.objects.count() == before


def test_after_a_merge_the_waiting_messages_go_to_the_record_that_stays(clock: Clock, recall: Recall) -> None:
    stays = PatientFactory.create(site=recall.site, email="testa.stays@example.org")
    actions.merge_patients(recall.patient, stays, by=INTAKE)
    assert set(Notification.objects.values_list("patient", flat=True)) == {stays.pk}


def test_opening_a_recall_costs_few_queries(clock: Clock, patient: Patient) -> None:
    """Intake opens many: a check of the addresses, then planning adds addresses, consents and one insert."""
    exam = ExamFactory.create(patient=patient)
    with CaptureQueriesContext(connection) as queries:
        actions.open_recall(exam, by=INTAKE)
    about_messages = [q["sql"] for q in queries if "notifications_" in q["sql"] or "patients_" in q["sql"]]
    assert len(about_messages) == 4


def test_the_daily_reconcile_finds_what_no_event_told(clock: Clock, recall: Recall) -> None:
    Notification.objects.filter(recall=recall, kind=NotificationKind.PLEASE_CALL).delete()
    assert continue_daily_reconcile(5) == 1
    assert continue_daily_reconcile(5) == 0
    assert len(waiting_messages(recall)) == 4


def test_the_daily_reconcile_takes_a_fixed_number_of_queries(clock: Clock, shadyside: Site) -> None:
    counts = []
    for _ in range(2):
        RecallFactory.create_batch(4, site=shadyside)
        with CaptureQueriesContext(connection) as queries:
            _last, seen, mended = reconcile_chunk(0, {})
        assert mended == 0
        counts.append(len(queries))
    # One of them asks which recall of a patient speaks for all, another for the parts of visits.
    assert counts[0] == counts[1] <= 10
    assert seen == 8


def test_the_page_about_messages_shows_the_plan_as_it_is() -> None:
    page = (settings.BASE_DIR / "docs" / "messages.md").read_text(encoding="utf-8")
    table = page.partition("<!-- plan -->")[2].partition("<!-- end of plan -->")[0]
    rows = [f"| {rule.kind.label} | {rule.due_description} | {rule.expiry_description} |" for rule in PLAN]
    assert table.strip().splitlines()[2:] == rows


@pytest.mark.parametrize(
    ("visit", "channel", "reason"),
    [
        ("2026-11-16", Channel.LETTER, ""),  # six days ahead
        ("2026-11-13", Channel.EMAIL, StatusReason.NO_ADDRESS),  # printed today it would come too late
    ],
)
def test_a_letter_about_a_visit_is_printed_only_if_it_comes_before_the_visit(
    visit: str, channel: Channel, reason: str, clock: Clock, shadyside: Site, scheduler_ana: User
) -> None:
    recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, no_email=True))
    actions.book_appointment(recall, Slot(recall.site, at(visit, "10:30")), by=scheduler_ana)
    row = latest_notification(recall, NotificationKind.APPOINTMENT_CONFIRMATION)
    assert (row.channel, row.reason) == (channel, reason)
