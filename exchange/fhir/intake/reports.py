"""Takes in reports by the rules of a results file: one row each, parked with its problems where it may not go in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from exchange.batch_importer import RowReport, RowResult
from exchange.csv_reader import Record
from exchange.errors import Problem
from exchange.fhir.access.auth import Caller
from exchange.fhir.intake.received import Json, Received, check_resource
from exchange.fhir.intake.report_row import PLACES, Sender, build_row
from exchange.fhir.outcome import Issue
from exchange.loader import Loader, get_sites_by_code
from exchange.models import ResultFile
from exchange.row_parser import ResultRow, parse_row
from recalls.actions.corrections import assessment_severity
from recalls.models import ScreeningExam
from recalls.selectors.patients import patients_of

_WITHDRAWAL = Problem("", "The sender withdrew this report. Look at the exam, and void its recall if that is right.")
_LESS = Problem(
    "assessment",
    "This report says less than the result that is here, and is not marked as corrected. Look which one counts.",
)
_FINAL = frozenset({"final", "amended", "corrected", "appended"})
_WITHDRAWN = frozenset({"cancelled", "entered-in-error"})


@dataclass(frozen=True, slots=True)
class TakenReport:
    """What became of one report: the exam, whether it was new here, or why it may not go in."""

    result: RowResult
    exam: ScreeningExam | None
    issues: tuple[Issue, ...] = ()

    @property
    def status(self) -> int:
        if self.result == RowResult.PARKED:
            return 422
        return 201 if self.result in (RowResult.OPENED, RowResult.RECORDED) else 200


_PRELIMINARY = TakenReport(
    RowResult.PARKED,
    None,
    (
        Issue(
            "Only a final report opens a recall. Send it again when it is final.",
            "DiagnosticReport.status",
            "business-rule",
        ),
    ),
)


def build_sender(caller: Caller) -> Sender:
    sites = {code: site for code, site in get_sites_by_code().items() if site.pk in caller.site_ids}
    return Sender(patients_of(caller.account), sites, caller.client.mrn_system)


def take_reports(caller: Caller, reports: Sequence[Json], received: Received) -> list[TakenReport]:
    """Store each report, or park its row; of a preliminary one nothing is kept. In the order they came."""
    sender = build_sender(caller)
    taken: dict[int, TakenReport] = {}
    records = []
    for number, report in enumerate(reports, start=1):
        check_resource(report, ("DiagnosticReport",))
        if report["status"] not in _FINAL | _WITHDRAWN:
            taken[number] = _PRELIMINARY
            continue
        raw, problems = build_row(report, received, sender)
        problems += [_WITHDRAWAL] if report["status"] in _WITHDRAWN else []
        if not problems and report["status"] == "final" and _says_less(raw, sender):
            problems.append(_LESS)
        records.append(Record(number, raw, tuple(problems)))
    if records:
        with transaction.atomic():
            loader = Loader(_find_file(caller), sender.sites, by=caller.account, source=f"FHIR {caller.client.name}")
            taken |= {outcome.line: _describe(outcome) for outcome in loader.load(records)}
            patients = [one.exam.patient_id for one in taken.values() if one.exam]
            caller.log_access("FHIR write: DiagnosticReport", patients)
    return [taken[number] for number in sorted(taken)]


def _says_less(raw: Mapping[str, str], sender: Sender) -> bool:
    """Whether a newer report, not marked as a correction, says less than the result that is here."""
    row = parse_row(raw, sender.sites, None)
    if not isinstance(row, ResultRow):
        return False
    exam = ScreeningExam.objects.filter(site=row.site, accession=row.accession).first()
    if exam is None or (row.reported_at and exam.reported_at and row.reported_at < exam.reported_at):
        return False
    return assessment_severity(row.assessment) < assessment_severity(exam.assessment)


def _find_file(caller: Caller) -> ResultFile:
    """One a client and day: where parked rows say that they come from."""
    name = f"FHIR {caller.client.name}"
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    today = ResultFile.objects.filter(name=name, loaded_at__gte=midnight).order_by("pk").first()
    return today or ResultFile.objects.create(name=name, by=name)


def _describe(outcome: RowReport) -> TakenReport:
    parked = outcome.result == RowResult.PARKED
    issues = [
        Issue(
            problem.message, PLACES.get(problem.column, "DiagnosticReport"), severity="error" if parked else "warning"
        )
        for problem in outcome.problems
    ]
    if parked:
        issues.append(
            Issue("The report is kept: staff can mend it under “Parked rows”.", "", "informational", "information")
        )
    return TakenReport(outcome.result, outcome.exam, tuple(issues))
