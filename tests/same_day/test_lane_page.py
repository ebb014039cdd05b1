"""Tests of the same-day lane on the pages: the panel of a recall, the day's list, the note, the board."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clinic import calendar
from clinic.models import Site, User
from recalls import actions
from recalls.actions.same_day.upkeep import tend_lanes
from recalls.enums import State
from recalls.models import LaneDay, LanePolicy, LaneTime, Recall, ScreeningExam
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor
from tests.same_day.conftest import page_words

pytestmark = pytest.mark.django_db

ASK = "The patient may still be here: offer the same-day lane."


def recalled_today(site: Site, assessment: str = "0-AI") -> Recall:
    recall: Recall = RecallFactory.create(
        site=site, exam__assessment=assessment, exam__exam_date=calendar.today(site), patient__language="es"
    )
    return recall


def press(browser: Client, recall: Recall, answer: str) -> str:
    """A button of the panel, as the page sends it; what the page says afterwards."""
    page = browser.get(reverse("recall", args=[recall.pk])).text
    form = re.search(r'<form class="take-lane.*?</form>', page, re.DOTALL)
    assert form
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0]))
    values = re.findall(r'name="answer" value="([^"]+)"', form[0])
    chosen = next(value for value in values if value.startswith(answer))
    return page_words(browser.post(reverse("lane_answer", args=[recall.pk]), fields | {"answer": chosen}, follow=True))


def test_the_desk_is_asked_to_offer_the_lane_and_one_press_books_it(
    policy: LanePolicy, shadyside: Site, client_for: ClientFor, scheduler_ana: User
) -> None:
    tend_lanes()
    recall, browser = recalled_today(shadyside), client_for(scheduler_ana)
    page = page_words(browser.get(reverse("recall", args=[recall.pk])))
    assert ASK in page
    assert "screened today" in page
    assert "Podemos tomar más imágenes hoy a las 10:30 a.m., si usted quiere. También" in page
    room = str(LaneTime.objects.values_list("room", flat=True)[0])
    assert "Booked: Mon 9 Nov, 10:30 am, Mammo 1." in press(browser, recall, room)
    recall.refresh_from_db()
    assert recall.state == State.SCHEDULED
    assert ASK not in page_words(browser.get(reverse("recall", args=[recall.pk])))


def test_a_no_is_written_down_and_nobody_is_asked_again(
    policy: LanePolicy, shadyside: Site, client_for: ClientFor, scheduler_ana: User
) -> None:
    tend_lanes()
    recall, browser = recalled_today(shadyside), client_for(scheduler_ana)
    page = press(browser, recall, "declined")
    assert "Written down. The patient is called as usual." in page
    assert "the patient prefers another day" in page
    assert ASK not in page


def test_a_radiologist_sees_it_and_the_desk_books(
    policy: LanePolicy, shadyside: Site, client_for: ClientFor, radiologist_rao: User
) -> None:
    tend_lanes()
    recall, browser = recalled_today(shadyside), client_for(radiologist_rao)
    page = browser.get(reverse("recall", args=[recall.pk]))
    assert ASK in page_words(page)
    assert "Free: 10:30 am, Mammo 1. The desk books it." in page_words(page)
    assert "@2026" not in page.text.split('class="take-lane', 1)[1].split("</form>", 1)[0]
    assert "the patient has left" in press(browser, recall, "left")


def test_without_the_lane_or_after_the_hour_nothing_is_asked(
    policy: LanePolicy, shadyside: Site, client_for: ClientFor, scheduler_ana: User, clock: time_machine.Traveller
) -> None:
    recall, browser = recalled_today(shadyside), client_for(scheduler_ana)
    assert "No time of today" in page_words(browser.get(reverse("recall", args=[recall.pk])))
    clock.shift(timedelta(minutes=61))
    browser = client_for(scheduler_ana)  # the session has ended meanwhile
    assert ASK not in page_words(browser.get(reverse("recall", args=[recall.pk])))
    LanePolicy.objects.update(is_on=False)
    assert "No site of yours keeps a same-day lane." in page_words(browser.get(reverse("lane")))


def test_the_lanes_page_lists_who_may_still_be_there_todays_times_and_the_next_days(
    policy: LanePolicy, shadyside: Site, foothills: Site, client_for: ClientFor, scheduler_ana: User
) -> None:
    LanePolicy.objects.create(site=foothills, is_on=True)
    tend_lanes()
    grave, elsewhere = recalled_today(shadyside, "5"), recalled_today(foothills)
    page = page_words(client_for(scheduler_ana).get(reverse("lane")))
    assert str(grave.patient) in page
    assert "result of 4 or 5" in page
    assert str(elsewhere.patient) not in page
    assert "10:30 am" in page
    assert "Tue 10 Nov" in page


def test_the_lanes_page_lists_nobody_for_longer_than_their_site_says(
    policy: LanePolicy, shadyside: Site, client_for: ClientFor, scheduler_ana: User, clock: time_machine.Traveller
) -> None:
    tend_lanes()
    left = recalled_today(shadyside)
    clock.shift(timedelta(minutes=61))
    waits = recalled_today(shadyside)
    page = page_words(client_for(scheduler_ana).get(reverse("lane")))
    assert str(waits.patient) in page
    assert str(left.patient) not in page


def test_the_desk_notes_a_days_list_and_nobody_that_of_another_site(
    policy: LanePolicy, shadyside: Site, foothills: Site, client_for: ClientFor, scheduler_ana: User
) -> None:
    browser, other = client_for(scheduler_ana), LanePolicy.objects.create(site=foothills, is_on=True)
    address = reverse("lane_day", args=[shadyside.pk, "2026-11-10"])
    refused = page_words(browser.post(address, {"screens": 3, "first_screens": 9}))
    assert refused.count("more than all screenings") == 1
    assert browser.post(address, {"screens": 30, "first_screens": 9}).status_code == 302
    noted = LaneDay.objects.get(site=shadyside)
    assert (noted.screens, noted.first_screens, noted.long_gaps, noted.forecast_at) == (30, 9, 0, None)
    assert browser.get(reverse("lane_day", args=[other.site_id, "2026-11-10"])).status_code == 404
    assert browser.get(reverse("lane_day", args=[shadyside.pk, "2027-11-10"])).status_code == 404


def test_the_board_counts_uptake_and_unused_minutes(
    policy: LanePolicy, shadyside: Site, client_for: ClientFor, scheduler_ana: User, manager_mo: User,
    clock: time_machine.Traveller,
) -> None:  # fmt: skip
    tend_lanes()
    browser = client_for(scheduler_ana)
    press(browser, recalled_today(shadyside), str(LaneTime.objects.values_list("room", flat=True)[0]))
    press(browser, recalled_today(shadyside), "declined")
    clock.shift(timedelta(hours=8))
    tend_lanes()
    page = page_words(client_for(manager_mo).get(reverse("board")))
    assert "1 Patients who took a time of the lane" in page
    assert "1 Asked, and preferred another day" in page
    assert "180 Minutes kept for the lane" in page
    assert "120 Of these, minutes in which nobody was in the room" in page


MARK = "May still be here: same-day lane"


def test_the_queue_marks_who_may_still_be_here_in_as_many_queries_as_before(
    policy: LanePolicy, shadyside: Site, client_for: ClientFor, scheduler_ana: User, clock: time_machine.Traveller,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    browser = client_for(scheduler_ana)
    yesterday = calendar.today(shadyside) - timedelta(days=1)
    other = RecallFactory.create(site=shadyside, exam__exam_date=yesterday)
    LanePolicy.objects.update(is_on=False)
    browser.get(reverse("queue"))
    with CaptureQueriesContext(connection) as without:
        assert MARK not in page_words(browser.get(reverse("queue")))
    LanePolicy.objects.update(is_on=True)
    here = [recalled_today(shadyside), recalled_today(shadyside), recalled_today(shadyside, "5")]
    with django_assert_num_queries(len(without)):
        page = browser.get(reverse("queue")).text
    marked = re.findall(rf'href="{reverse("recall", args=[0])[:-2]}(\d+).*?</tr>', page, re.DOTALL)
    rows = re.findall(r"<tr.*?</tr>", page, re.DOTALL)
    assert len(marked) == 4
    assert sum(MARK in row for row in rows) == 3
    assert not any(MARK in row and f"/{other.pk}/" in row for row in rows)
    assert f'<a class="row-mark" href="{reverse("lane")}">' in page
    press(browser, here[0], "declined")
    actions.mark_deceased(here[1], by=scheduler_ana, note="Told by the family.", died_on=calendar.today(shadyside))
    clock.shift(timedelta(minutes=59))
    assert page_words(client_for(scheduler_ana).get(reverse("queue"))).count(MARK) == 1
    clock.shift(timedelta(minutes=2))
    assert MARK not in page_words(client_for(scheduler_ana).get(reverse("queue")))


def test_the_worklist_marks_a_case_whose_patient_may_still_be_here(
    policy: LanePolicy, shadyside: Site, client_for: ClientFor, radiologist_rao: User
) -> None:
    here, other = recalled_today(shadyside), recalled_today(shadyside)
    Recall.objects.filter(pk__in=[here.pk, other.pk]).update(to_read_at=timezone.now())
    ScreeningExam.objects.filter(pk=other.exam_id).update(exam_date=calendar.today(shadyside) - timedelta(days=1))
    assert page_words(client_for(radiologist_rao).get(reverse("worklist"))).count(MARK) == 1
