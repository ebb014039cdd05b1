"""Who is she, how may she be reached and why was she called back? The head of a recall's page, in plain values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from clinic import calendar
from patients.channels import channels_of
from patients.contact import show_phone
from patients.models import ContactPoint, Patient
from recalls import ladder
from recalls.models import ContactAttempt, Recall, ScreeningExam
from recalls.permissions import attempts_of_this_ladder
from recalls.presenters.moments import Left, day_words, left_until, moment
from recalls.presenters.rows import interpreter_words, language_name
from recalls.presenters.why import Facts, facts_of, why_today
from recalls.states import Side, State


@dataclass(frozen=True, slots=True)
class Reach:
    """One way to reach her: `href` is empty when it must not be used, and `problem` says why."""

    kind: Any
    shown: str
    href: str
    problem: str


@dataclass(frozen=True, slots=True)
class Head:
    """The patient, as much as a caller needs before she dials."""

    name: str
    age: int
    born: str
    mrn: str
    language: str
    interpreter: str
    voicemail: str
    best_time: str
    do_not_call: bool
    died: str
    reach: list[Reach]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why she was called back, from the screening exam."""

    findings: list[str]
    kind: str
    result: str
    exam_day: str
    reader: str
    first_screen: str
    referrer: str
    accession: str
    comment: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the recall stands: state, why it is on the list, and the two times that matter."""

    state: str
    why: str
    due: Left | None
    left: Left | None


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of the contact ladder on the check list."""

    sentence: Any
    is_done: bool
    # What came of it, when and by whom.
    how: str = ""


def head_of(recall: Recall, now: datetime) -> Head:
    patient, today = recall.patient, calendar.local_day(recall.site, now)
    return Head(
        name=patient.full_name,
        age=patient.age_on(today),
        born=f"{patient.birth_date:%Y-%m-%d}",
        mrn=patient.mrn,
        language=language_name(patient.language),
        interpreter=interpreter_words(patient),
        voicemail=str(patient.get_voicemail_display()),
        best_time=str(getattr(patient, "call_wish", "")),
        do_not_call=patient.do_not_call,
        died=day_words(patient.deceased_on, today) if patient.deceased_on else "",
        reach=_reach(patient, recall.site.country),
    )


def _reach(patient: Patient, country: str) -> list[Reach]:
    usable = channels_of(patient)
    hrefs = {
        ContactPoint.Kind.MOBILE: f"tel:{usable.mobile}" if usable.mobile else "",
        ContactPoint.Kind.HOME: f"tel:{usable.home}" if usable.home else "",
        ContactPoint.Kind.EMAIL: "",  # mail leaves by the outbox, where it is kept and followed
    }
    lines = []
    for point in sorted(patient.contact_points.all(), key=lambda row: ContactPoint.Kind.values.index(row.kind)):
        kind = ContactPoint.Kind(point.kind)
        is_phone = kind != ContactPoint.Kind.EMAIL
        shown = show_phone(point.value, country) if is_phone else point.value
        lines.append(Reach(kind.label, shown, hrefs[kind], _problem(point, patient, usable.why_no_email)))
    return lines


def _problem(point: ContactPoint, patient: Patient, why_no_email: str) -> str:
    if point.unusable:
        return str(point.get_unusable_display())
    if point.kind == ContactPoint.Kind.EMAIL:
        return _("she wants no email") if why_no_email == "opted_out" else ""
    return _("do not call") if patient.do_not_call else ""


def reason_of(recall: Recall, now: datetime) -> Reason:
    exam = recall.exam
    screens = {None: "", True: _("first screening"), False: _("screened before")}
    return Reason(
        findings=findings_of(exam),
        kind=str(recall.get_kind_display()),
        result=str(exam.get_assessment_display()),
        exam_day=day_words(exam.exam_date, calendar.local_day(recall.site, now)),
        reader=exam.reader.get_full_name() if exam.reader else exam.reader_name,
        first_screen=screens[exam.first_screen],
        referrer=exam.referrer.name if exam.referrer else "",
        accession=exam.accession,
        comment=exam.comment,
    )


def findings_of(exam: ScreeningExam) -> list[str]:
    """ "Calcifications (right, upper outer)"; no query when prefetched."""
    return [_finding(row.get_kind_display(), row.side, row.place) for row in exam.findings.all()]


def _finding(kind: Any, side: str, place: str) -> str:
    return f"{kind} ({', '.join(part for part in (str(Side(side).label).lower(), place) if part)})"


def standing_of(recall: Recall, now: datetime, facts: Facts | None = None) -> Standing:
    site = recall.site
    return Standing(
        state=str(State(recall.state).label),
        why=why_today(recall, facts or facts_of(recall), now=now),
        due=left_until(site, recall.due_at, now) if recall.due_at else None,
        left=left_until(site, recall.target_at, now) if recall.target_at and recall.is_open else None,
    )


def ladder_of(recall: Recall, now: datetime) -> list[Rung]:
    """The check list before a patient is called lost: every rung with its try, and the last day of the ladder."""
    filled = ladder.filled_rungs(recall.site, attempts_of_this_ladder(recall))
    last_day = calendar.add_days(recall.site, recall.contact_since or recall.opened_at, recall.site.lost_after)
    until = _("%(days)d days given her, until %(when)s") % {
        "days": recall.site.lost_after,
        "when": day_words(calendar.local_day(recall.site, last_day), calendar.local_day(recall.site, now)),
    }
    rungs = [Rung(rung.sentence, rung in filled, _tried(recall, filled.get(rung), now)) for rung in recall.site.ladder]
    return [*rungs, Rung(until, now >= last_day)]


def _tried(recall: Recall, attempt: ContactAttempt | None, now: datetime) -> str:
    if attempt is None:
        return ""
    return f"{attempt.get_result_display()}, {moment(recall.site, attempt.at, now)}, {attempt.by}"
