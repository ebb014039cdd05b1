"""History of a recall, newest first: its events in words, and the entries of other packages."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext as _

from clinic import calendar
from recalls.enums import Assessment, ContactChannel, State
from recalls.models import Outcome, Recall, RecallEvent
from recalls.presenters.datetime_display import DisplayDateTime, display_datetime, format_day
from recalls.timeline_registry import TimelineEntry, collect_entries, describe_event
from recalls.workflow import STEPS_BY_NAME


@dataclass(frozen=True, slots=True)
class RecallHistoryLine:
    """An entry with its time as people of the site say it."""

    time: DisplayDateTime
    entry: TimelineEntry


def build_recall_history(recall: Recall, now: datetime) -> list[RecallHistoryLine]:
    """No query when events, tries, outcomes, pathology and verdicts are prefetched, beyond those of the providers."""
    undone = {event.data.get("undoes") for event in recall.events.all() if event.step == "undo"}
    entries = [_event_entry(recall, event, now, event.version in undone) for event in recall.events.all()]
    screened = calendar.instant(recall.site, recall.exam.exam_date, time(0))
    result = (recall.exam.get_assessment_display(),)
    entries.append(TimelineEntry(screened, _("Screening mammogram"), details=result, day_only=True))
    entries += collect_entries(recall)
    # Of entries at one instant the later written is the newer one; sorting keeps their order, so reverse afterwards.
    ordered = sorted(entries, key=lambda entry: entry.at)[::-1]
    return [RecallHistoryLine(_entry_time(recall, entry, now), entry) for entry in ordered]


def _entry_time(recall: Recall, entry: TimelineEntry, now: datetime) -> DisplayDateTime:
    """The exam is known by its day only."""
    said = display_datetime(recall.site, entry.at, now)
    return replace(said, text=said.text.rpartition(",")[0]) if entry.day_only else said


def _event_entry(recall: Recall, event: RecallEvent, now: datetime, was_undone: bool) -> TimelineEntry:
    detail = _DETAILS_BY_STEP.get(event.step)
    details = detail(recall, event, now) if detail else describe_event(event)
    if event.to_state != event.from_state and event.from_state:
        details = (*details, f"→ {State(event.to_state).label}")
    if was_undone:
        details = (_("undone"), *details)
    return TimelineEntry(
        event.at, STEPS_BY_NAME[event.step].label, event.by, tuple(filter(None, details)), _event_note(recall, event)
    )


def _event_note(recall: Recall, event: RecallEvent) -> str:
    """Free text stands with the row a step added, or with the event."""
    rows: dict[str, Any] = {
        "attempt": recall.contact_attempts,
        "outcome": recall.outcomes,
        "pathology": recall.pathology_results,
    }
    for name, manager in rows.items():
        if name in event.data and event.step != "release_outcome":
            row: Any = next((row for row in manager.all() if row.pk == event.data[name]), None)
            return str(getattr(row, "note", "") or getattr(row, "text", "") or event.note)
    return event.note


def _contact_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    attempt = next((row for row in recall.contact_attempts.all() if row.pk == event.data.get("attempt")), None)
    if attempt is None:
        return ()
    how = ContactChannel(attempt.channel).label
    used = f" ({attempt.get_point_display()})" if attempt.point else ""
    then = ""
    if attempt.next_try_at:
        then = _("next try %(when)s") % {"when": display_datetime(recall.site, attempt.next_try_at, now)}
    return (f"{how}{used}: {attempt.get_result_display()}", then)


def _booking_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    return (_format_iso_datetime(recall, event.data.get("starts_at"), now),)


def _reschedule_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    before, after = (_format_iso_datetime(recall, event.data.get(name), now) for name in ("from", "to"))
    return (_("from %(before)s to %(after)s") % {"before": before, "after": after},)


def _outcome_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    row: Outcome | None = next((row for row in recall.outcomes.all() if row.pk == event.data.get("outcome")), None)
    if row is None:  # undone: the event still says which category it was
        return (str(Assessment(event.data["assessment"]).label),) if "assessment" in event.data else ()
    sides = [
        f"{label}: {Assessment(value).label}"
        for label, value in ((_("Right breast"), row.assessment_right), (_("Left breast"), row.assessment_left))
        if value
    ]
    why = _("because: %(reason)s") % {"reason": row.reason} if row.reason else ""
    return (
        row.get_assessment_display(),
        *sides,
        why,
        *_next_visit_details(recall, event, now),
        *_release_details(recall, event, now),
    )


def _release_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    at = event.data.get("release_at")
    return (_("the patient may be told from %(when)s") % {"when": _format_iso_datetime(recall, at, now)},) if at else ()


def _next_visit_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    day = event.data.get("visit_due")
    if not day or day == "None":
        return ()
    today = calendar.local_day(recall.site, now)
    return (_("next visit due %(when)s") % {"when": format_day(date.fromisoformat(day), today)},)


def _hold_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    today = calendar.local_day(recall.site, now)
    return (_("until %(when)s") % {"when": format_day(date.fromisoformat(event.data["until"]), today)},)


def _pathology_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    row = next((row for row in recall.pathology_results.all() if row.pk == event.data.get("pathology")), None)
    return (row.get_result_display(), row.specimen) if row else ()


def _concordance_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    row = next((row for row in recall.concordances.all() if row.pk == event.data.get("concordance")), None)
    return (row.get_verdict_display(), row.text, *_next_visit_details(recall, event, now)) if row else ()


def _opening_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    assessment = event.data.get("assessment")
    return (str(Assessment(assessment).label),) if assessment else ()


def _format_iso_datetime(recall: Recall, iso: Any, now: datetime) -> str:
    return str(display_datetime(recall.site, datetime.fromisoformat(iso), now)) if iso else ""


def _undo_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    return (str(STEPS_BY_NAME[event.data["step"]].label),)


_DETAILS_BY_STEP: dict[str, Callable[[Recall, RecallEvent, datetime], tuple[str, ...]]] = {
    "open_recall": _opening_details,
    "open_awaiting_priors": _opening_details,
    "correct_result": _opening_details,
    "log_contact": _contact_details,
    "book_appointment": _booking_details,
    "book_biopsy": _booking_details,
    "reschedule": _reschedule_details,
    "record_outcome": _outcome_details,
    "amend_outcome": _outcome_details,
    "release_outcome": _release_details,
    "follow_up_due": _next_visit_details,
    "hold": _hold_details,
    "record_pathology": _pathology_details,
    "sign_concordance": _concordance_details,
    "undo": _undo_details,
}
