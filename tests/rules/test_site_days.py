"""Tests that the day of a death, of a hold and of a birth is judged by the calendar of the site."""

from datetime import date, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError

from clinic.factories import SiteFactory, get_site_staff
from clinic.models import Site
from patients.actions import record_death
from patients.factories import PatientFactory
from portal.forms import BirthDateForm
from recalls.forms.bulk import BulkHoldForm, run_bulk_action
from recalls.testing.factories import RecallFactory
from recalls.workflow import STEPS_BY_NAME

pytestmark = pytest.mark.django_db

# An instant at which it is another day at the site than in UTC, and the day that it is at the site.
ZONES = [
    ("Pacific/Kiritimati", "2026-11-10T11:00:00Z", date(2026, 11, 11)),
    ("Australia/Sydney", "2026-11-10T21:00:00Z", date(2026, 11, 11)),
    ("Pacific/Honolulu", "2026-11-10T05:00:00Z", date(2026, 11, 9)),
    ("America/New_York", "2026-11-10T03:00:00Z", date(2026, 11, 9)),
]


@pytest.fixture(params=ZONES, ids=[zone for zone, _now, _today in ZONES])
def site_and_today(request: pytest.FixtureRequest) -> tuple[Site, str, date]:
    zone, now, today = request.param
    return SiteFactory.create(time_zone=zone), now, today


def test_a_death_of_today_is_recorded_and_one_of_tomorrow_is_not(site_and_today: tuple[Site, str, date]) -> None:
    site, now, today = site_and_today
    patient = PatientFactory.create(site=site)
    with time_machine.travel(now, tick=False):
        with pytest.raises(ValidationError):
            record_death(patient, today + timedelta(days=1), by=get_site_staff(site).manager)
        record_death(patient, today, by=get_site_staff(site).manager)
    assert patient.deceased_on == today


def test_nobody_was_born_tomorrow(site_and_today: tuple[Site, str, date]) -> None:
    site, now, today = site_and_today
    with time_machine.travel(now, tick=False):
        valid = [
            BirthDateForm({"month": day.month, "day": day.day, "year": day.year}, site=site).is_valid()
            for day in (today, today + timedelta(days=1))
        ]
    assert valid == [True, False]


def test_a_hold_of_many_ends_after_today_at_each_site(site_and_today: tuple[Site, str, date]) -> None:
    site, now, today = site_and_today
    step = STEPS_BY_NAME["hold"]
    with time_machine.travel(now, tick=False):
        recall, staff = RecallFactory.create(site=site), get_site_staff(site)
        refused = []
        for number, until in enumerate((today, today + timedelta(days=1))):
            form = BulkHoldForm(
                step, staff.scheduler, {"key": f"k{number}", "until": until.isoformat(), "note": "Away."}
            )
            lines = [] if not form.is_valid() else run_bulk_action(form, [recall], {recall.pk: 1}, staff.scheduler)
            refused.append(not any(line.refusal_reason == "" for line in lines))
    assert refused == [True, False]
