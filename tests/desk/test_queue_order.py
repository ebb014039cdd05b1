"""The order of the queue, and what always stays in sight."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.models import Site, User
from recalls import actions
from recalls.actions import ContactAttemptInput
from recalls.enums import Assessment, ContactChannel, ContactResult, State, WorkItemKind
from recalls.models import Recall, RecallClaim
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, page_text

TUESDAY_MORNING = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_tuesday_morning")]


@pytest.fixture
def _tuesday_morning() -> Iterator[None]:
    with time_machine.travel(TUESDAY_MORNING, tick=False):
        yield


def _with(recall: Recall, **changed: object) -> Recall:
    Recall.objects.filter(pk=recall.pk).update(**changed)
    return recall


def _listed(browser: Client, part: str, address: str = "") -> list[int]:
    return [row.pk for row in browser.get(address or reverse("queue")).context[part]]


def test_due_recalls_are_ordered_by_time_to_target_then_by_risk(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    now = timezone.now()
    plenty, little, risky, tomorrow = RecallFactory.create_batch(4, site=shadyside)
    _with(plenty, due_at=now - timedelta(days=2), target_at=now + timedelta(days=6))
    _with(little, due_at=now - timedelta(hours=1), target_at=now + timedelta(days=1))
    _with(risky, due_at=now + timedelta(hours=1), target_at=now + timedelta(days=1), suspicious=True)
    _with(tomorrow, due_at=now + timedelta(days=1), target_at=now - timedelta(days=9))
    browser = client_for(scheduler_ana)
    assert _listed(browser, "due") == [risky.pk, little.pk, plenty.pk]
    assert _listed(browser, "not_due") == [tomorrow.pk]
    assert "result of 4 or 5" in page_text(browser.get(reverse("queue")))


def test_pages_follow_each_other_through_risk_and_from_due_to_not_due(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, foothills: Site
) -> None:
    scheduler_ana.sites.add(foothills)
    now, batch = timezone.now(), RecallFactory.create_batch(35, site=shadyside)
    batch += RecallFactory.create_batch(32, site=foothills)
    for number, recall in enumerate(batch):
        due, target = now + timedelta(days=number % 3 - 1), now + timedelta(days=number % 4)
        _with(recall, due_at=due, target_at=target, suspicious=number % 5 == 0)
    browser, address, seen = client_for(scheduler_ana), reverse("queue"), []
    while address:
        page = browser.get(address)
        seen += [row.pk for part in ("due", "not_due") for row in page.context[part]]
        address = page.context["next_page_url"]
    rows: dict[int, Any] = {recall.pk: Recall.objects.get(pk=recall.pk) for recall in batch}
    turn = {pk for pk in seen if rows[pk].due_at.astimezone(shadyside.zone).date() <= datetime(2026, 11, 24).date()}
    expected = sorted(turn, key=lambda pk: (rows[pk].target_at, not rows[pk].suspicious, pk))
    expected += sorted(set(rows) - turn, key=lambda pk: (rows[pk].due_at, pk))
    assert seen == expected


def test_patient_requests_come_first_whatever_the_state_of_the_recall(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    RecallFactory.create_batch(3, site=shadyside)
    asked = RecallFactory.create(site=shadyside, booked_ahead=True)
    item = actions.open_work_item(asked, WorkItemKind.PATIENT_REQUEST, "I need another time.")
    browser = client_for(scheduler_ana)
    page = browser.get(reverse("queue"))
    assert [row.pk for row in page.context["patient_requests"]] == [asked.pk]
    assert "Request on the patient's page: call the patient (I need another time.)" in page_text(page)
    assert _listed(browser, "patient_requests", f"{reverse('queue')}?why=no-phone") == [asked.pk]
    actions.finish_work_item(item, by=scheduler_ana)
    assert _listed(browser, "patient_requests") == []


def test_somebody_elses_patient_who_asked_is_not_shown(
    client_for: ClientFor, other_site_scheduler: User, shadyside: Site
) -> None:
    asked = RecallFactory.create(site=shadyside)
    actions.open_work_item(asked, WorkItemKind.PATIENT_REQUEST, "Please call me.")
    assert _listed(client_for(other_site_scheduler), "patient_requests") == []


def test_recalls_handled_today_stay_listed_with_the_step_taken(
    client_for: ClientFor, scheduler_ana: User, scheduler_bea: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    RecallFactory.create(site=shadyside)
    actions.decline(recall, by=scheduler_ana, note="Said no.")
    page = client_for(scheduler_ana).get(reverse("queue"))
    assert [row.pk for row in page.context["handled_today"]] == [recall.pk]
    assert "Done: Patient declines, 10:00 am" in page_text(page)
    assert _listed(client_for(scheduler_bea), "handled_today") == []
    with time_machine.travel(TUESDAY_MORNING + timedelta(days=1), tick=False):
        assert _listed(client_for(scheduler_ana), "handled_today") == []


def test_a_recall_called_and_due_again_today_is_marked_in_its_row(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    again = timezone.now() + timedelta(hours=3)
    contact = ContactAttemptInput(ContactChannel.PHONE, ContactResult.NO_ANSWER, next_try_at=again)
    actions.log_contact(recall, contact, by=scheduler_ana)
    page = client_for(scheduler_ana).get(reverse("queue"))
    assert [row.pk for row in page.context["due"]] == [recall.pk]
    assert page.context["handled_today"] == []
    assert "✓ Log a contact, 10:00 am" in page_text(page)


def test_the_row_shows_other_users_who_has_the_recall_open(
    client_for: ClientFor, scheduler_ana: User, scheduler_bea: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    opened = timezone.now() - timedelta(minutes=2)
    RecallClaim.objects.create(recall=recall, user=scheduler_bea, claimed_at=opened, last_seen_at=timezone.now())
    assert "open at Bea Example-Scheduler, 2 min" in page_text(client_for(scheduler_ana).get(reverse("queue")))
    assert "open at" not in page_text(client_for(scheduler_bea).get(reverse("queue")))
    with time_machine.travel(TUESDAY_MORNING + timedelta(minutes=10), tick=False):
        assert "open at" not in page_text(client_for(scheduler_ana).get(reverse("queue")))


def test_the_order_of_another_queue_is_the_same(client_for: ClientFor, navigator_nia: User, shadyside: Site) -> None:
    calm = RecallFactory.create(site=shadyside, attended=True)
    risky = RecallFactory.create(site=shadyside, attended=True, exam__assessment=Assessment.SUSPICIOUS_B)
    now = timezone.now()
    for recall in (calm, risky):
        _with(recall, due_at=now, target_at=now)
    address = reverse("queue_state", args=[State.AWAITING_OUTCOME])
    assert _listed(client_for(navigator_nia), "due", address) == [risky.pk, calm.pk]
