"""Gathers everything that the patient's page shows of a recall, in a few queries."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from notifications.content.visits import visit_texts
from notifications.rendering.formatting import format_duration, format_opening_hours, format_part_times
from patients.contact_validation import format_phone
from patients.models import Patient
from portal import page_texts
from portal.barrier_help import HelpText, find_help
from portal.explainers import Explainer, Pictogram, render_explainer
from portal.formatting import format_local_day_and_time
from portal.held_time import (
    HELD_HEADING,
    HELD_NEXT_STEP,
    HeldTime,
    OfferedTime,
    find_earlier_time,
    find_held_time,
)
from portal.stages import Stage, get_active_appointment, get_released_outcome, get_stage, is_known_suspicious
from portal.status_text import STAGE_TEXTS, format_due_sentence, format_heading, get_stage_text
from recalls.enums import AppointmentStatus, State, VisitKind, WorkItemKind
from recalls.models import Appointment, Recall, WorkItem

_STAGES_WITH_COST = frozenset(
    {Stage.TO_BOOK, Stage.FOLLOW_UP_DUE, Stage.BOOKED, Stage.TO_BOOK_UNRELEASED, Stage.BIOPSY_ADVISED}
)
_PATIENT_CALLS = frozenset(
    {
        Stage.TO_BOOK,
        Stage.FOLLOW_UP,
        Stage.FOLLOW_UP_DUE,
        Stage.VISIT_PASSED,
        Stage.BIOPSY_ADVISED,
        Stage.RESULT_BY_PHONE,
        Stage.TO_BOOK_UNRELEASED,
        Stage.NOT_REACHED,
    }
)


@dataclass(frozen=True, slots=True)
class ProgressStep:
    """One step of the way: "done", "now" or "next"."""

    label: Any
    status: str


@dataclass(frozen=True, slots=True)
class AppointmentDetails:
    """The booked visit as the patient needs it: the clinic's own time, day and hour in words, what they may do."""

    appointment: Appointment
    day: str
    time: str
    duration: str
    map_url: str
    can_confirm: bool

    @property
    def confirmed(self) -> bool:
        return self.appointment.status == AppointmentStatus.CONFIRMED


@dataclass(frozen=True, slots=True)
class PatientPageContext:
    """The page of one patient at one moment, in the language that is active."""

    patient: Patient
    recall: Recall | None
    site: Site
    stage: Stage
    heading: str
    next_step: Any
    due_sentence: str = ""
    appointment: AppointmentDetails | None = None
    progress: tuple[ProgressStep, ...] = ()
    result_texts: tuple[Explainer, ...] = ()
    reason_texts: tuple[Explainer, ...] = ()
    pictogram: Pictogram | None = None
    answer_texts: tuple[Explainer, ...] = ()
    visit_day_texts: tuple[Explainer, ...] = ()
    cost_text: Explainer | None = None
    held: HeldTime | None = None
    earlier: OfferedTime | None = None
    # Whether the patient may ask for an earlier time, and whether they wait for one.
    may_wait: bool = False
    is_waiting: bool = False
    # Whether the site lets patients book, move and cancel such a visit by themselves.
    self_booking: bool = False
    # What the clinic offers where something is in the way.
    help_texts: list[HelpText] = field(default_factory=list)
    open_request: WorkItem | None = None
    other_appointments: list[AppointmentDetails] = field(default_factory=list)

    @property
    def should_call(self) -> bool:
        """Whether calling us is the next step: beside good news a large phone number would only cause worry."""
        return self.stage in _PATIENT_CALLS

    @property
    def needs_preparation(self) -> bool:
        """A biopsy needs a talk about medicines first; the sentence does not say what the visit is."""
        return self.appointment is not None and self.appointment.appointment.kind == VisitKind.BIOPSY

    @property
    def offers_education(self) -> bool:
        """Whether the clinic sends the series about breast health; the page behind the link says to whom."""
        return bool(settings.EDUCATION_FROM_EMAIL and self.recall is not None)

    @property
    def phone(self) -> str:
        return format_phone(self.site.phone, self.site.country)

    @property
    def opening_hours(self) -> str:
        return format_opening_hours(self.site)


def get_patient_recalls(patient: Patient) -> list[Recall]:
    """The patient's, the one that matters most first: what is open before what is closed, a 4 or 5 before the rest,
    then the next visit, and what moved last."""
    rows = list(
        Recall.objects.filter(patient=patient)
        .select_related("site__slot_policy", "exam", "patient__site", "held_slot__room")
        .prefetch_related("appointments__site", "outcomes__release", "exam__findings", "pathology_results")
    )

    def importance(recall: Recall) -> tuple[bool, bool, bool, float]:
        visit = get_active_appointment(recall)
        nearness = visit.starts_at.timestamp() if visit else -recall.state_since.timestamp()
        return (not recall.is_open, not (recall.is_open and is_known_suspicious(recall)), visit is None, nearness)

    return sorted(rows, key=importance)


def build_page_context(patient: Patient, now: datetime) -> PatientPageContext:
    """What the patient sees now. Five to ten queries."""
    recalls = get_patient_recalls(patient)
    if not recalls:
        nothing = STAGE_TEXTS[Stage.NOTHING_OPEN]
        return PatientPageContext(
            patient, None, patient.site, Stage.NOTHING_OPEN, str(nothing.heading), nothing.next_step
        )
    recall, *others = recalls
    stage = get_stage(recall, now)
    line, row = get_stage_text(recall, stage), get_active_appointment(recall)
    coming = row if row and row.starts_at > now else None
    told = get_released_outcome(recall, now)
    language = get_language() or settings.LANGUAGE_CODE
    tell: page_texts.GetExplainer = partial(render_explainer, language=language, site=recall.site)
    comfort = page_texts.is_reassurance_true(recall, row)
    held = find_held_time(recalls, now)
    kinds = {finding.kind for finding in recall.exam.findings.all()} if comfort else set()
    return PatientPageContext(
        patient=patient,
        recall=recall,
        site=recall.site,
        stage=stage,
        heading=str(HELD_HEADING) if held else format_heading(line, row),
        next_step=HELD_NEXT_STEP if held else line.next_step,
        held=held,
        **_earlier_context(recall, coming, now),
        self_booking=_may_book_alone(recalls, coming),
        help_texts=find_help(recalls, recall.site),
        due_sentence=format_due_sentence(recall, stage, line, now),
        appointment=_appointment_details(recall, coming) if coming else None,
        progress=build_progress(stage, row, recall.round),
        result_texts=page_texts.result_texts(recall, stage, told.assessment if told else "", row, tell),
        reason_texts=page_texts.reason_texts(recall, stage, tell) if comfort else (),
        pictogram=page_texts.pictogram(recall, stage, language) if comfort else None,
        answer_texts=page_texts.answer_texts(recall, stage, coming, tell),
        visit_day_texts=page_texts.visit_day_texts(coming, kinds, told is not None, tell) if coming else (),
        cost_text=tell(visit_texts(coming.kind if coming else "").cost) if stage in _STAGES_WITH_COST else None,
        open_request=WorkItem.objects.filter(recall=recall, kind=WorkItemKind.PATIENT_REQUEST, done_at=None).first(),
        other_appointments=[
            _appointment_details(other, also)
            for other in others
            if (also := get_active_appointment(other)) and also.starts_at > now
        ],
    )


def _earlier_context(recall: Recall, coming: Appointment | None, now: datetime) -> dict[str, Any]:
    """Two queries where the site offers earlier times and a visit is booked."""
    policy = getattr(recall.site, "slot_policy", None)
    if coming is None or policy is None or not policy.offers_earlier or coming.kind == VisitKind.BIOPSY:
        return {}
    waits = coming.waiting_list_entries.filter(ended_at=None).exists()
    earlier = find_earlier_time(recall, now) if waits else None
    return {"earlier": earlier, "may_wait": recall.state == State.SCHEDULED, "is_waiting": waits}


def _may_book_alone(recalls: Sequence[Recall], coming: Appointment | None) -> bool:
    """A first answer without a query; the page of free times looks at everything else."""
    still_open = [recall for recall in recalls if recall.is_open]
    policy = getattr(still_open[0].site, "slot_policy", None) if len(still_open) == 1 else None
    if policy is None or not policy.self_booking or still_open[0].state not in (State.TO_CONTACT, State.SCHEDULED):
        return False
    return coming is None or not visit_texts(coming.kind).call_first


def _appointment_details(recall: Recall, row: Appointment) -> AppointmentDetails:
    day, hour = format_local_day_and_time(row.site, row.starts_at)
    site = row.site
    address = ", ".join(part for part in (site.address_line, site.city, f"{site.state} {site.postal_code}") if part)
    return AppointmentDetails(
        appointment=row,
        day=day,
        time=format_part_times(hour, row),
        duration=format_duration(row.total_minutes),
        map_url=f"{settings.MAP_SEARCH_URL}?{urlencode({'query': address})}" if settings.MAP_SEARCH_URL else "",
        can_confirm=recall.state == State.SCHEDULED and row.status == AppointmentStatus.BOOKED,
    )


def build_progress(stage: Stage, visit: Appointment | None, round_: int) -> tuple[ProgressStep, ...]:
    """The patient's way, with the place where they are; empty where nothing is under way."""
    if stage == Stage.AWAITING_PRIORS:
        return _progress_steps((_("Screening"), _("Earlier pictures"), _("Answer")), 1)
    ahead = (visit is not None and visit.kind == VisitKind.BIOPSY) or stage in (
        Stage.BIOPSY_ADVISED,
        Stage.TO_BOOK_UNRELEASED,
    )
    if ahead or stage == Stage.RESULT_BY_PHONE:
        return _progress_steps((_("Screening"), _("Called back"), _("Next visit"), _("Answer")), 2 if ahead else 3)
    if stage in (Stage.FOLLOW_UP, Stage.FOLLOW_UP_DUE) or (visit is not None and round_):
        names = (_("Screening"), _("Visit"), _("Result"), _("Next visit"))
        return _progress_steps(names, 2 if stage == Stage.FOLLOW_UP else 3)
    place = {Stage.TO_BOOK: 1, Stage.BOOKED: 2, Stage.VISIT_PASSED: 2, Stage.AWAITING_RESULT: 3, Stage.RESULT: 4}.get(
        stage
    )
    names = (_("Screening"), _("Called back"), _("Visit booked"), _("Result"))
    return _progress_steps(names, place) if place is not None else ()


def _progress_steps(labels: tuple[Any, ...], place: int) -> tuple[ProgressStep, ...]:
    words = ["done"] * place + ["now"] + ["next"] * len(labels)
    return tuple(ProgressStep(label, status) for label, status in zip(labels, words, strict=False))
