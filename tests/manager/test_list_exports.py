"""Holds that every list is to be had as a CSV file: narrowed as its page, at one's own sites, with a reason."""

import csv
import re
from datetime import time, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinic import calendar
from clinic.factories import get_site_staff
from clinic.models import AccessLog, Site, User
from desk.list_exports import get_list_exports
from exchange.models import Hl7Message
from notifications.models import Notification
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import Slot
from recalls.enums import WorkItemKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from reports.models import ExportLog
from tests.support.admin_pages import signed_in_client

pytestmark = pytest.mark.django_db

# The list pages of the staff, and the name under which each is taken.
PAGES = {
    "recalls/queue": "queue",
    "recalls/worklist": "worklist",
    "recalls/appointments": "appointments",
    "recalls/earlier_times": "earlier-times",
    "recalls/work_items": "work",
    "recalls/supplemental": "supplemental",
    "recalls/report_requests": "report-requests",
    "notifications/message_list": "messages",
    "notifications/letter_list": "letters",
    "notifications/lay_summary_list": "lay-summaries",
    "exchange/parked_rows": "parked-rows",
    "exchange/hl7_messages": "hl7-messages",
    "exchange/uploads": "uploads",
    "reports/export_log": "files-taken",
}
NAMES = sorted(get_list_exports())


def take(user: User, name: str, query: str = "", **changes: str) -> str:
    asked = {"reason": "Weekly meeting", **changes}
    answer = signed_in_client(user).post(f"{reverse('list_export', args=[name])}{query}", asked)
    assert answer.status_code == 200
    return answer.getvalue().decode()


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.removeprefix("\ufeff").splitlines()))


def make_a_day(site: Site) -> Recall:
    """A recall with a visit tomorrow or on the next open day, its messages, a task and a HL7 message."""
    recall = RecallFactory.create(site=site, patient=PatientFactory.create(site=site, family_name="=Sample-Elm"))
    day = calendar.next_open_day(site, calendar.local_day(site, timezone.now()) + timedelta(days=1))
    visit = Slot(site, calendar.instant(site, day, time(10)))
    actions.book_appointment(recall, visit, by=get_site_staff(site).scheduler)
    actions.open_work_item(recall, WorkItemKind.INTERPRETER, "Ask once more")
    Hl7Message.objects.create(
        key=f"k{recall.pk}", digest="d", raw=b"MSH|", source="mllp", state="parked", site=site, recall=recall,
        patient=recall.patient, control_id="C1",
    )  # fmt: skip
    return recall


def test_each_list_page_has_a_link_to_its_file_and_each_file_is_registered() -> None:
    for template, name in PAGES.items():
        page = Path(settings.BASE_DIR, "templates", f"{template}.html").read_text("utf-8")
        assert re.search(rf'{{% export_link "{name}"[^%]*%}}', page), template
    assert set(PAGES.values()) | {"patients", "access-log"} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_list_is_taken_with_a_reason_by_managers_alone_and_each_taking_is_on_record(
    name: str, manager_mo: User, scheduler_ana: User, shadyside: Site
) -> None:
    recall = make_a_day(shadyside)
    page = reverse("list_export", args=[name])
    assert signed_in_client(scheduler_ana).get(page).status_code == 403
    assert signed_in_client(scheduler_ana).post(page, {"reason": "Because"}).status_code == 403
    refused = signed_in_client(manager_mo).post(page, {})
    assert refused.status_code == 422
    assert "Say why the file is needed" in refused.content.decode()
    assert not ExportLog.objects.exists()
    text = take(manager_mo, name, for_excel="on")
    assert text.startswith("\ufeff")
    assert tuple(rows_of(text)[0] if rows_of(text) else get_list_exports()[name].columns) == tuple(
        get_list_exports()[name].columns
    )
    log = ExportLog.objects.get()
    assert (log.name, log.reason, log.user) == (name, "Weekly meeting", manager_mo)
    if recall.patient.mrn in text:
        assert AccessLog.objects.filter(page=f"CSV file {name}", patient_id=recall.patient_id).exists()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_another_site_is_in_a_list(
    name: str, manager_mo: User, foothills: Site, other_site_scheduler: User
) -> None:
    recall = make_a_day(foothills)
    Notification.objects.filter(recall=recall).update(channel="letter", state="to_print")
    text = take(manager_mo, name)
    assert foothills.code not in text
    assert recall.patient.mrn not in text


def test_a_name_that_a_spreadsheet_would_run_is_defused(manager_mo: User, shadyside: Site, scheduler_ana: User) -> None:
    recall = make_a_day(shadyside)
    day = calendar.local_day(shadyside, recall.appointments.get().starts_at)
    (visit,) = rows_of(take(manager_mo, "appointments", f"?day={day}"))
    assert (visit["mrn"], visit["patient"]) == (recall.patient.mrn, "'=Sample-Elm, Testa")


def test_a_list_is_narrowed_as_its_page_is(manager_mo: User, shadyside: Site, scheduler_ana: User) -> None:
    booked, fresh = make_a_day(shadyside), RecallFactory.create(site=shadyside)
    day = calendar.local_day(shadyside, booked.appointments.get().starts_at)
    far = day + timedelta(days=30)
    assert len(rows_of(take(manager_mo, "appointments", "?when=tomorrow"))) == 1
    assert rows_of(take(manager_mo, "appointments", f"?day={far}")) == []
    assert [row["recall"] for row in rows_of(take(manager_mo, "queue"))] == [str(fresh.pk)]
    assert [row["recall"] for row in rows_of(take(manager_mo, "queue", "?state=scheduled"))] == [str(booked.pk)]
    assert [row["kind"] for row in rows_of(take(manager_mo, "work", "?kind=interpreter"))] == ["interpreter"]
    assert rows_of(take(manager_mo, "work", "?kind=interpreter&owner=mine")) == []
    assert {row["recall"] for row in rows_of(take(manager_mo, "messages", f"?recall={fresh.pk}"))} == {str(fresh.pk)}
    assert rows_of(take(manager_mo, "messages", "?state=undelivered")) == []
    assert len(rows_of(take(manager_mo, "hl7-messages"))) == 1
    assert rows_of(take(manager_mo, "hl7-messages", "?state=applied")) == []


@pytest.mark.parametrize("query", ["?state=nowhere", "?kind=nothing", "?day=yesterday"])
def test_a_filter_that_the_page_does_not_know_is_refused(manager_mo: User, query: str) -> None:
    name = {"?s": "messages", "?k": "work", "?d": "appointments"}[query[:2]]
    page = f"{reverse('list_export', args=[name])}{query}"
    assert signed_in_client(manager_mo).post(page, {"reason": "Because"}).status_code == 404
    assert not ExportLog.objects.exists()


def test_the_link_stands_on_the_page_for_those_who_may_take_it_with_the_filters(
    manager_mo: User, scheduler_ana: User, shadyside: Site
) -> None:
    page = f"{reverse('work_items')}?kind=interpreter&after=x"
    address = f"{reverse('list_export', args=['work'])}?kind=interpreter"
    assert f'href="{address}"' in signed_in_client(manager_mo).get(page).content.decode()
    assert "CSV file of this list" not in signed_in_client(scheduler_ana).get(page).content.decode()


@pytest.mark.parametrize("name", NAMES)
def test_the_number_of_queries_does_not_grow_with_the_rows(
    name: str, manager_mo: User, shadyside: Site, scheduler_ana: User
) -> None:
    make_a_day(shadyside)
    RecallFactory.create(site=shadyside)
    counts = []
    for _more in range(2):
        with CaptureQueriesContext(connection) as queries:
            take(manager_mo, name)
        counts.append(len(queries))
        RecallFactory.create_batch(3, site=shadyside)
    assert counts[1] <= counts[0]
