"""Tests of the page of missed visits: what it shows of a fit, why it is off, who may look."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from clinic import calendar
from clinic.models import Site, User
from recalls.models import NoShowFit, ReminderCallPolicy
from recalls.no_show.features import FEATURES, name_coefficients
from tests.desk.conftest import ClientFor
from tests.same_day.conftest import page_words

pytestmark = pytest.mark.django_db

GROUPS = [{"visits": 50, "expected": 0.02 * number, "missed": 0.021 * number} for number in range(1, 11)]
HELD = {
    "groups": GROUPS,
    "languages": [
        {"language": "en", "visits": 440, "expected": 0.11, "missed": 0.112},
        {"language": "", "visits": 19, "expected": 0.1, "missed": 0.0},
    ],
    "error": 0.08,
    "error_of_average": 0.1,
}


def fitted(site: Site, visits: int = 500, missed: int = 60) -> NoShowFit:
    day = calendar.today(site)
    named = name_coefficients([-2.0, *[0.5] * len(FEATURES)])
    row: NoShowFit = NoShowFit.objects.create(
        site=site, at=timezone.now(), first_on=day, last_on=day, visits=visits, missed=missed, coefficients=named,
        calibration=HELD,
    )  # fmt: skip
    return row


def test_a_manager_sees_expected_beside_missed_in_ten_groups_and_by_language_with_numbers(
    policy: ReminderCallPolicy, shadyside: Site, client_for: ClientFor, manager_mo: User
) -> None:
    fitted(shadyside)
    answer = client_for(manager_mo).get(reverse("missed_visits"))
    marked = set(re.findall(r'aria-current="page"[^>]*>([^<]+)<', answer.text))
    assert marked == {"Missed visits"}, "the page of the lists, below which it stands, is another one"
    page = page_words(answer)
    assert "In use: it decides who is called before a visit, and nothing else." in page
    assert "500 visits" in page
    assert "10 of 10 50 20.0 21.0" in page
    assert "other languages together 19 10.0 0.0" in page
    assert "Missed visits before, up to three 0.500" in page


def test_the_page_says_why_it_is_off(
    policy: ReminderCallPolicy, shadyside: Site, client_for: ClientFor, manager_mo: User
) -> None:
    browser = client_for(manager_mo)
    assert "Off: nothing has been fitted yet." in page_words(browser.get(reverse("missed_visits")))
    fitted(shadyside, visits=120, missed=10)
    few = "Off: too few visits are known: 120 of 200 visits, 10 of 50 missed ones."
    assert few in page_words(browser.get(reverse("missed_visits")))
    ReminderCallPolicy.objects.update(is_on=False)
    assert "Off: the site has not turned it on." in page_words(browser.get(reverse("missed_visits")))


def test_only_managers_see_it_and_only_their_own_sites(
    policy: ReminderCallPolicy, shadyside: Site, foothills: Site, client_for: ClientFor, manager_mo: User,
    scheduler_ana: User,
) -> None:  # fmt: skip
    fitted(foothills)
    assert "500 visits" not in page_words(client_for(manager_mo).get(reverse("missed_visits")))
    assert client_for(scheduler_ana).get(reverse("missed_visits")).status_code == 403
