"""A visit on a day that is shut, for whatever reason, is seen: on the day's list, at the recall, under closed days."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic import calendar
from clinic.factories import get_site_staff
from clinic.models import Closure, OpeningHours, Site, User
from recalls import actions
from recalls.actions import Slot
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, page_text

TUESDAY_MORNING = datetime(2026, 10, 6, 15, 0, tzinfo=UTC)
MONDAY = date(2026, 10, 12)  # Columbus Day: a holiday in some states, a working day in others
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_on_tuesday_morning")]


@pytest.fixture
def _on_tuesday_morning() -> Iterator[None]:
    with time_machine.travel(TUESDAY_MORNING, tick=False):
        yield


def _book(site: Site, day: date = MONDAY) -> Recall:
    recall = RecallFactory.create(site=site)
    slot = Slot(site, calendar.instant(site, day, time(11, 30)))
    actions.book_appointment(recall, slot, by=get_site_staff(site).scheduler)
    return recall


def _shut_mondays(site: Site) -> None:
    OpeningHours.objects.filter(site=site, weekday=OpeningHours.Weekday.MONDAY).delete()


def _make_it_a_holiday(site: Site) -> None:
    Site.objects.filter(pk=site.pk).update(subdivision="PA")


def _close_the_day(site: Site) -> None:
    Closure.objects.create(site=site, day=MONDAY)


@pytest.mark.parametrize("shut", [_shut_mondays, _make_it_a_holiday, _close_the_day])
def test_a_visit_on_a_day_shut_afterwards_is_pointed_out(
    shut: Callable[[Site], None], client_for: ClientFor, manager_mo: User, scheduler_ana: User, shadyside: Site
) -> None:
    Site.objects.filter(pk=shadyside.pk).update(subdivision="VT")  # Vermont works on that day
    recall = _book(Site.objects.get(pk=shadyside.pk))
    shut(shadyside)
    listed = client_for(manager_mo).get(reverse("close_day")).context["closed_with_appointments"]
    assert [(site.pk, day) for site, day, _words in listed] == [(shadyside.pk, MONDAY)]
    browser = client_for(scheduler_ana)
    assert "Closed that day" in page_text(browser.get(f"{reverse('appointments')}?day={MONDAY}"))
    assert "The clinic is closed on the day of this visit" in page_text(
        browser.get(reverse("recall", args=[recall.pk]))
    )


def test_a_visit_on_an_open_day_is_not_pointed_out(
    client_for: ClientFor, manager_mo: User, scheduler_ana: User, shadyside: Site
) -> None:
    recall = _book(shadyside, date(2026, 10, 13))
    assert not client_for(manager_mo).get(reverse("close_day")).context["closed_with_appointments"]
    browser: Client = client_for(scheduler_ana)
    assert "Closed that day" not in page_text(browser.get(f"{reverse('appointments')}?day=2026-10-13"))
    assert "The clinic is closed" not in page_text(browser.get(reverse("recall", args=[recall.pk])))
