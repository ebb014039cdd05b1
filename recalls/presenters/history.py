"""History of a recall, newest first: its events in words, and the entries of other packages."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext as _

from clinic import calendar
from recalls.actions import listed_times
from recalls.assignment import display_name
from recalls.enums import Assessment, ContactChannel, HeldSlotEnd, LaneAnswer, PartOfDay, State
from recalls.models import Outcome, Recall, RecallEvent
from recalls.presenters.barriers.event_details import barrier_details, case_details, help_details, in_the_way
from recalls.presenters.case_marks import describe_assessment
from recalls.presenters.case_record import disclosure_lines, format_pathology
from recalls.presenters.datetime_display import DisplayDateTime, display_datetime, format_day
from recalls.presenters.moved_exam import is_exam_moved
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
    result = () if is_exam_moved(recall) else (describe_assessment(recall.exam, recall.site),)
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
    if is_exam_moved(recall) and event.step in _STEPS_ABOUT_RESULTS:
        return TimelineEntry(event.at, STEPS_BY_NAME[event.step].label, event.by)
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
    return (f"{how}{used}: {attempt.get_result_display()}", in_the_way(event), then)


def _booking_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    return (_format_iso_datetime(recall, event.data.get("starts_at"), now),)


def _reschedule_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    before, after = (_format_iso_datetime(recall, event.data.get(name), now) for name in ("from", "to"))
    return (_("from %(before)s to %(after)s") % {"before": before, "after": after},)


def _held_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    """The time, and why it is held no longer."""
    why = event.data.get("why", "")
    at = _format_iso_datetime(recall, event.data.get("starts_at"), now)
    return (str(at), str(HeldSlotEnd(why).label)) if why in HeldSlotEnd.values else (str(at),)


def _listed_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    """The times that were texted, each with its number."""
    times = listed_times(event.data).items()
    return tuple(f"{number}: {display_datetime(recall.site, starts_at, now)}" for number, starts_at in times)


def _lane_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    why = event.data.get("why", "")
    return (str(LaneAnswer(why).label),) if why in LaneAnswer.values else ()


def _earlier_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    if event.data.get("stop"):
        return (_("taken off the waiting list"),)
    return (str(PartOfDay(event.data["part"]).label) if event.data.get("part") else _("at any time of the day"),)


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
    reader = display_name(row.reader) if row.reader else row.reader_name
    return (
        describe_assessment(row, recall.site),
        *sides,
        _("read by %(name)s") % {"name": reader} if reader else "",
        why,
        *_next_visit_details(recall, event, now),
        *(_told_details(recall, event, now) or _release_details(recall, event, now)),
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
    until = format_day(date.fromisoformat(event.data["until"]), today)
    return (_("until %(when)s") % {"when": until}, *_signature_details(recall, event, now))


def _pathology_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    row = _find(recall.pathology_results, event, "pathology")
    return (*_lesion_details(recall, [event.data.get("lesion")]), format_pathology(row)) if row else ()


def _concordance_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    row = _find(recall.concordances, event, "concordance")
    if row is None:
        return ()
    lesion = _lesion_details(recall, [event.data.get("lesion")])
    return (*lesion, row.get_verdict_display(), row.text, *_next_visit_details(recall, event, now))


def _find(manager: Any, event: RecallEvent, name: str) -> Any:
    """The row that the step added, under its name in the event's facts; None where it is not there."""
    return next((row for row in manager.all() if row.pk == event.data.get(name)), None)


def _lesion_details(recall: Recall, numbers: Iterable[Any]) -> tuple[str, ...]:
    wanted = set(numbers)
    named = (lesion for lesion in recall.lesions.all() if lesion.pk in wanted)
    return tuple(_("lesion %(lesion)s") % {"lesion": lesion} for lesion in named)


def _biopsy_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    return _lesion_details(recall, event.data.get("lesions", ()))


def _told_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    """How, by whom and to whom a result was told."""
    row = _find(recall.disclosures, event, "disclosure")
    if row is None:
        return ()
    how = f"{row.get_method_display()}, {row.told_by}, {display_datetime(recall.site, row.told_at, now)}"
    return (_("told: %(how)s") % {"how": how}, *disclosure_lines(row))


def _referral_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    row = _find(recall.referrals, event, "referral")
    return (str(row),) if row else ()


def _outside_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    row = _find(recall.outside_reports, event, "report")
    upgrade = _("shows a cancer that was not known") if event.data.get("upgrade") else ""
    return (*((str(row),) if row else ()), upgrade, *_told_details(recall, event, now))


def _facility_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    return (event.data.get("facility", ""), *_signature_details(recall, event, now))


def _decline_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    row = _find(recall.refusals, event, "refusal")
    if row is None:
        return _signature_details(recall, event, now)
    explained = ""
    if row.risk_explained:
        explained = _("%(who)s explained: %(what)s") % {"who": row.explained_by, "what": row.risk_explained}
    return (explained, *_signature_details(recall, event, now))


def _signature_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    """Who asked for what the actor signed."""
    who = event.data.get("asked_by")
    return (_("asked for by %(who)s") % {"who": who},) if who else ()


def _wanted_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    names = event.data.get("steps") or [event.data.get("wanted")]
    return tuple(f"“{STEPS_BY_NAME[name].label}”" for name in names if name in STEPS_BY_NAME)


def _opening_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    assessment = event.data.get("assessment")
    return (str(Assessment(assessment).label),) if assessment else ()


def _format_iso_datetime(recall: Recall, iso: Any, now: datetime) -> str:
    return str(display_datetime(recall.site, datetime.fromisoformat(iso), now)) if iso else ""


def _undo_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    return (str(STEPS_BY_NAME[event.data["step"]].label),)


def _assignee_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    name = event.data.get("assignee")
    return (_("to %(who)s") % {"who": name} if name else _("back to everybody"),)


_DETAILS_BY_STEP: dict[str, Callable[[Recall, RecallEvent, datetime], tuple[str, ...]]] = {
    "open_recall": _opening_details,
    "open_awaiting_priors": _opening_details,
    "correct_result": _opening_details,
    "log_contact": _contact_details,
    "assign": _assignee_details,
    "state_barrier": barrier_details,
    "help_with_barrier": help_details,
    **dict.fromkeys(("take_case", "log_case_minutes", "end_case"), case_details),
    "book_appointment": _booking_details,
    "walk_in": _booking_details,
    "book_biopsy": _booking_details,
    "hold_time": _held_details,
    "release_time": _held_details,
    "offer_times": _listed_details,
    "decline_lane": _lane_details,
    "reschedule": _reschedule_details,
    "keep_clock_time": _reschedule_details,
    "ask_earlier": _earlier_details,
    "record_outcome": _outcome_details,
    "amend_outcome": _outcome_details,
    "release_outcome": _release_details,
    "follow_up_due": _next_visit_details,
    "hold": _hold_details,
    "resolve_by_priors": _outcome_details,
    "result_told": _told_details,
    "release_due": _told_details,
    "ask_referrer_to_tell": _contact_details,
    "biopsy_done": _biopsy_details,
    "record_pathology": _pathology_details,
    "amend_pathology": _pathology_details,
    "sign_concordance": _concordance_details,
    "hand_over": _referral_details,
    "record_outside": _outside_details,
    "seen_in_error": _facility_details,
    "amend_surgery": _outside_details,
    "surgery_in_error": _facility_details,
    "ask_report": _facility_details,
    "close_report_request": _facility_details,
    "transfer": _facility_details,
    "decline": _decline_details,
    "void": _signature_details,
    "close_lost": _signature_details,
    "ask_sign_off": _wanted_details,
    "refuse_sign_off": _wanted_details,
    "undo": _undo_details,
}
# What these say rests on the exam; where it was another patient's, the page names the step alone.
_STEPS_ABOUT_RESULTS = frozenset(
    {
        "open_recall", "open_awaiting_priors", "correct_result", "resolve_by_priors", "need_imaging", "advise_biopsy",
        "record_outcome", "amend_outcome", "result_told", "release_outcome", "biopsy_done", "record_pathology",
        "amend_pathology", "sign_concordance", "record_outside", "amend_surgery",
        "surgery_in_error", "told_in_error",
    }
)  # fmt: skip
