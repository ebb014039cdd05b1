"""Header of a recall's page: patient, contact points, reason, status and contact ladder."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site, User
from desk.languages import language_name
from patients.channels import get_patient_channels, list_contact_points
from patients.contact_validation import format_phone
from patients.models import ContactPoint, Patient
from recalls import contact_ladder, edit_presence
from recalls.assignment import current_assignee, display_name
from recalls.enums import LADDER_STATES, AppointmentStatus, FindingKind, Side, State
from recalls.lesion_stages import worst_open_category
from recalls.models import ContactAttempt, Recall, ScreeningExam
from recalls.presenters.barriers.panel import script_help
from recalls.presenters.call_script import build_call_script
from recalls.presenters.case_marks import (
    Lateness,
    ResolutionProgress,
    describe_assessment,
    format_missed_visits,
    format_result_wish,
    format_risk,
    format_since_screening,
    measure_lateness,
    resolution_progress,
    result_teller,
)
from recalls.presenters.case_record import build_case_record
from recalls.presenters.contact_plan import ContactPlanText, describe_contact_plan
from recalls.presenters.datetime_display import TimeRemaining, display_datetime, format_day, time_remaining
from recalls.presenters.moved_exam import build_sent_and_told, is_exam_moved
from recalls.presenters.next_action import NextActionFacts, collect_next_action_facts, describe_next_action
from recalls.presenters.queue_rows import interpreter_text
from recalls.presenters.supplemental import describe_supplemental_reason
from recalls.scheduling.day_schedule import is_on_closed_day


@dataclass(frozen=True, slots=True)
class ContactPointRow:
    """One way to reach the patient: `href` is empty when it must not be used, and `problem` says why."""

    kind: Any
    display_value: str
    href: str
    unusable_reason: str
    verified_on: str = ""


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
    contact_plan: ContactPlanText | None


@dataclass(frozen=True, slots=True)
class RecallReason:
    """Why the patient was called back, from the screening exam."""

    findings: list[str]
    kind: str
    supplemental: str
    assessment: str
    exam_day: str
    reader: str
    screening_history: str
    referrer: str
    accession: str
    comment: str


@dataclass(frozen=True, slots=True)
class RecallStatus:
    """Where the recall stands: state, why it is on the list, the two times that matter, and its marks."""

    state: str
    next_action: str
    due: TimeRemaining | None
    time_to_target: TimeRemaining | None
    lateness: Lateness
    # To whom it was given; empty while it is everybody's.
    assigned_to: str
    # The exam belongs to another patient by now: nothing of it may be shown.
    exam_moved: bool
    since_screening: str
    resolution: ResolutionProgress
    risk: str
    is_at_risk: bool
    missed_visits: str
    # Who tells a result that is still to be told; empty for any other recall.
    result_teller: str
    result_wish: str


@dataclass(frozen=True, slots=True)
class OtherRecall:
    """Another open recall of the same patient."""

    url: str
    exam_day: str
    state: str


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
        contact_points=_contact_point_rows(patient, recall.site, today),
        contact_plan=describe_contact_plan(patient, now),
    )


def _contact_point_rows(patient: Patient, site: Site, today: date) -> list[ContactPointRow]:
    usable = get_patient_channels(patient)
    hrefs = {
        ContactPoint.Kind.MOBILE: f"tel:{usable.mobile}" if usable.mobile else "",
        ContactPoint.Kind.HOME: f"tel:{usable.home}" if usable.home else "",
        ContactPoint.Kind.OTHER: f"tel:{usable.other}" if usable.other else "",
        ContactPoint.Kind.EMAIL: "",  # mail leaves by the outbox, where it is kept and followed
    }
    lines = []
    for point in list_contact_points(patient):
        kind = ContactPoint.Kind(point.kind)
        is_phone = kind != ContactPoint.Kind.EMAIL
        shown = format_phone(point.value, site.country) if is_phone else point.value
        fault = _unusable_reason(point, patient, usable.email_blocked_reason)
        verified = format_day(calendar.local_day(site, point.verified_at), today) if point.verified_at else ""
        lines.append(ContactPointRow(kind.label, shown, hrefs[kind], fault, verified))
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
        supplemental=describe_supplemental_reason(recall),
        assessment=describe_assessment(exam, recall.site),
        exam_day=format_day(exam.exam_date, calendar.local_day(recall.site, now)),
        reader=exam.reader.get_full_name() if exam.reader else exam.reader_name,
        screening_history=screens[exam.first_screen],
        referrer=exam.referrer.name if exam.referrer else "",
        accession=exam.accession,
        comment=exam.comment,
    )


def format_findings(exam: ScreeningExam) -> list[str]:
    """ "Calcifications (right, upper outer)"; no query when prefetched."""
    return [_format_finding(FindingKind(row.kind).label, row.side, row.place) for row in exam.findings.all()]


def _format_finding(kind: Any, side: str, place: str) -> str:
    return f"{kind} ({', '.join(part for part in (str(Side(side).label).lower(), place) if part)})"


def build_recall_status(recall: Recall, now: datetime, facts: NextActionFacts | None = None) -> RecallStatus:
    site, today = recall.site, calendar.local_day(recall.site, now)
    missed = sum(visit.status == AppointmentStatus.MISSED for visit in recall.appointments.all())
    is_untold = recall.state == State.RESULT_TO_TELL
    return RecallStatus(
        state=str(State(recall.state).label),
        next_action=describe_next_action(recall, facts or collect_next_action_facts(recall), now=now),
        due=time_remaining(site, recall.due_at, now) if recall.due_at else None,
        time_to_target=time_remaining(site, recall.target_at, now) if recall.target_at and recall.is_open else None,
        lateness=measure_lateness(recall, site, now),
        assigned_to=display_name(person) if (person := current_assignee(recall, today)) else "",
        exam_moved=is_exam_moved(recall),
        since_screening=format_since_screening(recall, today),
        resolution=resolution_progress(recall, site, today),
        risk=format_risk(recall, worst_open_category(recall)),
        is_at_risk=recall.suspicious,
        missed_visits=format_missed_visits(missed),
        result_teller=result_teller(recall, site, today) if is_untold else "",
        result_wish=format_result_wish(recall),
    )


def build_contact_ladder(recall: Recall, now: datetime) -> list[ContactLadderRow]:
    """The check list before a patient is called lost: every rung with its try, and the last day of the ladder."""
    filled = contact_ladder.attempts_by_rung(recall, contact_ladder.current_ladder_attempts(recall))
    ladder, last_day = contact_ladder.get_ladder(recall), contact_ladder.lost_from(recall)
    until = _("%(days)d days given to the patient, until %(when)s") % {
        "days": ladder.lost_after,
        "when": format_day(calendar.local_day(recall.site, last_day), calendar.local_day(recall.site, now)),
    }
    rungs = [
        ContactLadderRow(rung.label, rung in filled, _format_attempt(recall, filled.get(rung), now))
        for rung in ladder.rungs
    ]
    return [*rungs, ContactLadderRow(until, now >= last_day)]


def _other_recall(other: Recall, recall: Recall, now: datetime) -> OtherRecall:
    day = format_day(other.exam.exam_date, calendar.local_day(recall.site, now))
    return OtherRecall(reverse("recall", args=[other.pk]), day, str(State(other.state).label))


def _format_attempt(recall: Recall, attempt: ContactAttempt | None, now: datetime) -> str:
    if attempt is None:
        return ""
    return f"{attempt.get_result_display()}, {display_datetime(recall.site, attempt.at, now)}, {attempt.by}"


def build_recall_context(recall: Recall, user: User, now: datetime, others: Iterable[Recall] = ()) -> dict[str, Any]:
    """Template context that the page of a recall and the pages of its steps share.

    `others`: the patient's other open recalls. No query, but for an exam that was moved to another patient.
    """
    is_moved = is_exam_moved(recall)
    return {
        "sent_and_told": build_sent_and_told(recall, now) if is_moved else (),
        "case_record": None if is_moved else build_case_record(recall, now),
        "other_recalls": [_other_recall(other, recall, now) for other in others],
        "recall": recall,
        "patient_header": build_patient_header(recall, now),
        "recall_reason": build_recall_reason(recall, now),
        "recall_status": build_recall_status(recall, now),
        "printed_at": display_datetime(recall.site, now, now),
        "contact_ladder": build_contact_ladder(recall, now) if recall.state in LADDER_STATES else [],
        "call_script": build_call_script(recall, user),
        "script_help": script_help(recall),
        "visit_on_closed_day": any(is_on_closed_day(visit) for visit in recall.appointments.all()),
        "opened_by": edit_presence.get_claim_holder(recall, user, now),
    }
