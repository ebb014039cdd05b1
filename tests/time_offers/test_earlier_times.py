"""Tests of the earlier times that are offered to those who wait: to whom, in which order, and who has it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.actors import PATIENT
from clinic.factories import get_site_staff
from clinic.models import Closure, Site, User
from notifications.enums import NotificationState
from notifications.models import Notification
from recalls import actions
from recalls.actions.time_offers import offer_earlier_times, refuse_earlier, take_earlier
from recalls.actions.time_offers.upkeep import tend_held_slots
from recalls.enums import OfferAnswer, WorkItemKind
from recalls.models import Appointment, EarlierOffer, Recall, Room, SlotPolicy, WaitingListEntry
from recalls.permissions import StepRefused
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, client_for, page_text
from tests.notifications.clock import at, waiting_messages
from tests.portal.conftest import give_birth_date, make_link

__all__ = ["client_for"]
pytestmark = pytest.mark.django_db
Book = Callable[..., Recall]


@pytest.fixture
def policy(clock: time_machine.Traveller, shadyside: Site) -> SlotPolicy:
    return SlotPolicy.objects.create(site=shadyside, offers_earlier=True, offer_batch=2, offers_never_booked=True)


@pytest.fixture
def book(policy: SlotPolicy, room: Room, shadyside: Site) -> Book:
    """A visit at that day and hour, of a patient who would come earlier."""

    def make(day: str, hour: str, *, waits: bool = True, part: str = "", **traits: object) -> Recall:
        recall: Recall = RecallFactory.create(site=shadyside, **traits)
        ana = get_site_staff(shadyside).scheduler
        actions.book_appointment(recall, actions.Slot(shadyside, at(day, hour), room=room), by=ana)
        if waits:
            actions.ask_earlier(recall, part=part, by=ana)
        return recall

    return make


@pytest.fixture
def one_free(book: Book, room: Room, shadyside: Site) -> datetime:
    """Friday at ten is the only free hour before the 23rd."""
    for day in (13, 16, 17, 18, 19, 20):
        for hour in ("09:00", "10:00", "11:00"):
            if (day, hour) != (13, "10:00"):
                book(f"2026-11-{day}", hour, waits=False)
    Closure.objects.create(site=shadyside, day=at("2026-11-12").date())
    return at("2026-11-13", "10:00")


def offered() -> list[tuple[int, str]]:
    rows = EarlierOffer.objects.select_related("entry__appointment").order_by("pk")
    return [(offer.entry.appointment.recall_id, offer.answer) for offer in rows]


def test_a_free_time_goes_to_a_few_the_gravest_first_then_who_gains_most(book: Book, one_free: datetime) -> None:
    near, far = book("2026-11-23", "09:00"), book("2026-11-24", "09:00")
    grave = book("2026-11-23", "10:00", exam__assessment="5")
    assert offer_earlier_times() == 2
    assert offered() == [(grave.pk, ""), (far.pk, "")]
    assert EarlierOffer.objects.values_list("starts_at", "gain_days")[1] == (one_free, 11)
    assert offer_earlier_times() == 0
    assert near.pk not in [recall for recall, _answer in offered()]


def test_nothing_is_offered_within_the_notice_or_where_the_site_did_not_ask(
    book: Book, one_free: datetime, policy: SlotPolicy
) -> None:
    book("2026-11-23", "09:00")
    SlotPolicy.objects.update(offer_notice_hours=120)
    assert offer_earlier_times() == 0
    SlotPolicy.objects.update(offer_notice_hours=72, offers_earlier=False)
    assert offer_earlier_times() == 0


def test_who_cannot_come_then_is_not_asked(book: Book, one_free: datetime) -> None:
    book("2026-11-24", "09:00", part="afternoon")
    book("2026-11-24", "10:00", waits=False)
    assert offer_earlier_times() == 0


def test_the_first_yes_has_it_and_the_others_stay_and_are_told(book: Book, one_free: datetime) -> None:
    far, near = book("2026-11-24", "09:00"), book("2026-11-23", "09:00")
    offer_earlier_times()
    first, second = EarlierOffer.objects.select_related("entry__appointment__recall__site", "room").order_by("pk")
    Notification.objects.filter(kind="earlier_offer").update(
        state=NotificationState.ACCEPTED, accepted_at=timezone.now()
    )
    for _press in range(2):
        fresh = EarlierOffer.objects.select_related("entry__appointment__recall__site", "room").get(pk=second.pk)
        take_earlier(fresh, by=PATIENT)
    with pytest.raises(StepRefused):
        take_earlier(first, by=PATIENT)
    assert offered() == [(far.pk, OfferAnswer.LOST), (near.pk, OfferAnswer.TAKEN)]
    starts = {visit.recall_id: visit.starts_at for visit in Appointment.objects.filter(recall__in=[far, near])}
    assert starts == {near.pk: one_free, far.pk: at("2026-11-24", "09:00")}
    assert [line for line in waiting_messages(far) if "earlier_taken" in line]
    assert WaitingListEntry.objects.get(ended_at=None).appointment.recall == far


def test_a_no_or_no_answer_leads_to_the_next_who_wait(
    book: Book, one_free: datetime, clock: time_machine.Traveller
) -> None:
    nearest, *_others = (book("2026-11-23", hour) for hour in ("09:00", "10:00", "11:00"))
    assert offer_earlier_times() == 2
    refuse_earlier(EarlierOffer.objects.select_related("entry__appointment__recall__patient").latest("pk"))
    assert offer_earlier_times() == 0  # one of the two may still say yes
    SlotPolicy.objects.update(offer_notice_hours=24)
    clock.move_to(EarlierOffer.objects.earliest("pk").expires_at + timedelta(minutes=1))
    assert offer_earlier_times() == 1
    assert [recall for recall, answer in offered() if not answer] == [nearest.pk]


@pytest.mark.parametrize("change", ["moved", "cancelled", "closed_day", "booked_by_desk"])
def test_an_offer_that_is_true_no_more_moves_nobody(
    book: Book, one_free: datetime, room: Room, shadyside: Site, change: str
) -> None:
    recall, ana = book("2026-11-24", "09:00"), get_site_staff(shadyside).scheduler
    offer_earlier_times()
    if change == "moved":
        actions.reschedule(recall, actions.Slot(shadyside, at("2026-11-13", "09:00")), by=ana)
    elif change == "cancelled":
        actions.cancel_appointment(recall, by=ana)
    elif change == "closed_day":
        Closure.objects.create(site=shadyside, day=one_free.date())
    else:
        book("2026-11-13", "10:00", waits=False)
    before = list(Appointment.objects.filter(recall=recall).values_list("starts_at", "status"))
    offer = EarlierOffer.objects.select_related("entry__appointment__recall__site", "room").get()
    with pytest.raises(StepRefused):
        take_earlier(offer, by=PATIENT)
    assert list(Appointment.objects.filter(recall=recall).values_list("starts_at", "status")) == before


def test_who_is_written_in_another_language_is_called_and_not_written(book: Book, one_free: datetime) -> None:
    recall = book("2026-11-24", "09:00", patient__language="es")
    offer_earlier_times()
    assert not [line for line in waiting_messages(recall) if "earlier_offer" in line]
    item = recall.work_items.get(done_at=None)
    assert item.kind == WorkItemKind.UNDELIVERABLE_MESSAGE
    assert "An earlier time is free" in item.reason


def test_the_page_offers_it_and_one_press_takes_it(book: Book, one_free: datetime, client: Client) -> None:
    recall = book("2026-11-24", "09:00", waits=False)
    give_birth_date(client, make_link(recall.patient), recall.patient)
    assert "Tell me if an earlier time is free" in page_text(client.get("/my/"))
    client.post("/my/earlier/wait/")
    offer_earlier_times()
    assert "An earlier time is free" in page_text(client.get("/my/"))
    offer = EarlierOffer.objects.get()
    for _press in range(2):
        answer = client.post("/my/earlier/", {"offer": offer.pk, "answer": "yes"}, follow=True)
        assert "The earlier time is yours." in page_text(answer)
    assert Appointment.objects.get(recall=recall).starts_at == one_free


def test_another_patients_offer_cannot_be_taken(book: Book, one_free: datetime, client: Client) -> None:
    book("2026-11-24", "09:00")
    other = book("2026-11-24", "10:00", waits=False)
    offer_earlier_times()
    give_birth_date(client, make_link(other.patient), other.patient)
    client.post("/my/earlier/", {"offer": EarlierOffer.objects.get().pk, "answer": "yes"})
    assert Appointment.objects.get(recall=other).starts_at == at("2026-11-24", "10:00")


def test_the_ledger_counts_offers_days_gained_and_who_was_never_offered_one(
    book: Book, one_free: datetime, client_for: ClientFor, scheduler_ana: User
) -> None:
    for hour in ("09:00", "10:00", "11:00"):
        book("2026-11-23", hour)
    offer_earlier_times()
    take_earlier(
        EarlierOffer.objects.select_related("entry__appointment__recall__site", "room").latest("pk"), by=PATIENT
    )
    page = page_text(client_for(scheduler_ana).get(reverse("earlier_times")))
    assert "2 offers were made and 1 taken: 10 days gained. Of those who wait now, 1 were never offered a time." in page


def test_only_a_time_that_became_free_is_offered_unless_the_site_says_otherwise(
    book: Book, one_free: datetime, room: Room, shadyside: Site
) -> None:
    SlotPolicy.objects.update(offers_never_booked=False)
    ana = get_site_staff(shadyside).scheduler
    waits = book("2026-11-24", "09:00")
    assert offer_earlier_times() == 0  # Friday at ten was never booked
    leaves = Recall.objects.filter(appointments__starts_at=at("2026-11-17", "10:00")).get()
    actions.cancel_appointment(leaves, by=ana)
    assert offer_earlier_times() == 1
    assert EarlierOffer.objects.get().starts_at == at("2026-11-17", "10:00")
    refuse_earlier(EarlierOffer.objects.select_related("entry__appointment__recall__patient").get())
    moves = Recall.objects.filter(appointments__starts_at=at("2026-11-18", "11:00")).get()
    actions.reschedule(moves, actions.Slot(shadyside, at("2026-11-25", "09:00"), room=room), by=ana)
    assert offer_earlier_times() == 1
    assert EarlierOffer.objects.latest("pk").starts_at == at("2026-11-18", "11:00")
    assert offered() == [(waits.pk, OfferAnswer.NO), (waits.pk, "")]


@pytest.mark.parametrize("everything", [False, True])
def test_a_time_that_became_free_is_offered_as_it_was_off_the_grid_too(
    book: Book, room: Room, shadyside: Site, everything: bool
) -> None:
    """Visits in its room begin each half hour; a free time of that grid that overlaps it is not offered beside it."""
    SlotPolicy.objects.update(offers_never_booked=everything)
    Closure.objects.create(site=shadyside, day=at("2026-11-12").date())
    leaves = book("2026-11-13", "09:20", waits=False)
    first, second = book("2026-11-23", "09:00"), book("2026-11-23", "10:00")
    actions.cancel_appointment(leaves, by=get_site_staff(shadyside).scheduler)
    assert offer_earlier_times() == 2
    taken = at("2026-11-13", "09:20")
    assert set(EarlierOffer.objects.values_list("starts_at", flat=True)) == {taken}
    for offer in EarlierOffer.objects.select_related("entry__appointment__recall__site", "room"):
        if offer.entry.appointment.recall_id == second.pk:
            take_earlier(offer, by=PATIENT)
    starts = {visit.recall_id: visit.starts_at for visit in Appointment.objects.filter(recall__in=[first, second])}
    assert starts == {second.pk: taken, first.pk: at("2026-11-23", "09:00")}


@pytest.mark.parametrize(
    ("freed_at", "freed_minutes", "wanted_minutes", "offered_at"),
    [
        ("09:20", 90, 45, ["09:20", "10:05"]),  # a long one holds two, one after the other
        ("09:20", 30, 60, ["09:20"]),  # a short one begins a longer visit: nobody is there after it
        ("11:20", 30, 60, ["11:00"]),  # as it was it would end after the room is staffed; the grid has one around it
        ("09:20", 60, 60, ["09:20"]),
    ],
)
def test_a_freed_time_longer_or_shorter_than_a_visit_is_offered_where_the_visit_fits(
    book: Book, room: Room, shadyside: Site, freed_at: str, freed_minutes: int, wanted_minutes: int,
    offered_at: list[str],
) -> None:  # fmt: skip
    SlotPolicy.objects.update(offers_never_booked=False, offer_batch=1)
    leaves = book("2026-11-13", "10:00", waits=False)
    for hour in ("09:00", "10:00"):
        book("2026-11-23", hour)
    freed = at("2026-11-13", freed_at)
    Appointment.objects.filter(recall=leaves).update(starts_at=freed, length_minutes=freed_minutes)
    Appointment.objects.exclude(recall=leaves).update(length_minutes=wanted_minutes)
    actions.cancel_appointment(leaves, by=get_site_staff(shadyside).scheduler)
    offer_earlier_times()
    starts = EarlierOffer.objects.order_by("starts_at").values_list("starts_at", flat=True)
    assert list(starts) == [at("2026-11-13", hour) for hour in offered_at]


def test_a_freed_time_that_somebody_has_in_part_by_now_is_not_offered(book: Book, room: Room, shadyside: Site) -> None:
    """What is left of it is too short, and no room is overfilled."""
    SlotPolicy.objects.update(offers_never_booked=False)
    ana = get_site_staff(shadyside).scheduler
    leaves = book("2026-11-13", "09:20", waits=False)
    actions.cancel_appointment(leaves, by=ana)
    book("2026-11-23", "09:00")
    other: Recall = RecallFactory.create(site=shadyside)
    actions.book_appointment(other, actions.Slot(shadyside, at("2026-11-13", "10:10"), room=room), by=ana)
    assert offer_earlier_times() == 0


@pytest.mark.parametrize("end", ["declined", "died", "held_in_vain"])
def test_a_time_becomes_free_however_it_was_given_back(
    book: Book, one_free: datetime, room: Room, shadyside: Site, clock: time_machine.Traveller, end: str
) -> None:
    SlotPolicy.objects.update(offers_never_booked=False, offer_notice_hours=4)
    ana, waits = get_site_staff(shadyside).scheduler, book("2026-11-24", "09:00")
    leaves = Recall.objects.filter(appointments__starts_at=at("2026-11-19", "10:00")).get()
    if end == "declined":
        actions.decline(leaves, refusal=actions.RefusalInput("cost"), by=ana, note="Said no.")
    elif end == "died":
        actions.mark_deceased(leaves, by=ana, died_on=timezone.localdate(), note="The family called.")
    else:
        SlotPolicy.objects.update(holds_slots=True, holds_since=timezone.now(), hold_days=1)
        RecallFactory.create(site=shadyside)
        assert tend_held_slots()["held"] == 1
        assert offer_earlier_times() == 0
        clock.shift(timedelta(days=2))
        assert tend_held_slots()["ended"] == 1
    assert offer_earlier_times() == 1
    assert offered() == [(waits.pk, "")]


def test_a_move_by_the_desk_to_the_offered_time_counts_as_taken_by_phone(
    book: Book, one_free: datetime, room: Room, client_for: ClientFor, scheduler_ana: User
) -> None:
    far, near = book("2026-11-24", "09:00"), book("2026-11-23", "09:00")
    offer_earlier_times()
    Notification.objects.filter(kind="earlier_offer").update(
        state=NotificationState.ACCEPTED, accepted_at=timezone.now()
    )
    actions.reschedule(far, actions.Slot(far.site, one_free, room=room), by=scheduler_ana)
    assert offered() == [(far.pk, OfferAnswer.PHONE), (near.pk, OfferAnswer.LOST)]
    assert [line for line in waiting_messages(near) if "earlier_taken" in line]
    page = page_text(client_for(scheduler_ana).get(reverse("earlier_times")))
    assert "2 offers were made and 1 taken: 11 days gained." in page
    assert "Taken by phone" in page


def test_a_time_that_the_desk_gives_to_somebody_else_is_lost_to_all_who_were_asked(
    book: Book, one_free: datetime
) -> None:
    far, near = book("2026-11-24", "09:00"), book("2026-11-23", "09:00")
    offer_earlier_times()
    book("2026-11-13", "10:00", waits=False)
    assert offered() == [(far.pk, OfferAnswer.LOST), (near.pk, OfferAnswer.LOST)]
