"""Plays a recall from its result to a kept date by phone, page, text and letter; a freed slot; a barrier to its end."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic import calendar
from clinic.factories import get_site_staff
from clinic.models import Site, User
from notifications.enums import Channel, NotificationKind, NotificationState
from notifications.inbound.sms_replies import handle_sms_reply
from notifications.models import Notification
from patients.models import ContactPoint
from recalls import actions
from recalls.actions.time_offers.upkeep import tend_held_slots
from recalls.enums import OfferAnswer, State, VisitKind
from recalls.enums.barriers import BarrierKind
from recalls.models import (
    Appointment,
    Barrier,
    BarrierResource,
    EarlierOffer,
    HeldSlot,
    Recall,
    Room,
    SlotPolicy,
    WorkItem,
)
from recalls.scheduling import slots
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.browser.conftest import axe_violations, has_horizontal_scroll
from tests.portal.conftest import make_link

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]
OpenPage = Callable[[Recall], Page]
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "java_script_enabled": False}


@pytest.fixture
def room(shadyside: Site) -> Room:
    SlotPolicy.objects.create(site=shadyside, holds_slots=True, self_booking=True, offers_earlier=True)
    made: Room = RoomFactory.create(site=shadyside)
    return made


@pytest.fixture
def open_page(browser: Browser, live_server: LiveServer) -> Iterator[OpenPage]:
    """The patient's page on a phone without scripts, opened by link and birth date."""
    contexts = []

    def open_for(recall: Recall) -> Page:
        contexts.append(browser.new_context(**PHONE))
        page, born = contexts[-1].new_page(), recall.patient.birth_date
        page.goto(live_server.url + make_link(recall.patient))
        for label, number in (("Month", born.month), ("Day", born.day), ("Year", born.year)):
            page.get_by_label(label, exact=True).fill(str(number))
        page.get_by_role("button", name="Show my page").click()
        return page

    yield open_for
    for context in contexts:
        context.close()


def held_for(site: Site, **fields: Any) -> Recall:
    """A recall just opened by a result, with a time held for it."""
    recall: Recall = RecallFactory.create(site=site, **fields)
    tend_held_slots()
    assert HeldSlot.objects.standing(timezone.now()).filter(recall=recall).exists()
    return recall


def take_by_phone(page: Page, url: str, recall: Recall) -> None:
    """The caller's script opens with the held time, and one key takes it."""
    page.goto(f"{url}{reverse('recall', args=[recall.pk])}")
    expect(page.get_by_text("Held for this patient:")).to_be_visible()
    expect(page.get_by_text("Does that suit you?")).to_be_visible()
    page.keyboard.press("t")
    page.wait_for_url(lambda where: f"/recalls/{recall.pk}/" not in where)


def come_to_visit(page: Page, url: str, recall: Recall) -> None:
    """The booked time is the held one; the desk marks the patient as come, and the date is kept."""
    assert Appointment.objects.get(recall=recall).starts_at == HeldSlot.objects.get(recall=recall).starts_at
    page.goto(f"{url}{reverse('step', args=[recall.pk, 'mark_attended'])}")
    page.locator("input[name=came_early]").check()
    page.get_by_role("button", name="Patient came").click()
    page.wait_for_load_state()
    recall.refresh_from_db()
    assert recall.state == State.AWAITING_OUTCOME


def test_by_phone_one_key_takes_the_held_time_and_the_date_is_kept(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall, page = held_for(shadyside), sign_in(scheduler_ana)
    take_by_phone(page, live_server.url, recall)
    assert recall.events.get(step="book_appointment").by == scheduler_ana.get_full_name()
    come_to_visit(page, live_server.url, recall)


def test_by_the_patients_page_one_tap_keeps_it(
    sign_in: SignIn, open_page: OpenPage, live_server: LiveServer, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = held_for(shadyside)
    phone = open_page(recall)
    phone.get_by_role("button", name="Keep this time").click()
    expect(phone.get_by_text("Your visit is booked.")).to_be_visible()
    assert recall.events.get(step="book_appointment").by == "patient"
    come_to_visit(sign_in(scheduler_ana), live_server.url, recall)


def test_by_text_message_the_answer_1_keeps_it(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = held_for(shadyside, patient__text_messages=True)
    row = Notification.objects.get(recall=recall, kind=NotificationKind.HELD_TIME)
    row.channel, row.state, row.accepted_at = Channel.SMS, NotificationState.ACCEPTED, timezone.now()
    row.save()
    handle_sms_reply(recall.patient.contact_points.get(kind=ContactPoint.Kind.MOBILE).value, "1 please")
    page = sign_in(scheduler_ana)
    page.goto(f"{live_server.url}{reverse('recall', args=[recall.pk])}")
    expect(page.get_by_text("Kept by text message.").first).to_be_visible()
    come_to_visit(page, live_server.url, recall)


def test_by_letter_the_printed_date_is_kept_with_a_call(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    SlotPolicy.objects.update(notice_hours=300)  # post takes days, and no letter names a day that it would miss
    recall = RecallFactory.create(site=shadyside, patient__no_email=True)
    Recall.objects.update(target_at=timezone.now() + timedelta(days=30))
    tend_held_slots()
    letter = Notification.objects.get(recall=recall, kind=NotificationKind.HELD_TIME)
    assert letter.channel == Channel.LETTER
    page, local = sign_in(scheduler_ana), HeldSlot.objects.get().starts_at.astimezone(shadyside.zone)
    page.goto(f"{live_server.url}{reverse('message', args=[letter.pk])}")
    printed = page.locator("main").inner_text()
    for said in (f"{local:%A}, {local:%B} {local.day}", "It is not booked yet."):
        assert said in printed
    page.locator("input[name=q]").first.fill(recall.patient.mrn)  # the patient calls and is found by what they say
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/**")
    expect(page.get_by_role("link", name=recall.patient.family_name).first).to_be_visible()
    take_by_phone(page, live_server.url, recall)
    come_to_visit(page, live_server.url, recall)


def test_a_freed_time_goes_through_the_chain_to_a_booking(
    sign_in: SignIn, open_page: OpenPage, live_server: LiveServer, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    notice = timezone.now() + timedelta(hours=73)
    free = slots.iter_free_slots(shadyside, [room], 60, calendar.local_day(shadyside, notice), 14, timezone.now())
    early = next(one for one in free if one.starts_at >= notice)
    room.hours.update(opens=early.starts_at.astimezone(shadyside.zone).time())
    end = (early.starts_at + timedelta(hours=1)).astimezone(shadyside.zone).time()
    room.hours.update(closes=end)  # one visit a day: what is freed is all there is
    late = next(one for one in slots.iter_free_slots(
        shadyside, [Room.objects.get()], 60, calendar.local_day(shadyside, early.starts_at) + timedelta(days=1), 7,
        timezone.now(),
    ))  # fmt: skip
    first, waits = (RecallFactory.create(site=shadyside) for _ in range(2))
    for recall, one in ((first, early), (waits, late)):
        slot = actions.Slot(shadyside, one.starts_at, VisitKind.DIAGNOSTIC, room=Room.objects.get())
        actions.book_appointment(recall, slot, by=get_site_staff(shadyside).scheduler)
    phone = open_page(waits)
    phone.get_by_role("button", name="Tell me if an earlier time is free").click()
    assert actions.offer_earlier_times() == 0
    page = sign_in(scheduler_ana)
    page.goto(f"{live_server.url}{reverse('step', args=[first.pk, 'cancel_appointment'])}")
    page.get_by_role("button", name="Cancel visit").click()
    page.wait_for_load_state()
    assert actions.offer_earlier_times() == 1
    phone.reload()
    expect(phone.get_by_text("An earlier time is free")).to_be_visible()
    phone.get_by_role("button", name="Take the earlier time").click()
    expect(phone.get_by_text("The earlier time is yours.")).to_be_visible()
    assert Appointment.objects.get(recall=waits).starts_at == early.starts_at
    assert EarlierOffer.objects.get().answer == OfferAnswer.TAKEN
    page.goto(f"{live_server.url}{reverse('earlier_times')}")
    expect(page.get_by_text("Taken").first).to_be_visible()


def test_a_cancelled_visit_with_a_barrier_is_helped_to_its_closed_task(
    sign_in: SignIn, open_page: OpenPage, live_server: LiveServer, scheduler_ana: User, navigator_nia: User,
    shadyside: Site, room: Room,
) -> None:  # fmt: skip
    BarrierResource.objects.create(
        site=shadyside, kind=BarrierKind.RIDE, language="en", text="We can send you a taxi.", phone="+14125550188",
        reviewer="Dr. Sample", reviewed_on=calendar.today(shadyside),
    )  # fmt: skip
    recall = held_for(shadyside)
    phone = open_page(recall)
    phone.get_by_role("button", name="Keep this time").click()
    phone.get_by_role("link", name="I cannot come").click()
    phone.get_by_label("I have no ride").check()
    phone.get_by_role("button", name="Cancel my visit").click()
    expect(phone.get_by_text("We can send you a taxi.")).to_be_visible()
    assert not has_horizontal_scroll(phone)
    page = sign_in(navigator_nia)
    page.goto(f"{live_server.url}{reverse('navigator_list')}")
    page.get_by_role("button", name=re.compile("^Take")).click()
    expect(page.get_by_text("The case is yours.")).to_be_visible()
    assert axe_violations(page) == []
    page.get_by_role("button", name=re.compile(r"^\+15")).click()
    page.get_by_role("link", name=re.compile("^Help")).click()
    page.get_by_label("We can send you a taxi.").check()
    page.get_by_label("Solved", exact=True).check()
    page.set_viewport_size({"width": 360, "height": 740})
    assert not has_horizontal_scroll(page)
    page.get_by_role("button", name="Help with a barrier").click()
    expect(page.get_by_text("The barrier is closed: Solved.")).to_be_visible()
    assert not Barrier.objects.unsettled().exists()
    assert not WorkItem.objects.filter(done_at=None).exists()
    page.goto(f"{live_server.url}{reverse('navigator_list')}")
    assert not has_horizontal_scroll(page)
    page.get_by_role("button", name=re.compile("^Done")).click()
    expect(page.get_by_text("The case is done.")).to_be_visible()
    assert recall.navigator_cases.get().minutes.get().minutes == 15
