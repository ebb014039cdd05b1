"""The order of a recall for its page: what a report recommends, in which days, and how far that is, as stored."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from clinic import calendar
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, AppointmentStatus
from recalls.models import Appointment, ImagingOrder, Recall
from recalls.presenters.datetime_display import DisplayDateTime, display_datetime, format_day
from recalls.presenters.moved_exam import is_exam_moved
from recalls.timeline_registry import collect_order_sources


@dataclass(frozen=True, slots=True)
class OrderMessage:
    """A message from outside about the recall; `url` is empty for those who may not read it."""

    time: DisplayDateTime
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class OrderPanel:
    """What is not recorded is empty."""

    imaging: str
    days: str
    urgency: str
    guideline: str
    reader: str
    status: str
    is_outside_days: bool
    taken_over: DisplayDateTime
    messages: list[OrderMessage]


def build_order_panel(recall: Recall, now: datetime, *, may_read_messages: bool) -> OrderPanel | None:
    """None without an order, and where the exam belongs to another patient by now. One query with an order."""
    order: ImagingOrder | None = getattr(recall, "imaging_order", None)
    if order is None or is_exam_moved(recall):
        return None
    today = calendar.local_day(recall.site, now)
    days = {"first": format_day(order.earliest_on, today), "last": format_day(order.latest_on, today)}
    status, is_outside = _status(recall, order, now)
    exam = recall.exam
    return OrderPanel(
        imaging=str(order.get_imaging_display()),
        days=_("not before %(first)s, by %(last)s") % days,
        urgency=str(order.get_category_display()) if order.category else "",
        guideline=order.guideline,
        reader=exam.reader.get_full_name() if exam.reader else exam.reader_name,
        status=status,
        is_outside_days=is_outside,
        taken_over=display_datetime(recall.site, order.ordered_at, now),
        messages=[
            OrderMessage(
                display_datetime(recall.site, source.received_at, now),
                source.text,
                source.url if may_read_messages else "",
            )
            for source in collect_order_sources(recall)
        ],
    )


def _status(recall: Recall, order: ImagingOrder, now: datetime) -> tuple[str, bool]:
    """The newest visit in words, and whether a booked one lies outside the days of the order."""
    visits = sorted(recall.appointments.all(), key=lambda visit: visit.starts_at, reverse=True)
    booked = next((visit for visit in visits if visit.status in ACTIVE_APPOINTMENT_STATUSES), None)
    if booked is not None:
        day = calendar.local_day(booked.site, booked.starts_at)
        return _describe_visit(booked, now), not order.earliest_on <= day <= order.latest_on
    attended = next((visit for visit in visits if visit.status == AppointmentStatus.ATTENDED), None)
    if attended is not None:
        return _describe_visit(attended, now), False
    return _("No visit is booked."), False


def _describe_visit(visit: Appointment, now: datetime) -> str:
    words = {
        "kind": visit.get_kind_display(),
        "when": display_datetime(visit.site, visit.starts_at, now),
        "status": visit.get_status_display(),
    }
    return _("%(status)s: %(kind)s, %(when)s.") % words
