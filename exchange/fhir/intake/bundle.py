"""Takes in a Bundle of reports: each by itself, so that the good beside a bad one goes in."""

from exchange.batch_importer import RowResult
from exchange.fhir.access.auth import Caller
from exchange.fhir.intake.received import Json, Received, check_resource
from exchange.fhir.intake.reports import TakenReport, take_reports
from exchange.fhir.outcome import FhirError, build_operation_outcome

_BUNDLE_TYPES = frozenset({"batch", "collection", "message", "transaction"})
_SUPPORTING = ("DiagnosticReport", "Observation", "Organization", "Patient", "Practitioner")


def take_bundle(caller: Caller, bundle: Json) -> Json:
    """The answer of type batch-response or transaction-response. Raises FhirError for one that cannot be read."""
    entries = bundle.get("entry")
    shell = {**bundle, "entry": []} if isinstance(entries, list) else bundle
    check_resource({name: value for name, value in shell.items() if value != []}, ("Bundle",))
    if bundle.get("type") not in _BUNDLE_TYPES or not entries or not all(isinstance(one, dict) for one in entries):
        words = f"Send a Bundle of type {', '.join(sorted(_BUNDLE_TYPES))} with entries."
        raise FhirError.of(422, words, place="Bundle.type", code="business-rule")
    reports = [entry["resource"] for entry in entries if _type_of(entry) == "DiagnosticReport"]
    if not reports:
        raise FhirError.of(422, "There is no DiagnosticReport in it.", place="Bundle.entry", code="business-rule")
    if bundle["type"] == "transaction" and len(reports) > 1:
        words = "Send one report in a transaction, or several as a batch: each then goes in by itself."
        raise FhirError.of(422, words, place="Bundle.type", code="business-rule")
    faults = {id(entry.get("resource")): error for entry in entries if (error := _find_fault(entry)) is not None}
    received = Received.of_bundle({"entry": [entry for entry in entries if id(entry.get("resource")) not in faults]})
    sound = [report for report in reports if id(report) not in faults]
    taken = dict(zip(map(id, sound), take_reports(caller, sound, received), strict=True))
    for report in reports:
        if (fault := faults.get(id(report))) is not None:
            taken[id(report)] = TakenReport(RowResult.PARKED, None, tuple(fault.issues))
    kind = "transaction-response" if bundle["type"] == "transaction" else "batch-response"
    answers = [_answer(entry, taken, faults.get(id(entry.get("resource")))) for entry in entries]
    return {"resourceType": "Bundle", "type": kind, "entry": answers}


def _type_of(entry: Json) -> str:
    resource = entry.get("resource")
    return str(resource.get("resourceType")) if isinstance(resource, dict) else ""


def _find_fault(entry: Json) -> FhirError | None:
    try:
        resource = entry.get("resource")
        check_resource(resource if isinstance(resource, dict) else {}, _SUPPORTING)
    except FhirError as fault:
        return fault
    return None


def _answer(entry: Json, taken: dict[int, TakenReport], fault: FhirError | None) -> Json:
    """Supporting resources are read with their report and stored by its rules: 200 where they could be read."""
    one = taken.get(id(entry.get("resource")))
    if one is None:
        response: Json = {"status": "422" if fault else "200"}
        issues = fault.issues if fault else []
    else:
        response, issues = {"status": str(one.status)}, list(one.issues)
        if one.exam is not None:
            response["location"] = f"DiagnosticReport/exam-{one.exam.pk}"
    if issues:
        response["outcome"] = build_operation_outcome(issues, int(response["status"]))
    return {"response": response}
