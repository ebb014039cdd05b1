"""The page of messages to come: by day, narrowed, and the same as the preview of the day says."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinic.models import AccessLog, Site, User
from notifications.enums import Channel, NotificationKind, NotificationState, StatusReason
from notifications.models import Notification
from notifications.planning import coming_messages
from patients.factories import PatientFactory, ReferringProviderFactory
from patients.models import Patient
from recalls import actions
from recalls.models import Recall
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.desk.conftest import page_text
from tests.notifications.clock import Clock

pytestmark = pytest.mark.django_db
NEXT_DAY = "2026-11-16"


@pytest.fixture
def desk(scheduler_ana: User) -> User:
    return scheduler_ana


def _page(user: User, query: str = "", **asked: Any) -> Any:
    """In a session of its own: the clock of these tests runs past the end of any other."""
    browser = Client()
    browser.force_login(user)
    return browser.get(reverse("messages_coming") + query, asked or None)


def _rows(user: User, **asked: Any) -> list[Any]:
    return list(_page(user, **asked).context["rows"])


def _ask_for_priors(patient: Patient, count: int, by: User) -> list[Recall]:
    recalls = [RecallFactory.create(patient=patient, awaiting_priors=True) for _ in range(count)]
    for recall in recalls:
        actions.request_priors(recall, by=by, note="Asked Hillside Sample Clinic.")
    return recalls


def test_the_page_and_the_command_say_the_same(clock: Clock, patient: Patient, scheduler_ana: User, desk: User) -> None:
    clock.move_to("2026-11-15", "18:30")
    _ask_for_priors(patient, 3, scheduler_ana)
    said = StringIO()
    call_command("preview_messages", site="SHADY", stdout=said)
    named = {reverse("recall", args=[recall.pk]): str(recall) for recall in Recall.objects.all()}
    shown = [
        f"  8:00 am  {named[row.recall_url]}  {row.title}  "
        + (f"not sent: {row.blocked_reason}" if row.blocked_reason else row.channel_label)
        for row in _rows(desk, day=NEXT_DAY)
    ]
    assert shown == said.getvalue().splitlines()[1:]
    assert sum("not sent" in line for line in shown) == 1, "the third waits for the day after"


def test_who_is_shown_is_named_at_the_own_sites_alone_and_is_in_the_access_log(
    clock: Clock, recall: Recall, desk: User, foothills: Site, scheduler_ana: User
) -> None:
    clock.run_until("2026-11-15")
    elsewhere = RecallFactory.create(site=foothills)
    rows = _rows(desk)
    assert {row.name for row in rows} == {recall.patient.full_name}
    seen = AccessLog.objects.filter(user=scheduler_ana, page="messages_to_come").values_list("patient_id", flat=True)
    assert set(seen) == {recall.patient_id} != {elsewhere.patient_id}
    assert _page(desk, site=foothills.pk).status_code == 404


def test_a_message_is_found_by_kind_delivery_and_day(
    clock: Clock, patient: Patient, scheduler_ana: User, desk: User, shadyside: Site
) -> None:
    clock.move_to("2026-11-15", "18:30")
    _ask_for_priors(patient, 1, scheduler_ana)
    RecallFactory.create(patient=PatientFactory.create(site=shadyside, no_email=True))
    assert {row.title for row in _rows(desk, kind="priors_wait")} == {NotificationKind.PRIORS_WAIT.label}
    assert {row.channel_label for row in _rows(desk, channel="letter", day=NEXT_DAY)} == {Channel.LETTER.label}
    assert _rows(desk, day="2026-11-14") == []
    for wrong in ({"kind": "x"}, {"channel": "pigeon"}, {"day": "soon"}, {"day": "9999-12-31"}, {"site": "0"}):
        assert _page(desk, **wrong).status_code == 404


def test_a_message_that_is_overdue_stands_first_today_with_the_hour_in_which_it_may_leave(
    clock: Clock, patient: Patient, scheduler_ana: User, desk: User
) -> None:
    clock.move_to("2026-11-15", "18:30")
    _ask_for_priors(patient, 1, scheduler_ana)
    clock.move_to(NEXT_DAY, "10:15")
    assert "10:15 am" in str(_rows(desk)[0].leaves_at)
    assert "10:15 am" in str(_rows(desk, day=NEXT_DAY)[0].leaves_at)


def test_one_held_back_says_why_and_one_to_the_doctor_says_to_whom(clock: Clock, shadyside: Site, desk: User) -> None:
    clock.move_to("2026-11-15", "18:30")
    RecallFactory.create(patient=PatientFactory.create(site=shadyside, no_email=True, address_line=""))
    referrer = ReferringProviderFactory.create(name="Dr. Referra Example", email="referrer@example.com")
    RecallFactory.create(exam=ExamFactory.create(patient=PatientFactory.create(site=shadyside), referrer=referrer))
    page = page_text(_page(desk))
    assert str(StatusReason.NO_ADDRESS.label) in page
    assert "To Dr. Referra Example" in page


def test_stopping_is_offered_to_whoever_may_and_for_what_may_still_be_stopped(
    clock: Clock, recall: Recall, desk: User, administrator_ada: User
) -> None:
    row = next(row for row in _rows(desk) if not row.blocked_reason)
    assert row.may_be_stopped
    assert row.message_url in page_text(_page(desk))
    seen = _rows(administrator_ada)
    assert seen
    assert not any(one.may_be_stopped for one in seen)
    assert row.message_url not in page_text(_page(administrator_ada))


def test_radiologists_have_no_such_page(radiologist_rao: User) -> None:
    assert _page(radiologist_rao).status_code == 403


def test_every_message_stands_on_one_page_and_a_page_takes_the_same_number_of_queries(
    clock: Clock, shadyside: Site, desk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.move_to("2026-11-15", "18:30")
    for _ in range(3):
        RecallFactory.create(site=shadyside)
    counts = [_count_queries(desk)]
    for _ in range(4):
        RecallFactory.create(site=shadyside, awaiting_priors=True)
        RecallFactory.create(site=shadyside)
    counts.append(_count_queries(desk))
    assert counts[0] == counts[1] <= 16
    monkeypatch.setattr(coming_messages, "PAGE_SIZE", 2)
    context = _page(desk).context
    seen = [row.message_url for row in context["rows"]]
    while context["next_page_url"]:
        context = _page(desk, context["next_page_url"]).context
        seen += [row.message_url for row in context["rows"]]
    waiting = Notification.objects.filter(state=NotificationState.PLANNED, due_at__gte=timezone.now())
    assert sorted(seen) == sorted(reverse("message", args=[row.pk]) for row in waiting)


def _count_queries(desk: User) -> int:
    browser = Client()
    browser.force_login(desk)
    browser.get(reverse("messages_coming"))  # the first request of a session also writes when it was last seen
    with CaptureQueriesContext(connection) as taken:
        browser.get(reverse("messages_coming"))
    return len(taken)
