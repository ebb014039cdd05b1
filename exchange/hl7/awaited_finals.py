"""Watches preliminary readings of a 4 or 5: who waits for the final report, and whom to warn when it does not come.

A preliminary report opens nothing. Where its final report is lost, nobody would ever hear of the patient.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.queries.prepared import PreparedQuery
from desk.datetime_display import format_datetime
from exchange.hl7.message_result import MessageResult, ReportMark
from exchange.models import Hl7AwaitedFinal, Hl7Message
from recalls.enums import SUSPICIOUS_ASSESSMENTS
from recalls.models import ScreeningExam

_SHOWN = 25  # on the worklist of the radiologists


def track_finals(messages: Sequence[Hl7Message], results: Sequence[MessageResult]) -> None:
    """Note which of these stored messages are a preliminary 4 or 5, and which end the wait for its final report."""
    marks = [(message, result.mark) for message, result in zip(messages, results, strict=True) if result.mark]
    finals = [mark for _message, mark in marks if mark.is_final]
    waiting = [(message, mark) for message, mark in marks if mark.preliminary]
    if waiting:
        _open_waits(waiting)
    if finals:
        known = _open_rows().filter(accession__in={mark.accession for mark in finals} - {""})
        _clear(row for row in known if any(_ends(mark, row) for mark in finals))


def _open_waits(waiting: Iterable[tuple[Hl7Message, ReportMark]]) -> None:
    """The first preliminary reading of an exam sets the day; one that a final result has answered opens nothing."""
    rows = [
        Hl7AwaitedFinal(
            site=mark.site,
            accession=mark.accession[:200],
            assessment=mark.preliminary or "",
            message=message,
            said_at=mark.said_at,
            due_at=calendar.add_business_days(mark.site, message.received_at, message.sender.final_after_days),
        )
        for message, mark in waiting
        if message.sender is not None
    ]
    answered = _find_exams(rows)
    Hl7AwaitedFinal.objects.bulk_create([row for row in rows if not _is_answered(row, answered)], ignore_conflicts=True)


def _ends(mark: ReportMark, row: Hl7AwaitedFinal) -> bool:
    """Whether the final report is of this exam, and no older than the preliminary reading where both say when."""
    if (mark.site.pk, mark.accession) != (row.site_id, row.accession):
        return False
    return mark.said_at is None or row.said_at is None or mark.said_at >= row.said_at


@transaction.atomic
def warn_of_missing_finals() -> int:
    """Each minute: a preliminary 4 or 5 that is due waits for a person from now on; the number of new warnings."""
    due = list(_open_rows().filter(due_at__lte=timezone.now()))
    exams = _find_exams(due)
    answered = [row for row in due if _is_answered(row, exams) or row.message.state == Hl7Message.State.DISMISSED]
    _clear(answered)
    missing = [row.message_id for row in due if row not in answered]
    reason = _(
        "A preliminary reading of a 4 or 5 came, and its final report did not. Ask the reader or the sender for it; "
        "dismiss this message once somebody has seen to the patient."
    )
    return Hl7Message.objects.filter(pk__in=missing, state=Hl7Message.State.IGNORED).update(
        state=Hl7Message.State.PARKED, reason=reason, field="OBR-25", settled_at=None
    )


def describe_missing_finals(*, sites: Iterable[int], **_signal: object) -> list[str]:
    """A sentence for each preliminary 4 or 5 at these sites whose final report is missing, the longest first."""
    wanted = sorted(sites)
    rows = _MISSING.rows(sites=wanted, now=timezone.now()) if wanted else ()
    return [
        _("Preliminary reading of %(result)s without a final report: exam %(accession)s, %(when)s, from %(sender)s.")
        % {
            "result": row.get_assessment_display(),
            "accession": row.accession or _("without a number"),
            "when": format_datetime(row.message.received_at.astimezone(row.site.zone)),
            "sender": row.message.sender or row.message.application,
        }
        for row in rows
    ]


def _build_missing(*, sites: list[int], now: datetime) -> "QuerySet[Hl7AwaitedFinal]":
    rows = _open_rows().filter(site__in=sites, due_at__lte=now, message__state=Hl7Message.State.PARKED)
    return rows.select_related("message__sender").order_by("due_at", "pk")[:_SHOWN]


def _open_rows() -> "QuerySet[Hl7AwaitedFinal]":
    rows = Hl7AwaitedFinal.objects.filter(cleared_at=None).select_related("site", "message")
    return rows.defer("message__raw", "message__mended")


_MISSING = PreparedQuery(_build_missing)


def _clear(rows: Iterable[Hl7AwaitedFinal]) -> None:
    """The wait is over; a warning that a person has not settled is taken back."""
    now, cleared = timezone.now(), list(rows)
    if not cleared:
        return
    Hl7AwaitedFinal.objects.filter(pk__in=[row.pk for row in cleared]).update(cleared_at=now)
    warned = Hl7Message.objects.filter(pk__in=[row.message_id for row in cleared], state=Hl7Message.State.PARKED)
    warned.update(
        state=Hl7Message.State.IGNORED,
        reason=_("This report is preliminary. Its final report has come."),
        field="",
        settled_at=now,
    )


def _find_exams(rows: Iterable[Hl7AwaitedFinal]) -> dict[tuple[int, str], ScreeningExam]:
    wanted = Q(pk__in=())
    for row in rows:
        wanted |= Q(site=row.site, accession=row.accession)
    return {(exam.site_id, exam.accession): exam for exam in ScreeningExam.objects.filter(wanted)} if wanted else {}


def _is_answered(row: Hl7AwaitedFinal, exams: dict[tuple[int, str], ScreeningExam]) -> bool:
    """Whether a result of the exam is here, by whatever way: a 4 or 5 itself, or one that was read later."""
    exam = exams.get((row.site_id, row.accession))
    if exam is None:
        return False
    since: datetime = row.said_at or row.message.received_at
    return exam.assessment in SUSPICIOUS_ASSESSMENTS or bool(exam.reported_at and exam.reported_at >= since)
