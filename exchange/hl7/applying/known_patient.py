"""Finds the patient whom a message is about, by the same rules as a row of a results file."""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from clinic import calendar
from clinic.models import Site
from exchange.errors import Confirmation, Problem, RowRejected
from exchange.hl7.applying.intake_actor import intake_actor
from exchange.hl7.applying.patient_cells import FIELD_BY_COLUMN, build_patient_cells
from exchange.hl7.message_result import MessageResult, parked
from exchange.hl7.reading.facts import PatientFacts
from exchange.hl7.reading.timestamps import parse_time
from exchange.models import Hl7Sender
from exchange.patient_matching import PatientMatcher
from exchange.row_parser import ResultRow, parse_patient
from patients.models import Patient

CONFIRMED = "confirmed"  # the key of `Hl7Message.accepted` that holds what a person confirmed of the patient
SOURCE = "HL7"  # how what a message says is known, in a patient's history


@dataclass(slots=True)
class KnownPatient:
    """What a message says of its patient, and the record in use behind the number; None when there is none."""

    row: ResultRow
    matcher: PatientMatcher
    record: Patient | None = None


def find_known_patient(
    patient: PatientFacts, sender: Hl7Sender, site: Site, day: date, confirmed: frozenset[Confirmation] = frozenset()
) -> KnownPatient | MessageResult:
    """The patient, or parked with what stands in the way: a number, name or birth date that is not plain, a mix-up."""
    cells, faults = build_patient_cells(patient, sender)
    if faults:
        return parked(faults[0].message, faults[0].place, site=site)
    row = parse_patient(cells, site, day)
    if not isinstance(row, ResultRow):
        return park_problems(row, site)
    matcher = PatientMatcher([row], SOURCE, intake_actor(), confirmed)
    try:
        return KnownPatient(row, matcher, matcher.find_patient(row))
    except RowRejected as refused:
        return park_problems(list(refused.problems), site)


def park_problems(problems: list[Problem], site: Site | None) -> MessageResult:
    """Parked for the first problem; where a person may confirm instead of mending, that is the proposal."""
    words = " ".join(dict.fromkeys(problem.message for problem in problems))
    confirmable = [problem.settled_by.value for problem in problems if problem.settled_by]
    proposal = {CONFIRMED: confirmable[:1]} if len(confirmable) == len(problems) else None
    return parked(words, FIELD_BY_COLUMN.get(problems[0].column, ""), site=site, proposal=proposal)


def find_day(sent_at: str, site: Site) -> date:
    """The day, at the site, on which a message was written; today where it does not say."""
    time = parse_time(sent_at)
    if time is None or time.as_date is None:
        return calendar.today(site)
    moment = time.instant
    return min(calendar.local_day(site, moment) if moment else time.as_date, calendar.local_day(site, timezone.now()))
