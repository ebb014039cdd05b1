"""Reads the answers of calendar programs to the entry of a visit (RFC 5546, METHOD:REPLY and COUNTER) and acts on them.

A yes confirms the visit; a no, a maybe or another time proposed becomes a task for the schedulers, who alone move a
visit. The entry's UID can be guessed, so an answer counts only from an address to which the entry may have gone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import parseaddr
from enum import Enum

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from clinic.actors import PATIENT
from desk.datetime_display import display_datetime
from notifications.models import RenderedMessage
from notifications.rendering.calendar_invite import calendar_uid
from patients.address_faults import fold_address
from patients.addresses import has_address
from recalls import actions
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, AppointmentStatus, WorkItemKind
from recalls.models import Appointment
from recalls.permissions import StepRefused

_METHODS = frozenset({"REPLY", "COUNTER"})
_MAX_COMMENT_LENGTH = 150


class ReplyAnswer(Enum):
    """What the patient's calendar says, as PARTSTAT writes it."""

    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    TENTATIVE = "TENTATIVE"
    COUNTER = "COUNTER"  # another time is proposed


@dataclass(frozen=True, slots=True)
class CalendarReply:
    """One answer: to which entry, from which addresses, to which of its times, and in which words."""

    uid: str
    answer: ReplyAnswer
    senders: tuple[str, ...]
    sequence: int | None = None
    proposed: datetime | None = None
    comment: str = ""


def parse_calendar_reply(raw: bytes) -> CalendarReply | None:
    """None for any other mail, and for an answer that says neither yes nor no."""
    mail = BytesParser(policy=compat32).parsebytes(raw)
    for calendar in _calendars(mail):
        method = str(calendar.get("METHOD", "")).upper()
        events = [part for part in calendar.walk("VEVENT") if isinstance(part, Event)]
        if method in _METHODS and events:
            return _read_event(events[0], method, parseaddr(str(mail.get("From", "")))[1])
    return None


def _calendars(mail: Message) -> Iterator[Calendar]:
    for part in mail.walk():
        if part.get_content_type() in ("text/calendar", "application/ics"):
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                calendar = Calendar.from_ical(payload)
                if isinstance(calendar, Calendar):
                    yield calendar


def _read_event(event: Event, method: str, sender: str) -> CalendarReply | None:
    attendees = event.get("ATTENDEE", [])
    attendee = attendees[0] if isinstance(attendees, list) and attendees else attendees
    said = "COUNTER" if method == "COUNTER" else str(getattr(attendee, "params", {}).get("PARTSTAT", "")).upper()
    if said not in ReplyAnswer.__members__ or not event.get("UID"):
        return None
    starts = event.decoded("DTSTART", None) if method == "COUNTER" else None
    sequence = event.get("SEQUENCE")
    return CalendarReply(
        uid=str(event["UID"]).strip(),
        answer=ReplyAnswer[said],
        senders=tuple({fold_address(str(attendee).lower().removeprefix("mailto:")), fold_address(sender)} - {""}),
        sequence=int(sequence) if sequence is not None else None,
        proposed=starts if isinstance(starts, datetime) and starts.tzinfo else None,
        comment=" ".join(str(event.get("COMMENT", "")).split()),
    )


def find_visit(reply: CalendarReply) -> Appointment | None:
    """The booked visit of that entry, where the answer comes from an address of its patient; else None."""
    since = timezone.now() - timedelta(days=1)
    ahead = Appointment.objects.filter(status__in=ACTIVE_APPOINTMENT_STATUSES, starts_at__gte=since)
    keys = ahead.values_list("pk", flat=True).iterator()
    found = next((key for key in keys if calendar_uid(Appointment(pk=key)) == reply.uid), None)
    if found is None:
        return None
    visit = Appointment.objects.select_related("site", "recall__site", "recall__patient__site").get(pk=found)
    return visit if _may_answer(visit, reply) else None


def _may_answer(visit: Appointment, reply: CalendarReply) -> bool:
    """From the patient's address now, or from the one to which a message about this visit went."""
    told = RenderedMessage.objects.filter(notification__appointment=visit).values_list("address", flat=True)
    known = {fold_address(address) for address in told}
    return any(one in known or has_address([visit.recall.patient], one) for one in reply.senders)


def record_calendar_reply(reply: CalendarReply, visit: Appointment) -> bool:
    """Confirm the visit or ask a person to call; False where nothing is new, or the answer is to an earlier time."""
    if reply.sequence is not None and reply.sequence < visit.sequence:
        return False
    if reply.answer == ReplyAnswer.ACCEPTED:
        return _confirm(visit)
    with transaction.atomic(), translation.override(settings.LANGUAGE_CODE):  # staff read it
        reason = _request_reason(reply, visit)
        known = visit.recall.work_items.filter(kind=WorkItemKind.PATIENT_REQUEST, done_at=None).first()
        if known is not None and reason in known.reasons:
            return False
        actions.open_work_item(visit.recall, WorkItemKind.PATIENT_REQUEST, reason)
    return True


def _confirm(visit: Appointment) -> bool:
    if visit.status == AppointmentStatus.CONFIRMED:
        return False
    try:
        actions.confirm(visit.recall, by=PATIENT, seen=visit.recall.version)
    except StepRefused:  # moved at this instant, or a biopsy, which is confirmed by nobody
        return False
    return True


def _request_reason(reply: CalendarReply, visit: Appointment) -> str:
    now = timezone.now()
    words = {
        ReplyAnswer.DECLINED: _("The patient's calendar declined the visit of %(when)s: offer another time."),
        ReplyAnswer.TENTATIVE: _("The patient's calendar says “maybe” to the visit of %(when)s: ask for another time."),
        ReplyAnswer.COUNTER: _("The patient's calendar asks for another time than %(when)s."),
    }[reply.answer] % {"when": display_datetime(visit.site, visit.starts_at, now)}
    if reply.proposed is not None:
        words += " " + _("Proposed: %(when)s.") % {"when": display_datetime(visit.site, reply.proposed, now)}
    return f"{words} “{Truncator(reply.comment).chars(_MAX_COMMENT_LENGTH)}”" if reply.comment else words
