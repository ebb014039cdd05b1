"""Turns a DiagnosticReport with its patient into the row that a results file would hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.db.models import QuerySet

from clinic.models import Site
from exchange.errors import WHOLE_ROW, Problem
from exchange.fhir.intake.readings import read_assessment, read_observations
from exchange.fhir.intake.received import Json, Received, codings_of
from exchange.fhir.resources.background import read_background
from exchange.fhir.resources.codes import LOINC, LOINC_BY_MODALITY
from exchange.fhir.resources.elements import LOCAL, NPI_SYSTEM
from exchange.fhir.search.filters import parse_pk
from exchange.hl7.applying.sender_words import DIAGNOSTIC_CODES, SCREENING_CODES
from exchange.parsing.indication_parser import read_indication
from patients.models import Patient

MRN_SYSTEM = f"{LOCAL}mrn:"
_SEX_BY_GENDER = {"female": "F", "male": "M", "other": "O", "unknown": "U"}
_MODALITY_BY_LOINC = {code: modality.value for modality, code in LOINC_BY_MODALITY.items()}
# Where in the resources a column comes from: what an answer points at.
PLACES: Mapping[str, str] = {
    WHOLE_ROW: "DiagnosticReport",
    "site": "DiagnosticReport.performer",
    "mrn": "Patient.identifier",
    "assigning_authority": "Patient.identifier.system",
    "family_name": "Patient.name.family",
    "given_name": "Patient.name.given",
    "birth_date": "Patient.birthDate",
    "sex": "Patient.gender",
    "language": "Patient.communication.language",
    "race": "Patient.extension",
    "ethnicity": "Patient.extension",
    "accession": "DiagnosticReport.identifier",
    "exam_date": "DiagnosticReport.effectiveDateTime",
    "reported_at": "DiagnosticReport.issued",
    "assessment": "DiagnosticReport.conclusionCode",
    "assessment_left": "Observation.valueCodeableConcept",
    "assessment_right": "Observation.valueCodeableConcept",
    "density": "Observation.valueCodeableConcept",
    "modality": "DiagnosticReport.code",
    "reader": "DiagnosticReport.resultsInterpreter",
    "double_read": "DiagnosticReport.resultsInterpreter",
    "recall_kind": "ServiceRequest.reasonCode",
    "findings": "ServiceRequest.reasonCode",
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: the patients and sites that it may name, and the system of its own record numbers."""

    patients: QuerySet[Patient]
    sites: Mapping[str, Site]
    mrn_system: str = ""


def build_row(report: Json, received: Received, sender: Sender) -> tuple[dict[str, str], list[Problem]]:
    """The row's cells, and what is wrong before its own rules look at it. An empty cell says nothing."""
    problems: list[Problem] = []
    readers = _read_readers(report, received)
    cells = {
        "site": _read_site(report, received, sender),
        "accession": _read_accession(report),
        "exam_date": _first_text(report, "effectiveDateTime")
        or _first_text(report.get("effectivePeriod") or {}, "start"),
        "reported_at": _first_text(report, "issued"),
        "modality": next((_MODALITY_BY_LOINC[code] for system, code in codings_of(report.get("code"))
                          if system == LOINC and code in _MODALITY_BY_LOINC), ""),
        "reader": next(iter(readers), ""),
        "double_read": "yes" if len(set(readers)) > 1 else "",
        **read_indication(_reasons(report, received)),
    }  # fmt: skip
    if _is_diagnostic(report):
        words = "This is the report of a diagnostic exam: a radiologist records its outcome at the recall."
        problems.append(Problem(WHOLE_ROW, words))
    cells |= _read_patient(report, received, sender, problems)
    results = [received.resolve(one, report) for one in report.get("result", [])]
    try:
        cells |= read_observations(one for one in results if one is not None)
        told = {text for one in report.get("conclusionCode", []) if (text := read_assessment(one))}
        if len(told) > 1:
            raise ValueError("The report tells two results. Send the overall one, and each breast as an Observation.")
        if told:
            cells["assessment"] = told.pop()
    except ValueError as contradiction:
        problems.append(Problem("assessment", str(contradiction)))
    if missing := sum(one is None for one in results):
        problems.append(Problem(WHOLE_ROW, f"{missing} of the results that it names were not sent with it."))
    return {name: text for name, text in cells.items() if text}, problems


def _reasons(report: Json, received: Received) -> Iterator[tuple[str, str]]:
    """Code and words of each reason in the orders that were sent with the report."""
    for one in report.get("basedOn", []):
        order = received.resolve(one, report) or {}
        for reason in order.get("reasonCode", []):
            for coding in reason.get("coding", []):
                words = f"{reason.get('text', '')} {coding.get('display', '')}"
                yield str(coding.get("code", "")), words


def _first_text(resource: Json, name: str) -> str:
    value = resource.get(name)
    return value if isinstance(value, str) else ""


def _read_site(report: Json, received: Received, sender: Sender) -> str:
    """The code of the site: named by our reference or code, or the only one there is."""
    for performer in report.get("performer", []):
        for site in sender.sites.values():
            target = received.resolve(performer, report) or {}
            numbers = [performer.get("identifier", {}), *target.get("identifier", [])]
            named = any(one.get("system") == f"{LOCAL}site" and one.get("value") == site.code for one in numbers)
            if named or str(performer.get("reference", "")).endswith(f"Organization/site-{site.pk}"):
                return site.code
    codes = {site.code for site in sender.sites.values()}
    return codes.pop() if len(codes) == 1 else ""


def _read_accession(report: Json) -> str:
    """The number of type ACSN or of our own system, else the only one."""
    numbers = [one for one in report.get("identifier", []) if one.get("value")]
    for one in numbers:
        kinds = {code for _system, code in codings_of(one.get("type"))}
        if "ACSN" in kinds or str(one.get("system", "")).startswith(f"{LOCAL}accession:"):
            return str(one["value"])
    return str(numbers[0]["value"]) if len(numbers) == 1 else ""


def _is_diagnostic(report: Json) -> bool:
    """By its codes, where none of them is one of screening."""
    codes = {code.upper() for _system, code in codings_of(report.get("code"))}
    return bool(codes & DIAGNOSTIC_CODES) and not codes & SCREENING_CODES


def _read_readers(report: Json, received: Received) -> list[str]:
    """NPI or name of each who read it."""
    readers = []
    for one in report.get("resultsInterpreter", []):
        person = received.resolve(one, report) or {}
        numbers = [one.get("identifier", {}), *person.get("identifier", [])]
        npi = next((str(number["value"]) for number in numbers if number.get("system") == NPI_SYSTEM), "")
        names = [_whole_name(name) for name in person.get("name", [])]
        found = npi or str(one.get("display", "")) or next(iter(names), "")
        if found:
            readers.append(found)
    return readers


def _whole_name(name: Any) -> str:
    return str(name.get("text") or " ".join([*name.get("given", []), name.get("family", "")]).strip())


def _read_patient(report: Json, received: Received, sender: Sender, problems: list[Problem]) -> dict[str, str]:
    """The patient that was sent with the report, or the record here that it refers to."""
    subject = report.get("subject") or {}
    sent = received.resolve(subject, report)
    if sent is not None and sent.get("resourceType") == "Patient":
        return _read_sent_patient(sent, sender, problems)
    known = find_known_patient(subject, sender)
    if known is None:
        words = "Send the patient with the report, or refer to one here by Patient/… and record number together."
        problems.append(Problem("mrn", words))
        return {}
    return {
        "mrn": known.mrn,
        "assigning_authority": known.assigning_authority,
        "family_name": known.family_name,
        "given_name": known.given_name or "-",
        "birth_date": known.birth_date.isoformat(),
    }


def find_known_patient(subject: Json, sender: Sender, *, is_confirmed: bool = False) -> Patient | None:
    """By record number with its system, and by "Patient/12" where both are given; among the client's patients only.

    "Patient/12" alone may be the sender's own number of somebody else: it counts only where something else that was
    sent says the same (`is_confirmed`).
    """
    target = str(subject.get("reference", ""))
    number_of = subject.get("identifier") or {}
    value, found = str(number_of.get("value", "")), sender.patients
    if not value and not is_confirmed:
        return None
    if "Patient/" in target:
        found = found.filter(pk=parse_pk(target.rpartition("Patient/")[2]) or 0)
    elif not value:
        return None
    if value:
        authority = _authority_of(str(number_of.get("system", "")), sender)
        if authority is None:
            return None
        found = found.filter(mrn=value, **({"assigning_authority": authority} if authority else {}))
    several = list(found[:2])
    return several[0] if len(several) == 1 else None


def _authority_of(system: str, sender: Sender) -> str | None:
    """Whose number it is; "" for the site's own, None for a system that nobody has set up."""
    if system.startswith(MRN_SYSTEM):
        return unquote(system.removeprefix(MRN_SYSTEM))
    return "" if sender.mrn_system and system == sender.mrn_system else None


def _read_sent_patient(patient: Json, sender: Sender, problems: list[Problem]) -> dict[str, str]:
    names: list[Json] = patient.get("name", [])
    official = [one for one in names if one.get("use") == "official"]
    name: Json = next(iter([*official, *names]), {})
    usual: Json = next((one for one in names if one.get("use") == "usual"), {})
    given = list(map(str, name.get("given", [])))
    address: Json = next(iter(patient.get("address", [])), {})
    spoken: Json = next(iter(patient.get("communication", [])), {})
    if patient.get("deceasedBoolean") or patient.get("deceasedDateTime"):
        problems.append(Problem("mrn", "The message says that this patient has died. A person must look at it."))
    return {
        **_read_number(patient, sender, problems),
        "family_name": str(name.get("family", "")) or "-",
        "given_name": given[0] if given else "-",
        "middle_name": " ".join(given[1:]),
        "preferred_name": " ".join(map(str, usual.get("given", []))),
        "birth_date": str(patient.get("birthDate", "")),
        "sex": _SEX_BY_GENDER.get(str(patient.get("gender", "")), ""),
        "language": next((code for _system, code in codings_of(spoken.get("language"))), ""),
        **read_background(patient),
        **_read_telecom(patient),
        "address_line": ", ".join(map(str, address.get("line", []))),
        "city": str(address.get("city", "")),
        "state": str(address.get("state", "")),
        "postal_code": str(address.get("postalCode", "")),
    }


def _read_number(patient: Json, sender: Sender, problems: list[Problem]) -> dict[str, str]:
    """The one record number of a system that is known here."""
    known = [
        (str(one["value"]), authority)
        for one in patient.get("identifier", [])
        if one.get("value") and (authority := _authority_of(str(one.get("system", "")), sender)) is not None
    ]
    if len(set(known)) != 1:
        message = (
            "Two record numbers are given. Send the one that counts." if known else
            "No record number has a system that is known here. Set up the system of this client's numbers."
        )  # fmt: skip
        problems.append(Problem("mrn", message))
        return {}
    number, authority = known[0]
    return {"mrn": number, "assigning_authority": authority}


def _read_telecom(patient: Json) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in patient.get("telecom", []):
        if one.get("use") == "old" or not one.get("value"):
            continue
        kind = {"email": "email", "phone": "phone_mobile" if one.get("use") == "mobile" else "phone_home"}
        column = kind.get(str(one.get("system", "")))
        if column:
            found.setdefault(column, str(one["value"]))
    return found
