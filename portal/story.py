"""What does one patient see on their page? Everything the template shows, gathered from the recall in a few queries."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from notifications.rendering.formatting import format_duration, format_opening_hours
from patients.contact import show_phone
from patients.models import Patient
from portal.explain import MAMMOGRAMS, PROCEDURES, Text, explainer, procedures_of
from portal.figures import HundredPeople, called_back
from portal.lines import LINES, by_when, head_of, line_of
from portal.stages import Stage, booked_visit, last_visit, stage_of, told_outcome
from portal.wording import local_words
from recalls.enums import AppointmentStatus, Assessment, FindingKind, RecallKind, Side, State, VisitKind, WorkItemKind
from recalls.models import Appointment, Recall, WorkItem

# Gives the explainer of a name in the patient's language, in the clinic's words.
Tell = Callable[[str], Text]

_BEFORE_AN_ANSWER = frozenset({Stage.EARLIER_PICTURES, Stage.TO_BOOK, Stage.BOOKED, Stage.VISIT_PASSED, Stage.READING})
_FIGURES_HELP = frozenset({Stage.EARLIER_PICTURES, Stage.TO_BOOK, Stage.BOOKED})
_MAY_COST = frozenset({Stage.TO_BOOK, Stage.NEXT_ROUND, Stage.BOOKED, Stage.TALK, Stage.BIOPSY_ADVISED})
_PATIENT_CALLS = frozenset(
    {Stage.TO_BOOK, Stage.NEXT_ROUND, Stage.VISIT_PASSED, Stage.BIOPSY_ADVISED, Stage.TALK, Stage.NOT_REACHED}
)
_RESULT_TEXT = {
    Assessment.NEGATIVE: "outcomes/normal",
    Assessment.BENIGN: "outcomes/benign",
    Assessment.PROBABLY_BENIGN: "outcomes/probably_benign",
}
_REASON_OF = {RecallKind.TECHNICAL: FindingKind.TECHNICAL, RecallKind.CLINICAL: FindingKind.SYMPTOM}


@dataclass(frozen=True, slots=True)
class Mark:
    """One step of the way: "done", "now" or "next"."""

    label: Any
    status: str


@dataclass(frozen=True, slots=True)
class Visit:
    """The booked visit as the patient needs it: the clinic's own time, day and hour in words, what they may do."""

    row: Appointment
    day: str
    time: str
    length: str
    map_url: str
    may_confirm: bool

    @property
    def confirmed(self) -> bool:
        return self.row.status == AppointmentStatus.CONFIRMED


@dataclass(frozen=True, slots=True)
class Story:
    """The page of one patient at one moment, in the language that is active."""

    patient: Patient
    recall: Recall | None
    site: Site
    stage: Stage
    head: str
    then: Any
    by: str = ""
    visit: Visit | None = None
    steps: tuple[Mark, ...] = ()
    result: tuple[Text, ...] = ()
    reasons: tuple[Text, ...] = ()
    figures: HundredPeople | None = None
    on_the_day: tuple[Text, ...] = ()
    cost: Text | None = None
    asked: WorkItem | None = None
    also_booked: list[Visit] = field(default_factory=list)

    @property
    def should_call(self) -> bool:
        """Whether calling us is the next step: beside good news a large phone number would only cause worry."""
        return self.stage in _PATIENT_CALLS

    @property
    def preparing(self) -> bool:
        """A biopsy needs a talk about medicines first; the sentence does not say what the visit is."""
        return self.visit is not None and self.visit.row.kind == VisitKind.BIOPSY

    @property
    def phone(self) -> str:
        return show_phone(self.site.phone, self.site.country)

    @property
    def hours(self) -> str:
        return format_opening_hours(self.site)


def recalls_of(patient: Patient) -> list[Recall]:
    """The patient's, the one that matters most first: the next visit, then what is open, then what was last closed."""
    rows = list(
        Recall.objects.filter(patient=patient)
        .select_related("site", "exam", "patient__site")
        .prefetch_related("appointments__site", "outcomes__release", "exam__findings", "pathology_results")
    )

    def importance(recall: Recall) -> tuple[bool, bool, float]:
        visit = booked_visit(recall)
        nearness = visit.starts_at.timestamp() if visit else -recall.state_since.timestamp()
        return (visit is None, not recall.is_open, nearness)

    return sorted(rows, key=importance)


def story_of(patient: Patient, now: datetime) -> Story:
    """What the patient sees now. Four to nine queries."""
    recalls = recalls_of(patient)
    if not recalls:
        nothing = LINES[Stage.NOTHING_OPEN]
        return Story(patient, None, patient.site, Stage.NOTHING_OPEN, str(nothing.head), nothing.then)
    recall, *others = recalls
    stage = stage_of(recall, now)
    line, row = line_of(recall, stage), booked_visit(recall)
    coming = row if row and row.starts_at > now else None
    told = told_outcome(recall, now)
    language = get_language() or settings.LANGUAGE_CODE
    tell: Tell = partial(explainer, language=language, site=recall.site)
    comfort = _comfort_is_true(recall, row)
    kinds = {finding.kind for finding in recall.exam.findings.all()} if comfort else set()
    return Story(
        patient=patient,
        recall=recall,
        site=recall.site,
        stage=stage,
        head=head_of(line, row),
        then=line.then,
        by=by_when(recall, stage, line, now),
        visit=_visit(recall, coming) if coming else None,
        steps=steps_of(stage, row, recall.round),
        result=_result(stage, told.assessment if told else "", tell),
        reasons=_reasons(recall, stage, tell) if comfort else (),
        figures=_figures(recall, stage, language) if comfort else None,
        on_the_day=_on_the_day(coming, kinds, told is not None, tell) if coming else (),
        cost=tell("cost_line") if stage in _MAY_COST else None,
        asked=WorkItem.objects.filter(recall=recall, kind=WorkItemKind.PATIENT_REQUEST, done_at=None).first(),
        also_booked=[_visit(other, also) for other in others if (also := booked_visit(other)) and also.starts_at > now],
    )


def _visit(recall: Recall, row: Appointment) -> Visit:
    day, hour = local_words(row.site, row.starts_at)
    site = row.site
    address = ", ".join(part for part in (site.address_line, site.city, f"{site.state} {site.postal_code}") if part)
    return Visit(
        row=row,
        day=day,
        time=hour,
        length=format_duration(row.length_minutes),
        map_url=f"{settings.MAP_SEARCH_URL}?{urlencode({'query': address})}" if settings.MAP_SEARCH_URL else "",
        may_confirm=recall.state == State.SCHEDULED and row.status == AppointmentStatus.BOOKED,
    )


def steps_of(stage: Stage, visit: Appointment | None, round_: int) -> tuple[Mark, ...]:
    """The patient's way, with the place where they are; empty where nothing is under way."""
    if stage == Stage.EARLIER_PICTURES:
        return _marks((_("Screening"), _("Earlier pictures"), _("Answer")), 1)
    ahead = (visit is not None and visit.kind == VisitKind.BIOPSY) or stage in (Stage.BIOPSY_ADVISED, Stage.TALK)
    if ahead or stage == Stage.ANSWER_BY_PHONE:
        return _marks((_("Screening"), _("Called back"), _("Next visit"), _("Answer")), 2 if ahead else 3)
    if stage in (Stage.LATER_VISIT, Stage.NEXT_ROUND) or (visit is not None and round_):
        names = (_("Screening"), _("Visit"), _("Result"), _("Next visit"))
        return _marks(names, 2 if stage == Stage.LATER_VISIT else 3)
    place = {Stage.TO_BOOK: 1, Stage.BOOKED: 2, Stage.VISIT_PASSED: 2, Stage.READING: 3, Stage.RESULT: 4}.get(stage)
    names = (_("Screening"), _("Called back"), _("Visit booked"), _("Result"))
    return _marks(names, place) if place is not None else ()


def _marks(labels: tuple[Any, ...], place: int) -> tuple[Mark, ...]:
    words = ["done"] * place + ["now"] + ["next"] * len(labels)
    return tuple(Mark(label, status) for label, status in zip(labels, words, strict=False))


def _result(stage: Stage, assessment: str, tell: Tell) -> tuple[Text, ...]:
    if stage == Stage.BIOPSY_ADVISED:
        return (tell("outcomes/biopsy_advised"),)
    name = _RESULT_TEXT.get(Assessment(assessment)) if assessment else None
    return (tell(name),) if name and stage in (Stage.RESULT, Stage.LATER_VISIT) else ()


def _comfort_is_true(recall: Recall, visit: Appointment | None) -> bool:
    """Whether "most people called back are fine" holds here: not after a screening result of 4 or 5, not on the way
    to a biopsy, and not in later rounds. Then a person tells the patient why, and the page does not."""
    return not recall.suspicious and not recall.round and not (visit and visit.kind == VisitKind.BIOPSY)


def _reasons(recall: Recall, stage: Stage, tell: Tell) -> tuple[Text, ...]:
    """Why the patient was called back, in plain words."""
    if stage not in _BEFORE_AN_ANSWER:
        return ()
    if stage == Stage.EARLIER_PICTURES:
        return (tell("priors"),)
    if recall.kind != RecallKind.FINDING:
        return (tell(f"findings/{_REASON_OF[RecallKind(recall.kind)]}"),)
    findings = recall.exam.findings.all()
    kinds = dict.fromkeys(finding.kind for finding in findings) or (FindingKind.OTHER,)
    names = [f"findings/{kind}" for kind in kinds]
    sides = {finding.side for finding in findings}
    if Side.BOTH in sides or len(sides) > 1:
        names.append("both_breasts")
    return tuple(tell(name) for name in names)


def _figures(recall: Recall, stage: Stage, language: str) -> HundredPeople | None:
    """How often it is harmless, counted from the call back on: not for a blurred picture, not after a visit."""
    if (
        stage not in _FIGURES_HELP
        or recall.kind != RecallKind.FINDING
        or last_visit(recall, AppointmentStatus.ATTENDED)
    ):
        return None
    return called_back(recall, language)


def _on_the_day(visit: Appointment, findings: Collection[str], told: bool, tell: Tell) -> tuple[Text, ...]:
    """What to bring and what happens. A biopsy is named only when the outcome that advises it has been released."""
    if visit.kind == VisitKind.BIOPSY:
        names = [f"procedures/{name}" for name in PROCEDURES[VisitKind.BIOPSY]] if told else []
    else:
        names = ["what_happens", "what_to_bring"]
        names += [f"procedures/{name}" for name in procedures_of(VisitKind(visit.kind), findings)]
        names += ["implants"] if visit.kind in MAMMOGRAMS else []
    return tuple(tell(name) for name in names)
