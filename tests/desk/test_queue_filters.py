"""Each filter shows its own recalls and their number; views can be saved."""

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
from patients.actions import mark_contact_unusable
from patients.factories import PatientFactory
from patients.models import ContactPoint
from recalls import actions
from recalls.kept_facts import upkeep
from recalls.models import Recall, SavedView
from recalls.selectors.queue_filters import FilterReason
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.desk.conftest import ClientFor, page_text

pytestmark = pytest.mark.django_db


def _bounced(site: Site, desk: User) -> Recall:
    recall: Recall = RecallFactory.create(site=site)
    mark_contact_unusable(recall.patient.contact_points.get(kind="email"), ContactPoint.UnusableReason.BOUNCED, by=desk)
    return recall


def _letter(site: Site, desk: User) -> Recall:
    recall: Recall = RecallFactory.create(site=site, left_message=True)
    actions.ask_letter(recall, by=desk)
    return recall


def _past_target(site: Site, desk: User) -> Recall:
    """Its next try is planned and lies ahead; the visit should have been by now."""
    recall: Recall = RecallFactory.create(site=site)
    Recall.objects.filter(pk=recall.pk).update(target_at=timezone.now() - timedelta(hours=1))
    return recall


def _scenario(**wanted: object) -> Callable[[Site, User], Recall]:
    return lambda site, _desk: RecallFactory.create(site=site, **wanted)


def _patient(**wanted: object) -> Callable[[Site, User], Recall]:
    return lambda site, _desk: RecallFactory.create(patient=PatientFactory.create(site=site, **wanted))


RECALL_BY_FILTER: dict[FilterReason, Callable[[Site, User], Recall]] = {
    FilterReason.CALL_NOW: _scenario(ladder_complete=True),
    FilterReason.READY_TO_BOOK: _scenario(ready_to_book=True),
    FilterReason.NO_PHONE: _patient(no_phone=True),
    FilterReason.MANY_CALLS: _scenario(three_attempts=True),
    FilterReason.PRIORS: _scenario(priors_requested=True),
    FilterReason.BOUNCED: _bounced,
    FilterReason.OPTED_OUT: _patient(email_opted_out=True),
    FilterReason.INTERPRETER: _patient(interpreter_needed=True),
    FilterReason.LETTER_TO_PRINT: _letter,
    FilterReason.PAST_TARGET: _past_target,
}
# A patient whom none of the filters above means, save that it is their turn.
_ORDINARY = _scenario()


def _shown(browser: Client, address: str) -> set[int]:
    page = browser.get(address)
    return {row.pk for part in ("due", "for_signer", "not_due") for row in page.context[part]}


def _count(browser: Client, label: str, address: str = "") -> int | None:
    page = browser.get(address or reverse("queue"))
    links = [
        *page.context["primary_links"],
        *page.context["target_links"],
        *page.context["stuck_links"],
        *page.context["language_links"],
    ]
    return next((link.count for link in links if str(link.label) == label), 0)


def test_every_filter_has_a_recall_here_that_it_means() -> None:
    assert {*RECALL_BY_FILTER, FilterReason.NO_SLOT} == set(FilterReason), "a new filter needs a recall above"


@pytest.mark.parametrize("why", list(RECALL_BY_FILTER))
def test_a_filter_shows_those_it_means_and_counts_them(
    why: FilterReason, client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    others = [
        make(shadyside, scheduler_ana)
        for name, make in RECALL_BY_FILTER.items()
        if name not in (why, FilterReason.CALL_NOW)
    ]
    meant, browser = RECALL_BY_FILTER[why](shadyside, scheduler_ana), client_for(scheduler_ana)
    shown = _shown(browser, f"{reverse('queue')}?why={why}")
    assert meant.pk in shown
    assert _count(browser, str(why.label)) == len(shown)
    if why != FilterReason.CALL_NOW:
        also = {other.pk for other in others if why == FilterReason.MANY_CALLS and other.contact_attempts.count() >= 3}
        if why == FilterReason.PAST_TARGET:
            also = {other.pk for other in others if other.target_at and other.target_at < timezone.now()}
        assert shown == {meant.pk} | also


def test_no_slot_means_those_whose_target_lies_before_the_next_free_time(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, foothills: Site, time_machine: TimeMachineFixture
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
    browser, address = client_for(scheduler_ana), f"{reverse('queue')}?why=no-slot"
    assert _shown(browser, address) == set(), "where a site has no rooms, nobody knows what is free"
    cache.clear()
    RoomFactory.create(site=shadyside, hours=(time(8), time(9)))  # free tomorrow at 8 again
    assert _shown(browser, address) == {stuck.pk}
    assert _count(browser, str(FilterReason.NO_SLOT.label)) == 1
    rows = {
        row.pk: row.next_action
        for row in [*browser.get(address).context["due"], *browser.get(address).context["not_due"]]
    }
    assert rows[stuck.pk] == "First call: no free time before the target day"


def test_the_next_free_time_is_asked_for_at_no_query_of_its_own(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    room = RoomFactory.create(site=shadyside)
    booked = RecallFactory.create_batch(2, site=shadyside, booked=True)
    for number, recall in enumerate(booked):
        at = timezone.now() + timedelta(days=1, hours=number)
        recall.appointments.update(room=room, starts_at=at)
    browser = client_for(scheduler_ana)
    browser.get(reverse("queue"))
    cache.clear()
    with CaptureQueriesContext(connection) as asked:
        browser.get(reverse("queue"))
    with CaptureQueriesContext(connection) as again:
        browser.get(reverse("queue"))
    assert len(asked) == len(again) <= 9


def test_mine_are_those_the_user_took_on(
    client_for: ClientFor, scheduler_ana: User, scheduler_bea: User, shadyside: Site
) -> None:
    mine, theirs = RecallFactory.create_batch(2, site=shadyside)
    actions.take_on(mine, by=scheduler_ana)
    actions.take_on(theirs, by=scheduler_bea)
    browser = client_for(scheduler_ana)
    assert _shown(browser, f"{reverse('queue')}?mine=1") == {mine.pk}
    assert _count(browser, "Assigned to me") == 1


def test_filters_narrow_each_other_and_a_second_click_takes_one_away(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    patient = PatientFactory.create(site=shadyside, no_phone=True, language="es")
    spanish = RecallFactory.create(patient=patient)
    RecallFactory.create(patient=PatientFactory.create(site=shadyside, no_phone=True))
    RecallFactory.create(patient=PatientFactory.create(site=shadyside, spanish_speaker=True))
    browser, address = client_for(scheduler_ana), f"{reverse('queue')}?why=no-phone&language=es"
    assert _shown(browser, address) == {spanish.pk}
    page = browser.get(address)
    current = {str(link.label): link.url for link in page.context["language_links"] if link.is_current}
    assert current == {"Spanish": f"{reverse('queue')}?why=no-phone"}
    assert "No phone that works: Spanish" in page_text(page)


@pytest.mark.parametrize("query", ["why=rich", "site=x", "site=999999"])
def test_a_filter_nobody_knows_is_not_found(query: str, client_for: ClientFor, scheduler_ana: User) -> None:
    assert client_for(scheduler_ana).get(f"{reverse('queue')}?{query}").status_code == 404


def test_an_empty_list_says_whether_the_filters_emptied_it(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    assert "Nobody fits these filters." in page_text(client_for(scheduler_ana).get(f"{reverse('queue')}?why=tried"))


def test_a_number_follows_each_change_at_once(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    browser, label = client_for(scheduler_ana), str(FilterReason.READY_TO_BOOK.label)
    RecallFactory.create(site=shadyside)
    assert _count(browser, label) == 0
    RecallFactory.create(site=shadyside, ready_to_book=True)
    assert _count(browser, label) == 1
    upkeep.sum_count_lines()
    assert _count(browser, label) == 1
    RecallFactory.create(site=shadyside, ready_to_book=True)
    assert _count(browser, label) == 2


def test_a_user_saves_a_view_under_a_name_and_deletes_it(
    client_for: ClientFor, scheduler_ana: User, scheduler_bea: User, shadyside: Site
) -> None:
    browser = client_for(scheduler_ana)
    asked = {"name": "Spanish, no phone", "state": "to_contact", "query": "why=no-phone&language=es"}
    answer = browser.post(reverse("saved_view_create"), asked)
    assert answer.headers["Location"] == f"{reverse('queue')}?why=no-phone&language=es"
    page = browser.get(answer.headers["Location"])
    assert [(str(link.label), link.is_current) for link, _delete in page.context["saved_view_links"]] == [
        ("Spanish, no phone", True)
    ]
    assert client_for(scheduler_bea).get(reverse("queue")).context["saved_view_links"] == []
    view = SavedView.objects.get()
    assert client_for(scheduler_bea).post(reverse("saved_view_delete", args=[view.pk])).status_code == 404
    browser.post(reverse("saved_view_delete", args=[view.pk]))
    assert not SavedView.objects.exists()


def test_two_views_of_one_user_do_not_share_a_name(client_for: ClientFor, scheduler_ana: User) -> None:
    browser, asked = client_for(scheduler_ana), {"name": "Mine", "state": "to_contact", "query": "mine=1"}
    browser.post(reverse("saved_view_create"), asked)
    answer = browser.post(reverse("saved_view_create"), asked, follow=True)
    assert "You have a view of this name already." in page_text(answer)
    assert SavedView.objects.count() == 1


def test_a_view_keeps_no_filter_that_does_not_exist(client_for: ClientFor, scheduler_ana: User) -> None:
    asked = {"name": "Odd", "state": "to_contact", "query": "why=rich"}
    assert client_for(scheduler_ana).post(reverse("saved_view_create"), asked).status_code == 404
    assert not SavedView.objects.exists()
