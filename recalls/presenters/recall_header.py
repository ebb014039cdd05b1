"""Header of a recall's page: patient, contact points, reason, status and contact ladder."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import User
from patients.channels import get_patient_channels
from patients.contact_validation import format_phone
from patients.models import ContactPoint, Patient
from recalls import contact_ladder, edit_presence
from recalls.enums import Side, State
from recalls.models import ContactAttempt, Recall, ScreeningExam
from recalls.presenters.call_script import build_call_script
from recalls.presenters.datetime_display import TimeRemaining, display_datetime, format_day, time_remaining
from recalls.presenters.next_action import NextActionFacts, collect_next_action_facts, describe_next_action
from recalls.presenters.queue_rows import interpreter_text, language_name


@dataclass(frozen=True, slots=True)
class ContactPointRow:
    """One way to reach the patient: `href` is empty when it must not be used, and `problem` says why."""

    kind: Any
    display_value: str
    href: str
    unusable_reason: str


@dataclass(frozen=True, slots=True)
class PatientHeader:
    """The patient, as much as a caller needs before dialling."""

    name: str
    age: int
    birth_date: str
    mrn: str
    language: str
    interpreter: str
    voicemail: str
    call_preference: str
    do_not_call: bool
    deceased_on: str
    contact_points: list[ContactPointRow]


@dataclass(frozen=True, slots=True)
class RecallReason:
    """Why the patient was called back, from the screening exam."""

    findings: list[str]
    kind: str
    assessment: str
    exam_day: str
    reader: str
    screening_history: str
    referrer: str
    accession: str
    comment: str


@dataclass(frozen=True, slots=True)
class RecallStatus:
    """Where the recall stands: state, why it is on the list, and the two times that matter."""

    state: str
    next_action: str
    due: TimeRemaining | None
    time_to_target: TimeRemaining | None


@dataclass(frozen=True, slots=True)
class ContactLadderRow:
    """One rung of the contact ladder on the check list."""

    text: Any
    is_done: bool
    # What came of it, when and by whom.
    attempt: str = ""


def build_patient_header(recall: Recall, now: datetime) -> PatientHeader:
    patient, today = recall.patient, calendar.local_day(recall.site, now)
    return PatientHeader(
        name=patient.full_name,
        age=patient.age_on(today),
        birth_date=f"{patient.birth_date:%Y-%m-%d}",
        mrn=patient.mrn,
        language=language_name(patient.language),
        interpreter=interpreter_text(patient),
        voicemail=str(patient.get_voicemail_display()),
        call_preference=str(getattr(patient, "call_preference", "")),
        do_not_call=patient.do_not_call,
        deceased_on=format_day(patient.deceased_on, today) if patient.deceased_on else "",
        contact_points=_contact_point_rows(patient, recall.site.country),
    )


def _contact_point_rows(patient: Patient, country: str) -> list[ContactPointRow]:
    usable = get_patient_channels(patient)
    hrefs = {
        ContactPoint.Kind.MOBILE: f"tel:{usable.mobile}" if usable.mobile else "",
        ContactPoint.Kind.HOME: f"tel:{usable.home}" if usable.home else "",
        ContactPoint.Kind.EMAIL: "",  # mail leaves by the outbox, where it is kept and followed
    }
    lines = []
    for point in sorted(patient.contact_points.all(), key=lambda row: ContactPoint.Kind.values.index(row.kind)):
        kind = ContactPoint.Kind(point.kind)
        is_phone = kind != ContactPoint.Kind.EMAIL
        shown = format_phone(point.value, country) if is_phone else point.value
        lines.append(
            ContactPointRow(
                kind.label, shown, hrefs[kind], _unusable_reason(point, patient, usable.email_blocked_reason)
            )
        )
    return lines


def _unusable_reason(point: ContactPoint, patient: Patient, why_no_email: str) -> str:
    if point.unusable:
        return str(point.get_unusable_display())
    if point.kind == ContactPoint.Kind.EMAIL:
        return _("wants no email") if why_no_email == "opted_out" else ""
    return _("do not call") if patient.do_not_call else ""


def build_recall_reason(recall: Recall, now: datetime) -> RecallReason:
    exam = recall.exam
    screens = {None: "", True: _("first screening"), False: _("screened before")}
    return RecallReason(
        findings=format_findings(exam),
        kind=str(recall.get_kind_display()),
        assessment=str(exam.get_assessment_display()),
        exam_day=format_day(exam.exam_date, calendar.local_day(recall.site, now)),
        reader=exam.reader.get_full_name() if exam.reader else exam.reader_name,
        screening_history=screens[exam.first_screen],
        referrer=exam.referrer.name if exam.referrer else "",
        accession=exam.accession,
        comment=exam.comment,
    )


def format_findings(exam: ScreeningExam) -> list[str]:
    """ "Calcifications (right, upper outer)"; no query when prefetched."""
    return [_format_finding(row.get_kind_display(), row.side, row.place) for row in exam.findings.all()]


def _format_finding(kind: Any, side: str, place: str) -> str:
    return f"{kind} ({', '.join(part for part in (str(Side(side).label).lower(), place) if part)})"


def build_recall_status(recall: Recall, now: datetime, facts: NextActionFacts | None = None) -> RecallStatus:
    site = recall.site
    return RecallStatus(
        state=str(State(recall.state).label),
        next_action=describe_next_action(recall, facts or collect_next_action_facts(recall), now=now),
        due=time_remaining(site, recall.due_at, now) if recall.due_at else None,
        time_to_target=time_remaining(site, recall.target_at, now) if recall.target_at and recall.is_open else None,
    )


def build_contact_ladder(recall: Recall, now: datetime) -> list[ContactLadderRow]:
    """The check list before a patient is called lost: every rung with its try, and the last day of the ladder."""
    filled = contact_ladder.attempts_by_rung(recall.site, contact_ladder.current_ladder_attempts(recall))
    last_day = calendar.add_days(recall.site, recall.contact_since or recall.opened_at, recall.site.lost_after)
    until = _("%(days)d days given to the patient, until %(when)s") % {
        "days": recall.site.lost_after,
        "when": format_day(calendar.local_day(recall.site, last_day), calendar.local_day(recall.site, now)),
    }
    rungs = [
        ContactLadderRow(rung.label, rung in filled, _format_attempt(recall, filled.get(rung), now))
        for rung in recall.site.contact_ladder
    ]
    return [*rungs, ContactLadderRow(until, now >= last_day)]


def _format_attempt(recall: Recall, attempt: ContactAttempt | None, now: datetime) -> str:
    if attempt is None:
        return ""
    return f"{attempt.get_result_display()}, {display_datetime(recall.site, attempt.at, now)}, {attempt.by}"


def build_recall_context(recall: Recall, user: User, now: datetime) -> dict[str, Any]:
    """Template context that the page of a recall and the pages of its steps share. No query."""
    return {
        "recall": recall,
        "patient_header": build_patient_header(recall, now),
        "recall_reason": build_recall_reason(recall, now),
        "recall_status": build_recall_status(recall, now),
        "contact_ladder": build_contact_ladder(recall, now) if recall.state == State.TO_CONTACT else [],
        "call_script": build_call_script(recall, user),
        "opened_by": edit_presence.get_claim_holder(recall, user, now),
    }
