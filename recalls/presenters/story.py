"""What happened to this recall, newest first? Every event in words, and what other packages add to the story."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext as _

from clinic import calendar
from recalls.models import Outcome, Recall, RecallEvent
from recalls.presenters.moments import Moment, day_words, moment
from recalls.states import Assessment, ContactChannel, State
from recalls.timeline import Entry, entries_of_others, told_by_others
from recalls.workflow import STEP


@dataclass(frozen=True, slots=True)
class Line:
    """An entry with its time as people of the site say it."""

    when: Moment
    entry: Entry


def story_of(recall: Recall, now: datetime) -> list[Line]:
    """No query when events, tries, outcomes, pathology and verdicts are prefetched, beyond those of the providers."""
    undone = {event.data.get("undoes") for event in recall.events.all() if event.step == "undo"}
    entries = [_entry(recall, event, now, event.version in undone) for event in recall.events.all()]
    screened = calendar.instant(recall.site, recall.exam.exam_date, time(0))
    result = (recall.exam.get_assessment_display(),)
    entries.append(Entry(screened, _("Screening mammogram"), details=result, day_only=True))
    entries += entries_of_others(recall)
    # Of entries at one instant the later written is the newer one; sorting keeps their order, so reverse afterwards.
    ordered = sorted(entries, key=lambda entry: entry.at)[::-1]
    return [Line(_when(recall, entry, now), entry) for entry in ordered]


def _when(recall: Recall, entry: Entry, now: datetime) -> Moment:
    """The exam is known by its day only."""
    said = moment(recall.site, entry.at, now)
    return replace(said, words=said.words.rpartition(",")[0]) if entry.day_only else said


def _entry(recall: Recall, event: RecallEvent, now: datetime, was_undone: bool) -> Entry:
    detail = _DETAILS.get(event.step)
    details = detail(recall, event, now) if detail else told_by_others(event)
    if event.to_state != event.from_state and event.from_state:
        details = (*details, f"→ {State(event.to_state).label}")
    if was_undone:
        details = (_("undone"), *details)
    return Entry(event.at, STEP[event.step].label, event.by, tuple(filter(None, details)), _note(recall, event))


def _note(recall: Recall, event: RecallEvent) -> str:
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


def _contact(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    attempt = next((row for row in recall.contact_attempts.all() if row.pk == event.data.get("attempt")), None)
    if attempt is None:
        return ()
    how = ContactChannel(attempt.channel).label
    used = f" ({attempt.get_point_display()})" if attempt.point else ""
    then = ""
    if attempt.next_try_at:
        then = _("next try %(when)s") % {"when": moment(recall.site, attempt.next_try_at, now)}
    return (f"{how}{used}: {attempt.get_result_display()}", then)


def _booked(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    return (_said(recall, event.data.get("starts_at"), now),)


def _moved(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    before, after = (_said(recall, event.data.get(name), now) for name in ("from", "to"))
    return (_("from %(before)s to %(after)s") % {"before": before, "after": after},)


def _outcome(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    row: Outcome | None = next((row for row in recall.outcomes.all() if row.pk == event.data.get("outcome")), None)
    if row is None:  # undone: the event still says which category it was
        return (str(Assessment(event.data["assessment"]).label),) if "assessment" in event.data else ()
    sides = [
        f"{label}: {Assessment(value).label}"
        for label, value in ((_("Right breast"), row.assessment_right), (_("Left breast"), row.assessment_left))
        if value
    ]
    why = _("because: %(reason)s") % {"reason": row.reason} if row.reason else ""
    return (row.get_assessment_display(), *sides, why, *_due(recall, event, now), *_released(recall, event, now))


def _released(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    at = event.data.get("release_at")
    return (_("the patient may be told from %(when)s") % {"when": _said(recall, at, now)},) if at else ()


def _due(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    day = event.data.get("visit_due")
    if not day or day == "None":
        return ()
    today = calendar.local_day(recall.site, now)
    return (_("next visit due %(when)s") % {"when": day_words(date.fromisoformat(day), today)},)


def _held(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    today = calendar.local_day(recall.site, now)
    return (_("until %(when)s") % {"when": day_words(date.fromisoformat(event.data["until"]), today)},)


def _pathology(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    row = next((row for row in recall.pathology_results.all() if row.pk == event.data.get("pathology")), None)
    return (row.get_result_display(), row.specimen) if row else ()


def _verdict(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    row = next((row for row in recall.concordances.all() if row.pk == event.data.get("concordance")), None)
    return (row.get_verdict_display(), row.text, *_due(recall, event, now)) if row else ()


def _opened(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    assessment = event.data.get("assessment")
    return (str(Assessment(assessment).label),) if assessment else ()


def _said(recall: Recall, iso: Any, now: datetime) -> str:
    return str(moment(recall.site, datetime.fromisoformat(iso), now)) if iso else ""


def _undone(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    return (str(STEP[event.data["step"]].label),)


_DETAILS: dict[str, Callable[[Recall, RecallEvent, datetime], tuple[str, ...]]] = {
    "open_recall": _opened,
    "open_awaiting_priors": _opened,
    "correct_result": _opened,
    "log_contact": _contact,
    "book_appointment": _booked,
    "book_biopsy": _booked,
    "reschedule": _moved,
    "record_outcome": _outcome,
    "amend_outcome": _outcome,
    "release_outcome": _released,
    "follow_up_due": _due,
    "hold": _held,
    "record_pathology": _pathology,
    "sign_concordance": _verdict,
    "undo": _undone,
}
