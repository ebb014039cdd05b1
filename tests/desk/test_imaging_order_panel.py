"""Tests that the recall page shows the recall's imaging order as it is recorded, and asserts nothing that is not."""

from collections.abc import Callable
from datetime import date, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic import calendar
from clinic.models import Site, User
from exchange.models import Hl7Message
from recalls import actions
from recalls.actions import Slot
from recalls.enums import ActionableCategory, OrderedImaging
from recalls.models import ImagingOrder, Recall
from recalls.testing.factories import RecallFactory

pytestmark = pytest.mark.django_db

Panel = Callable[[User], str]


@pytest.fixture
def recall(shadyside: Site) -> Recall:
    return RecallFactory.create(site=shadyside)


@pytest.fixture
def order(recall: Recall) -> ImagingOrder:
    """Breast ultrasound, from today for three weeks."""
    today = calendar.local_day(recall.site, timezone.now())
    return ImagingOrder.objects.create(
        recall=recall, imaging=OrderedImaging.ULTRASOUND, earliest_on=today, latest_on=today + timedelta(days=21)
    )


@pytest.fixture
def read_panel(client: Client, recall: Recall) -> Panel:
    def read(user: User) -> str:
        client.force_login(user)
        page = " ".join(client.get(reverse("recall", args=[recall.pk])).content.decode().split())
        return page.partition('aria-labelledby="order"')[2].partition("</section>")[0]

    return read


def book(recall: Recall, user: User, day: date) -> None:
    opens = calendar.next_open_day(recall.site, day)
    actions.book_appointment(recall, Slot(recall.site, calendar.instant(recall.site, opens, time(10))), by=user)


def test_a_recall_without_an_order_has_no_panel(read_panel: Panel, scheduler_ana: User) -> None:
    assert read_panel(scheduler_ana) == ""


def test_the_scheduler_sees_what_is_recommended_in_which_days_and_that_no_visit_is_booked(
    read_panel: Panel, order: ImagingOrder, scheduler_ana: User
) -> None:
    panel = read_panel(scheduler_ana)
    assert "<strong>Breast ultrasound</strong>, not before" in panel
    assert "No visit is booked." in panel


def test_what_the_report_did_not_say_is_not_on_the_panel(
    read_panel: Panel, order: ImagingOrder, scheduler_ana: User
) -> None:
    ImagingOrder.objects.update(category="", guideline="")
    order.recall.exam.__class__.objects.update(reader=None, reader_name="")
    panel = read_panel(scheduler_ana)
    for label in ("Urgency", "Guideline", "Report read by", "Messages about this recall"):
        assert label not in panel
    ImagingOrder.objects.update(category=ActionableCategory.DAYS, guideline="ACR BI-RADS")
    order.recall.exam.__class__.objects.update(reader_name="Dr. Sample-Reader")
    panel = read_panel(scheduler_ana)
    for words in ("within days to months", "ACR BI-RADS", "Dr. Sample-Reader"):
        assert words in panel


def test_a_visit_outside_the_days_of_the_order_is_pointed_out(
    read_panel: Panel, order: ImagingOrder, scheduler_ana: User
) -> None:
    book(order.recall, scheduler_ana, order.earliest_on + timedelta(days=7))
    panel = read_panel(scheduler_ana)
    assert "Booked: " in panel
    assert "Outside the days" not in panel
    ImagingOrder.objects.update(latest_on=order.earliest_on)
    assert "Outside the days of the order." in read_panel(scheduler_ana)


def test_the_messages_about_the_recall_are_named_and_open_for_those_who_may_read_them(
    read_panel: Panel, order: ImagingOrder, scheduler_ana: User, manager_mo: User
) -> None:
    made = {"raw": b"MSH|", "source": "mllp", "message_type": "ORU^R01", "site": order.recall.site}
    applied = Hl7Message.objects.create(
        key="1", digest="1", state="applied", settled_at=timezone.now(), recall=order.recall, application="RIS", **made
    )
    Hl7Message.objects.create(key="2", digest="2", state="parked", recall=order.recall, application="WAITS", **made)
    address = reverse("hl7_message", args=[applied.pk])
    assert f"HL7 message {applied.pk}, ORU^R01 from RIS" in read_panel(scheduler_ana)
    assert address not in read_panel(scheduler_ana)
    assert address in read_panel(manager_mo)
    assert "WAITS" not in read_panel(manager_mo)
