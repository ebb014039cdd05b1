"""Tests of the navigator's list: who opens it, whom it shows, its buttons, its queries; and the manager's figure."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import calendar
from clinic.models import Site, User
from recalls import actions
from recalls.enums.barriers import CaseEnd
from recalls.models import CaseMinutes, NavigatorCase, Recall
from recalls.testing.factories import RecallFactory
from reports.manager.navigator_minutes import count_case_minutes
from reports.manager.staff_work import Window
from tests.desk.conftest import ClientFor, page_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
URL = "/navigation/"


def press(browser: Client, recall: Recall, do: str, **typed: Any) -> str:
    sent = {"do": do, "key": f"k{do}{len(typed)}", **typed}
    return page_text(browser.post(reverse("navigator_case", args=[recall.pk]), sent, follow=True))


def test_a_navigator_takes_times_and_ends_a_case_from_the_list(
    client_for: ClientFor, navigator_nia: User, shadyside: Site
) -> None:
    recall, browser = RecallFactory.create(site=shadyside, barrier=True), client_for(navigator_nia)
    assert recall.patient.family_name in page_text(browser.get(URL))
    assert "The case is yours." in press(browser, recall, "take")
    assert "Nobody waits here" in page_text(browser.get(URL))
    for _press in range(2):  # pressed twice it counts once
        press(browser, recall, "minutes", minutes="10")
    press(browser, recall, "minutes", minutes="", other="7")
    assert "from 1 to 600" in press(browser, recall, "minutes", minutes="", other="900", why="barrier")
    assert list(CaseMinutes.objects.values_list("minutes", flat=True)) == [10, 7]
    press(browser, recall, "given_back")
    assert NavigatorCase.objects.get().end == CaseEnd.GIVEN_BACK
    assert recall.patient.family_name in page_text(browser.get(URL))


def test_on_a_page_gone_back_to_another_button_is_another_step(
    client_for: ClientFor, navigator_nia: User, shadyside: Site
) -> None:
    recall, browser = RecallFactory.create(site=shadyside, navigator_case=True), client_for(navigator_nia)
    for do, minutes in (("minutes", "5"), ("minutes", "10"), ("done", "")):
        press(browser, recall, do, minutes=minutes, key="8f6f2c1e-6a1b-4d6e-9a53-0c5f7f7f1a11")
    assert list(CaseMinutes.objects.values_list("minutes", flat=True)) == [5, 10]
    assert NavigatorCase.objects.get().end == CaseEnd.DONE


@pytest.mark.parametrize(
    ("why", "story"), [("barrier", "barrier"), ("calls", "three_attempts"), ("follow_up", "next_round")]
)
def test_each_reason_has_its_list(
    client_for: ClientFor, navigator_nia: User, shadyside: Site, foothills: Site, why: str, story: str
) -> None:
    here, plain = RecallFactory.create(site=shadyside, **{story: True}), RecallFactory.create(site=shadyside)
    elsewhere = RecallFactory.create(site=foothills, **{story: True})
    shown = client_for(navigator_nia).get(f"{URL}?why={why}").context["waiting"]
    assert [one.row.pk for one in shown] == [here.pk]
    assert {plain.pk, elsewhere.pk}.isdisjoint(one.row.pk for one in shown)


def test_who_is_past_the_target_stands_by_target(client_for: ClientFor, navigator_nia: User, shadyside: Site) -> None:
    RecallFactory.create(site=shadyside)
    late = [RecallFactory.create(site=shadyside, ladder_complete=True) for _ in range(2)]
    shown = client_for(navigator_nia).get(f"{URL}?why=late").context["waiting"]
    assert {one.row.pk for one in shown} == {recall.pk for recall in late}


def test_the_list_is_a_navigators_and_a_managers(
    client_for: ClientFor, scheduler_ana: User, manager_mo: User, navigator_nia: User, foothills: Site
) -> None:
    assert client_for(scheduler_ana).get(URL).status_code == 403
    assert client_for(manager_mo).get(URL).status_code == 200
    assert client_for(navigator_nia).get(f"{URL}?why=nothing").status_code == 404
    other = RecallFactory.create(site=foothills, barrier=True)
    answer = client_for(navigator_nia).post(reverse("navigator_case", args=[other.pk]), {"do": "take"})
    assert answer.status_code == 404


@pytest.mark.usefixtures("seen_once")
def test_it_asks_the_same_number_of_questions_however_many_there_are(
    client_for: ClientFor, navigator_nia: User, shadyside: Site
) -> None:
    browser, taken = client_for(navigator_nia), []
    for count in (1, 3):
        for _number in range(count):
            RecallFactory.create(site=shadyside, barrier=True)
            RecallFactory.create(site=shadyside, navigator_case=True)
        browser.get(URL)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(URL).status_code == 200
        taken.append(len(queries))
    assert taken[0] == taken[1]


def test_the_manager_sees_median_sum_and_number_by_reason(
    client_for: ClientFor, manager_mo: User, navigator_nia: User, shadyside: Site
) -> None:
    for spent in (10, 30, 20, None):
        recall = RecallFactory.create(site=shadyside, navigator_case=True)
        actions.end_case(recall, CaseEnd.DONE, spent, by=navigator_nia)
    over = RecallFactory.create(site=shadyside, navigator_case=True)
    actions.log_case_minutes(over, 100, by=navigator_nia)
    actions.decline(over, by=navigator_nia, note="Said no.")  # over with its recall
    window = Window.of(calendar.today(shadyside), is_week=True)
    rows = count_case_minutes([shadyside], window)
    assert [(row.ended, row.with_minutes, row.total, row.median) for row in rows] == [(5, 4, 160, 25)] * 2
    shown = page_text(client_for(manager_mo).get(f"{reverse('staff_work')}?by=week"))
    assert "Navigators' cases that ended" in shown
    assert "Median minutes" in shown
