"""A clinic that works on a public holiday is open on it: times are offered, and nobody is told that it is shut."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

import pytest
import time_machine
from django.urls import reverse

from clinic import calendar
from clinic.models import Closure, Site, User
from recalls import actions
from recalls.actions import Slot
from recalls.actions.visit_day.close_day import close_day
from recalls.testing.factories import RecallFactory
from site_setup.agreements import fetch_sites
from tests.desk.conftest import ClientFor, client_for, page_text

__all__ = ["client_for"]
pytestmark = pytest.mark.django_db
THANKSGIVING = date(2026, 11, 26)


@pytest.fixture(autouse=True)
def _two_days_before() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 24, 15, tzinfo=UTC), tick=False):
        yield


def _is_open(site: Site) -> bool:
    return calendar.is_open_day(fetch_sites([site.pk])[site.pk], THANKSGIVING)


def test_one_press_opens_a_public_holiday_and_another_closes_it_after_all(
    client_for: ClientFor, administrator_ada: User, scheduler_ana: User, shadyside: Site
) -> None:
    ada, page = client_for(administrator_ada), reverse("setup_closed_days")
    assert not _is_open(shadyside)
    ada.post(reverse("setup_work_holiday"), {"day": str(THANKSGIVING)})
    assert _is_open(shadyside)
    assert "Closed after all" in page_text(ada.get(page))
    site = fetch_sites([shadyside.pk])[shadyside.pk]
    slot = Slot(site, calendar.instant(site, THANKSGIVING, time(10)))
    recall = RecallFactory.create(site=shadyside)
    actions.book_appointment(recall, slot, by=scheduler_ana)
    exception = Closure.objects.get(site=shadyside, day=THANKSGIVING)
    asked = ada.post(reverse("setup_reopen_day", args=[exception.pk]))
    assert str(recall.patient) in page_text(asked)  # it asks first: a visit is booked
    assert _is_open(shadyside)


def test_a_worked_holiday_may_be_closed_like_any_day(shadyside: Site) -> None:
    Closure.objects.create(site=shadyside, day=THANKSGIVING, is_worked=True)
    assert close_day(shadyside, THANKSGIVING, "Storm")
    assert not _is_open(shadyside)


def test_no_other_day_is_opened_by_that_button(client_for: ClientFor, administrator_ada: User, shadyside: Site) -> None:
    for day in ("2026-11-25", "2026-13-01", ""):
        answer = client_for(administrator_ada).post(reverse("setup_work_holiday"), {"day": day})
        assert answer.status_code == 404
    assert not Closure.objects.exists()
