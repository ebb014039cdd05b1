"""Does each filter show those it names and no others, does its number say how many, and may a person keep a view?"""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from time_machine import TimeMachineFixture

from clinic.models import Site, User
from patients.actions import mark_unusable
from patients.factories import PatientFactory
from patients.models import ContactPoint
from recalls import actions, counts
from recalls.factories import RecallFactory, RoomFactory
from recalls.filters import Why
from recalls.models import Recall, SavedView
from tests.desk.conftest import SignIn, words

pytestmark = pytest.mark.django_db


def _bounced(site: Site, desk: User) -> Recall:
    recall: Recall = RecallFactory.create(site=site)
    mark_unusable(recall.patient.contact_points.get(kind="email"), ContactPoint.Unusable.BOUNCED, by=desk)
    return recall


def _letter(site: Site, desk: User) -> Recall:
    recall: Recall = RecallFactory.create(site=site, left_message=True)
    actions.ask_letter(recall, by=desk)
    return recall


def _story(**wanted: object) -> Callable[[Site, User], Recall]:
    return lambda site, _desk: RecallFactory.create(site=site, **wanted)


def _patient(**wanted: object) -> Callable[[Site, User], Recall]:
    return lambda site, _desk: RecallFactory.create(patient=PatientFactory.create(site=site, **wanted))


WHO: dict[Why, Callable[[Site, User], Recall]] = {
    Why.CALL: _story(ladder_complete=True),
    Why.BOOK: _story(ready_to_book=True),
    Why.NO_PHONE: _patient(no_phone=True),
    Why.TRIED: _story(three_attempts=True),
    Why.PRIORS: _story(priors_requested=True),
    Why.BOUNCED: _bounced,
    Why.OPTED_OUT: _patient(email_opted_out=True),
    Why.INTERPRETER: _patient(interpreter_needed=True),
    Why.LETTER: _letter,
}
# A patient whom none of the filters above means, save that it is her turn.
_ORDINARY = _story()


def _shown(browser: Client, address: str) -> set[int]:
    page = browser.get(address)
    return {row.pk for part in ("due", "later") for row in page.context[part]}


def _number(browser: Client, label: str, address: str = "") -> int | None:
    page = browser.get(address or reverse("queue"))
    links = [*page.context["first_links"], *page.context["stuck_links"], *page.context["language_links"]]
    return next((link.count for link in links if str(link.label) == label), 0)


@pytest.mark.parametrize("why", list(WHO))
def test_a_filter_shows_those_it_means_and_counts_them(
    why: Why, at_desk: SignIn, scheduler_ana: User, shadyside: Site
) -> None:
    others = [make(shadyside, scheduler_ana) for name, make in WHO.items() if name not in (why, Why.CALL)]
    meant, browser = WHO[why](shadyside, scheduler_ana), at_desk(scheduler_ana)
    shown = _shown(browser, f"{reverse('queue')}?why={why}")
    assert meant.pk in shown
    assert _number(browser, str(why.label)) == len(shown)
    if why != Why.CALL:
        also = {other.pk for other in others if why == Why.TRIED and other.contact_attempts.count() >= 3}
        assert shown == {meant.pk} | also


def test_no_slot_means_those_whose_target_lies_before_the_next_free_time(
    at_desk: SignIn, scheduler_ana: User, shadyside: Site, foothills: Site, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(datetime(2026, 11, 23, 15, 0, tzinfo=UTC), tick=False)  # Monday, 10 am in Pittsburgh
    scheduler_ana.sites.add(foothills)
    now = timezone.now()
    stuck, later, late, elsewhere = (
        RecallFactory.create(site=site) for site in (shadyside, shadyside, shadyside, foothills)
    )
    targets = {stuck: timedelta(hours=3), later: timedelta(days=3), late: -timedelta(days=1)}
    for recall, ahead in (targets | {elsewhere: timedelta(hours=3)}).items():
        Recall.objects.filter(pk=recall.pk).update(target_at=now + ahead)
    browser, address = at_desk(scheduler_ana), f"{reverse('queue')}?why=no-slot"
    assert _shown(browser, address) == set(), "where a site has no rooms, nobody knows what is free"
    cache.clear()
    RoomFactory.create(site=shadyside, hours=(time(8), time(9)))  # free tomorrow at 8 again
    assert _shown(browser, address) == {stuck.pk}
    assert _number(browser, str(Why.NO_SLOT.label)) == 1
    rows = {row.pk: row.why for row in [*browser.get(address).context["due"], *browser.get(address).context["later"]]}
    assert rows[stuck.pk] == "First call: no free time before the target day"


def test_the_next_free_time_is_asked_for_at_no_query_of_its_own(
    at_desk: SignIn, scheduler_ana: User, shadyside: Site
) -> None:
    room = RoomFactory.create(site=shadyside)
    booked = RecallFactory.create_batch(2, site=shadyside, booked=True)
    for number, recall in enumerate(booked):
        at = timezone.now() + timedelta(days=1, hours=number)
        recall.appointments.update(room=room, starts_at=at)
    browser = at_desk(scheduler_ana)
    browser.get(reverse("queue"))
    cache.clear()
    with CaptureQueriesContext(connection) as asked:
        browser.get(reverse("queue"))
    with CaptureQueriesContext(connection) as again:
        browser.get(reverse("queue"))
    assert len(asked) == len(again) <= 8


def test_mine_are_those_she_took_on(at_desk: SignIn, scheduler_ana: User, scheduler_bea: User, shadyside: Site) -> None:
    mine, hers = RecallFactory.create_batch(2, site=shadyside)
    actions.take_on(mine, by=scheduler_ana)
    actions.take_on(hers, by=scheduler_bea)
    browser = at_desk(scheduler_ana)
    assert _shown(browser, f"{reverse('queue')}?mine=1") == {mine.pk}
    assert _number(browser, "Mine") == 1


def test_filters_narrow_each_other_and_a_second_click_takes_one_away(
    at_desk: SignIn, scheduler_ana: User, shadyside: Site
) -> None:
    patient = PatientFactory.create(site=shadyside, no_phone=True, language="es")
    spanish = RecallFactory.create(patient=patient)
    RecallFactory.create(patient=PatientFactory.create(site=shadyside, no_phone=True))
    RecallFactory.create(patient=PatientFactory.create(site=shadyside, spanish_speaker=True))
    browser, address = at_desk(scheduler_ana), f"{reverse('queue')}?why=no-phone&language=es"
    assert _shown(browser, address) == {spanish.pk}
    page = browser.get(address)
    current = {str(link.label): link.url for link in page.context["language_links"] if link.is_current}
    assert current == {"Spanish": f"{reverse('queue')}?why=no-phone"}
    assert "No phone that works: Spanish" in words(page)


@pytest.mark.parametrize("query", ["why=rich", "site=x", "site=999999"])
def test_a_filter_nobody_knows_is_not_found(query: str, at_desk: SignIn, scheduler_ana: User) -> None:
    assert at_desk(scheduler_ana).get(f"{reverse('queue')}?{query}").status_code == 404


def test_an_empty_list_says_whether_the_filters_emptied_it(
    at_desk: SignIn, scheduler_ana: User, shadyside: Site
) -> None:
    assert "Nobody fits these filters." in words(at_desk(scheduler_ana).get(f"{reverse('queue')}?why=tried"))


def test_a_large_clinic_counts_once_in_some_seconds_and_a_small_one_each_time(
    at_desk: SignIn, scheduler_ana: User, shadyside: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, label = at_desk(scheduler_ana), str(Why.BOOK.label)
    RecallFactory.create(site=shadyside)
    assert _number(browser, label) == 0
    RecallFactory.create(site=shadyside, ready_to_book=True)
    assert _number(browser, label) == 1
    monkeypatch.setattr(counts, "MANY", 1)
    assert _number(browser, label) == 1
    RecallFactory.create(site=shadyside, ready_to_book=True)
    assert _number(browser, label) == 1
    cache.clear()
    assert _number(browser, label) == 2


def test_she_keeps_a_view_under_a_name_and_deletes_it(
    at_desk: SignIn, scheduler_ana: User, scheduler_bea: User, shadyside: Site
) -> None:
    browser = at_desk(scheduler_ana)
    asked = {"name": "Spanish, no phone", "state": "to_contact", "query": "why=no-phone&language=es"}
    answer = browser.post(reverse("view_save"), asked)
    assert answer.headers["Location"] == f"{reverse('queue')}?why=no-phone&language=es"
    page = browser.get(answer.headers["Location"])
    assert [(str(link.label), link.is_current) for link, _delete in page.context["saved_links"]] == [
        ("Spanish, no phone", True)
    ]
    assert at_desk(scheduler_bea).get(reverse("queue")).context["saved_links"] == []
    view = SavedView.objects.get()
    assert at_desk(scheduler_bea).post(reverse("view_delete", args=[view.pk])).status_code == 404
    browser.post(reverse("view_delete", args=[view.pk]))
    assert not SavedView.objects.exists()


def test_two_views_of_hers_do_not_bear_one_name(at_desk: SignIn, scheduler_ana: User) -> None:
    browser, asked = at_desk(scheduler_ana), {"name": "Mine", "state": "to_contact", "query": "mine=1"}
    browser.post(reverse("view_save"), asked)
    answer = browser.post(reverse("view_save"), asked, follow=True)
    assert "You have a view of this name already." in words(answer)
    assert SavedView.objects.count() == 1


def test_a_view_keeps_no_filter_that_does_not_exist(at_desk: SignIn, scheduler_ana: User) -> None:
    asked = {"name": "Odd", "state": "to_contact", "query": "why=rich"}
    assert at_desk(scheduler_ana).post(reverse("view_save"), asked).status_code == 404
    assert not SavedView.objects.exists()
