"""Turns the report of a message into the cells of a results file, or says why a person must look at it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import calendar
from clinic.models import Site
from exchange.errors import InvalidValue
from exchange.hl7.applying.imaging_orders import (
    build_order,
    find_advice,
    find_mark,
    find_recommended,
    read_recommendation,
)
from exchange.hl7.applying.known_patient import find_day
from exchange.hl7.applying.patient_cells import build_patient_cells
from exchange.hl7.applying.report_assessment import ReportReading, keep_standing, read_report
from exchange.hl7.applying.sender_words import (
    ProcedureKind,
    classify_report,
    find_modality,
    find_site,
    read_observation_meaning,
    read_status_word,
)
from exchange.hl7.message_result import ReportMark
from exchange.hl7.reading.facts import PatientFacts, PersonName, ReadMessage, ReportFacts
from exchange.hl7.reading.faults import Fault
from exchange.hl7.reading.timestamps import parse_time
from exchange.models.hl7_sender import Hl7Sender, ObservationMeaning, ReportStatus
from exchange.parsing.indication_parser import read_indication
from exchange.parsing.value_parsers import parse_risk_score
from recalls.actions.opening import RecommendedImaging
from recalls.enums import SUSPICIOUS_ASSESSMENTS, Assessment

_MAX_CLOCK_LEAD = timedelta(minutes=15)  # how far a sender's clock may be ahead of ours
INCOMPLETE = gettext_lazy("Incomplete recommendation: the report does not say plainly which imaging, or by when.")
_DOCUMENT_CHANGES = frozenset({"T06", "T08", "T10"})  # addendum, edit, replacement


@dataclass(slots=True)
class ReportRow:
    """One report as a row. `fault` says why it may not go in; `proposal` are the cells that a person may accept."""

    site: Site
    kind: ProcedureKind
    status: ReportStatus | None = None
    cells: dict[str, str] = field(default_factory=dict)
    fault: Fault | None = None
    proposal: dict[str, str] | None = None
    order: RecommendedImaging | None = None
    said_at: datetime | None = None  # when the report says that it was written

    @property
    def mark(self) -> ReportMark | None:
        """For the watch over preliminary readings; None for what ends no wait and begins none."""
        if self.kind == ProcedureKind.OTHER:
            return None
        accession, word = self.cells.get("accession", ""), self.cells.get("assessment", "")
        if self.status in (ReportStatus.FINAL, ReportStatus.CORRECTED):
            return ReportMark(self.site, accession, self.said_at, is_final=True)
        if self.status != ReportStatus.PRELIMINARY or word not in SUSPICIOUS_ASSESSMENTS:
            return None
        return ReportMark(self.site, accession, self.said_at, preliminary=Assessment(word))


def build_report_row(read: ReadMessage, sender: Hl7Sender, sites: Mapping[str, Site]) -> ReportRow:
    """The screening report of a message with one patient. Never raises."""
    site = find_site(read.places, sender, sites)
    kinds = [(classify_report(report, sender), report) for report in read.reports]
    kind = next((one for one in ProcedureKind if any(found == one for found, _report in kinds)), ProcedureKind.OTHER)
    reports = [report for found, report in kinds if found == kind]
    row = ReportRow(site, kind)
    if kind == ProcedureKind.OTHER:
        return row
    report, row.fault = _join_reports(reports)
    others = {found for found, _report in kinds} - {kind, ProcedureKind.OTHER}
    if others and row.fault is None:
        row.fault = Fault("OBR-4", _("The message reports a screening exam and another one. Enter each by itself."))
    status = _find_status(report, sender, read.header.trigger)
    row.status = status if isinstance(status, ReportStatus) else None
    row.said_at = find_moment(report.reported or report.document.reported, sender, site)
    patient_cells, faults = build_patient_cells(read.patients[0], sender)
    said = read_report(report, sender, site)
    row.cells = {**patient_cells, **_exam_cells(report, read, sender, site), **said.cells, "site": site.code}
    row.fault = row.fault or (status if isinstance(status, Fault) else None) or next(iter(faults), None)
    order = _read_order(report, said, sender, find_exam_date(report, read, sender, site))
    row.order = order if isinstance(order, RecommendedImaging) else None
    reasons = [fault for fault in (Fault(said.place, said.reason), order) if isinstance(fault, Fault) and fault.message]
    if row.fault is None and reasons:
        row.fault = Fault(reasons[0].place, " ".join(fault.message for fault in reasons))
        row.proposal = _propose(said)
    return row


def _read_order(
    report: ReportFacts, said: ReportReading, sender: Hl7Sender, exam_date: date
) -> RecommendedImaging | Fault | None:
    """What the report recommends, as the recall's order; of a marked finding (RAD-128) imaging and days are asked."""
    mark, coded = find_mark(report), find_recommended(report, sender)
    assessment = said.cells.get("assessment", "")
    if assessment == Assessment.NEED_PRIORS or (mark is None and not coded):
        return None
    if mark is not None and assessment in (Assessment.NEGATIVE, Assessment.BENIGN):
        return Fault(
            "OBX-5", _("The report marks a finding that asks for action and gives a 1 or 2. Say which counts.")
        )
    order = build_order(read_recommendation(coded or find_advice(report.text), exam_date), mark)
    return Fault("OBX-5", str(INCOMPLETE)) if order is None and mark is not None else order


def _propose(said: ReportReading) -> dict[str, str] | None:
    """The categories that were read; None where there is nothing to accept."""
    columns = ("assessment", "assessment_left", "assessment_right", "density")
    proposal = {column: said.cells[column] for column in columns if column in said.cells}
    return proposal if "assessment" in proposal else None


def _join_reports(reports: list[ReportFacts]) -> tuple[ReportFacts, Fault | None]:
    """One exam of several OBR, as a mammogram with its tomosynthesis; exams of their own are not taken together."""
    numbers = {find_accession(report) for report in reports if report.observations or len(reports) == 1}
    numbers = numbers or {find_accession(reports[0])}
    first = next((report for report in reports if report.observations), reports[0])
    if len(numbers) > 1:
        return first, Fault("OBR-3", _("The message reports more than one screening exam. Enter each by itself."))
    observations = tuple(one for report in reports for one in report.observations)
    return replace(first, observations=observations), None


def find_accession(report: ReportFacts) -> str:
    """The number of the exam: that of the system that made it, else the accession or order number that is there."""
    document = report.document
    given = (report.filler, report.accession, report.order.filler, document.filler, report.placer, report.order.placer,
             document.placer)  # fmt: skip
    return next((number.strip() for number in given if number.strip()), "")


def _find_status(report: ReportFacts, sender: Hl7Sender, trigger: str) -> ReportStatus | Fault:
    """What OBR-25 (or TXA-17) and OBX-11 say together; words that nobody has explained are asked about."""
    place, word = ("OBR-25", report.status) if report.status.strip() else ("TXA-17", report.document.status)
    words = {one.status.strip() for one in keep_standing(report.observations, sender)} - {""}
    lines = {read_status_word(line, sender) for line in words}
    status = read_status_word(word, sender)
    if status is None and not word.strip():
        place, status = "OBX-11", next(iter(lines)) if len(lines) == 1 else None
    if status is None:
        message = _("What the status of this report means is not known. Explain its word for this sender.")
        missing = _("The message does not say whether the report is final.")
        return Fault(place, message) if word.strip() or lines else Fault("OBR-25", missing)
    if status == ReportStatus.FINAL and ReportStatus.PRELIMINARY in lines:
        return Fault("OBX-11", _("The report is called final, and parts of it preliminary. Look which is right."))
    is_changed = ReportStatus.CORRECTED in lines or trigger in _DOCUMENT_CHANGES
    return ReportStatus.CORRECTED if status == ReportStatus.FINAL and is_changed else status


def _exam_cells(report: ReportFacts, read: ReadMessage, sender: Hl7Sender, site: Site) -> dict[str, str]:
    reported = report.reported or report.document.reported or read.header.sent_at
    doctor = next((one for one in report.ordering if _person(one)), PersonName())
    cells = {
        "accession": find_accession(report),
        "exam_date": format_time(report.observed or report.document.observed, sender, site),
        "reported_at": format_time(reported, sender, site, is_past=True),
        "reader": name_reader(report),
        "referrer_name": _person(doctor) if doctor.family else "",
        "referrer_npi": doctor.id if _is_npi(doctor) else "",
        "modality": find_modality(report),
        **_risk_cells(report, sender),
        **read_indication((one.code, one.text) for one in report.reasons),
    }
    return {column: text for column, text in cells.items() if text}


def name_reader(report: ReportFacts) -> str:
    """NPI or name of the first who read it; empty where nobody is named."""
    return next((name for one in (*report.readers, *report.document.authors) if (name := _person(one))), "")


def _risk_cells(report: ReportFacts, sender: Hl7Sender) -> dict[str, str]:
    """The one score that the sender's settings name; one that is no plain number is left out and holds up no result."""
    found = [
        one for one in keep_standing(report.observations, sender)
        if read_observation_meaning(one.question, sender) == ObservationMeaning.RISK_SCORE
    ]  # fmt: skip
    if len(found) != 1:
        return {}
    try:
        score = parse_risk_score(found[0].text.strip())
    except InvalidValue:
        return {}
    question = found[0].question
    return {"risk_score": str(score), "risk_source": (question.text or question.code).strip()[:60]}


def _person(person: PersonName) -> str:
    return " ".join(part for part in (person.given, person.family) if part) or person.id


def _is_npi(person: PersonName) -> bool:
    return len(person.id) == 10 and person.id.isascii() and person.id.isdigit()


def format_time(text: str, sender: Hl7Sender, site: Site, *, is_past: bool = False) -> str:
    """A time as a cell; without an offset it is that of the sender's zone, and "" where it is none.

    `is_past`: a time that a sender's clock puts a few minutes ahead of ours is now.
    """
    time = parse_time(text)
    if time is None or time.as_date is None:
        return ""
    wall, moment = time.wall_time, time.instant
    if wall is not None and moment is None and sender.time_zone:
        moment = wall.replace(tzinfo=ZoneInfo(sender.time_zone))
    if moment is None and is_past and wall is not None:
        moment = wall.replace(tzinfo=site.zone)
    if moment is None:
        return time.iso()
    now = timezone.now()
    if is_past and now < moment <= now + _MAX_CLOCK_LEAD:
        moment = now
    return moment.replace(microsecond=0).astimezone(site.zone).isoformat(sep=" ")


def find_moment(text: str, sender: Hl7Sender, site: Site) -> datetime | None:
    """The moment of a time of day, as UTC; None for a day alone and for what is no time."""
    time = parse_time(text)
    if time is None or time.wall_time is None:
        return None
    zone = ZoneInfo(sender.time_zone) if sender.time_zone else site.zone
    return (time.instant or time.wall_time.replace(tzinfo=zone)).astimezone(UTC)


def find_exam_date(report: ReportFacts, read: ReadMessage, sender: Hl7Sender, site: Site) -> date:
    """The day of the exam at the site; that of the message where the report does not say."""
    observed = report.observed or report.document.observed
    moment, time = find_moment(observed, sender, site), parse_time(observed)
    if moment is not None:
        return calendar.local_day(site, moment)
    return (time.as_date if time else None) or find_day(read.header.sent_at, site)


def one_patient(read: ReadMessage) -> PatientFacts | Fault:
    """The patient of a message that is about one; several with one number are the same."""
    if not read.patients:
        return Fault("PID", _("The message names no patient: it has no PID segment."))
    first = read.patients[0]
    if any(other.record_numbers != first.record_numbers or other.names != first.names for other in read.patients[1:]):
        return Fault("PID", _("The message names two patients. Ask the sender to send each by itself."))
    return first
