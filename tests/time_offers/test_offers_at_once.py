"""Tests of earlier times where several act at one instant: one has the time, and whoever is passed over hears of it."""

from datetime import datetime, time, timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from clinic import calendar
from clinic.actors import PATIENT
from clinic.factories import get_site_staff
from clinic.models import Site
from notifications.enums import NotificationState
from notifications.models import Notification
from recalls import actions
from recalls.actions.time_offers import offer_earlier_times, take_earlier
from recalls.enums import OfferAnswer
from recalls.models import Appointment, EarlierOffer, Recall, Room, SlotPolicy
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.notifications.clock import waiting_messages
from tests.support.concurrency import locked_recall, run_concurrently

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_who_say_yes_at_once_are_one_visit_in_the_room(shadyside: Site) -> None:
    now = timezone.now()
    for hour in (9, 10):
        _wait_far_ahead(shadyside, hour)
    assert sum(run_concurrently(offer_earlier_times, offer_earlier_times)) == 2
    offers = EarlierOffer.objects.select_related("entry__appointment__recall__site", "room")
    run_concurrently(*(partial(take_earlier, offer, by=PATIENT) for offer in offers))
    assert sorted(EarlierOffer.objects.values_list("answer", flat=True)) == [OfferAnswer.LOST, OfferAnswer.TAKEN]
    assert Appointment.objects.filter(starts_at=offers[0].starts_at).count() == 1
    assert now < offers[0].starts_at


def test_who_is_being_moved_at_this_moment_is_offered_a_time_in_the_next_run_and_written_of_it(
    shadyside: Site,
) -> None:
    if not connection.features.has_select_for_update_skip_locked:
        pytest.skip("one writer waits for the other")
    recall = _wait_far_ahead(shadyside, 9)
    with locked_recall(recall):
        assert offer_earlier_times() == 0
    assert offer_earlier_times() == 1
    assert [line for line in waiting_messages(recall) if "earlier_offer" in line]


def test_who_was_being_moved_as_another_took_the_time_is_told_by_the_next_run(shadyside: Site) -> None:
    if not connection.features.has_select_for_update_skip_locked:
        pytest.skip("one writer waits for the other")
    near, far = _wait_far_ahead(shadyside, 9), _wait_far_ahead(shadyside, 10)
    assert offer_earlier_times() == 2
    Notification.objects.filter(kind="earlier_offer").update(
        state=NotificationState.ACCEPTED, accepted_at=timezone.now()
    )
    offers = EarlierOffer.objects.select_related("entry__appointment__recall__site", "room")
    with locked_recall(far):
        take_earlier(offers.get(entry__appointment__recall=near), by=PATIENT)
    assert not [line for line in waiting_messages(far) if "earlier_taken" in line]
    offer_earlier_times()
    assert [line for line in waiting_messages(far) if "earlier_taken" in line]


def _wait_far_ahead(site: Site, hour: int) -> Recall:
    """At a site that offers all its free times, in its one room."""
    SlotPolicy.objects.get_or_create(site=site, defaults={"offers_earlier": True, "offers_never_booked": True})
    room = Room.objects.filter(site=site).first() or RoomFactory.create(site=site)
    ana, recall = get_site_staff(site).scheduler, RecallFactory.create(site=site)
    actions.book_appointment(recall, actions.Slot(site, _open_hour(site, 20, hour), room=room), by=ana)
    actions.ask_earlier(recall, by=ana)
    return recall


def _open_hour(site: Site, days: int, hour: int) -> datetime:
    day = calendar.next_open_day(site, calendar.today(site) + timedelta(days=days))
    return calendar.instant(site, day, time(hour))
