"""The resources that are read and searched, as data: which rows, by which parameters, with which references."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from exchange.fhir.resources import appointment, observation, patient, people, recommendation, report
from exchange.fhir.resources.elements import LOCAL, NPI_SYSTEM, Json
from exchange.fhir.search import rows as select
from exchange.fhir.search.filters import (
    DateFilter,
    IdentifierFilter,
    PatientNameFilter,
    ReferenceFilter,
    SearchFilter,
    TextFilter,
    TokenFilter,
)
from exchange.fhir.search.rows import Rows
from exchange.fhir.search.status_filters import (
    AlwaysFilter,
    ContactValueFilter,
    IsNullFilter,
    RequestStatusFilter,
    RowNumberFilter,
)
from patients.channels import PHONE_KINDS
from patients.models import ContactPoint
from recalls.enums import Assessment, Density, State


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of row behind a resource. `rows` gives those at the sites of the account, with what `build` needs."""

    rows: Rows
    build: Callable[[Any], Json]
    prefix: str = ""  # of the resource's id, before the row's number
    suffix: str = ""
    patient_path: str = ""  # leads from a row to its patient's number: "recall.patient_id"
    filters: Mapping[str, SearchFilter] = field(default_factory=dict)
    has_updated: bool = True

    def logical_id(self, row: Any) -> str:
        return f"{self.prefix}{row.pk}{self.suffix}"

    def patient_id(self, row: Any) -> int | None:
        found: Any = row
        for name in self.patient_path.split(".") if self.patient_path else ():
            found = getattr(found, name)
        return found if isinstance(found, int) else None


@dataclass(frozen=True, slots=True)
class Definition:
    """A resource: its parts, where in it lie the references that `_include` follows, by parameter, what refers to it.

    `reverse_includes` are written as `_revinclude` has them: "Task:focus".
    """

    name: str
    parts: tuple[Part, ...]
    includes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reverse_includes: tuple[str, ...] = ()

    @property
    def has_updated(self) -> bool:
        return all(part.has_updated for part in self.parts)

    @property
    def parameters(self) -> dict[str, str]:
        """Every parameter with its kind."""
        return {name: one.kind for part in self.parts for name, one in part.filters.items()}


# The values of a column that a code of FHIR stands for.
_GENDERS = {code: (sex,) for sex, code in patient.GENDER_BY_SEX.items()}
_VISIT_STATUSES: dict[str, tuple[str, ...]] = {}
for _status, _code in appointment.STATUS_BY_APPOINTMENT_STATUS.items():
    _VISIT_STATUSES[_code] = (*_VISIT_STATUSES.get(_code, ()), _status)
_ASSESSMENTS = {one.value: (one,) for one in Assessment}
_DENSITIES = {one.value: (one,) for one in Density}
_YES_NO = {"true": (True,), "false": (False,)}
_STATES = {one.value: (one,) for one in State}


def _subject(column: str, *names: str) -> dict[str, SearchFilter]:
    return dict.fromkeys(("patient", *names), ReferenceFilter("Patient", column))


def _site(column: str) -> ReferenceFilter:
    return ReferenceFilter("Organization", column, "site-")


_RECALL_DATES = {"authored": DateFilter("opened_at"), "authored-on": DateFilter("opened_at")}
_EXAM_FILTERS: dict[str, SearchFilter] = {
    **_subject("patient", "subject"),
    "date": DateFilter("exam_date", has_time=False),
}
_OUTCOME_FILTERS: dict[str, SearchFilter] = {
    **_subject("recall__patient", "subject"), "date": DateFilter("read_at"),
    "based-on": ReferenceFilter("ServiceRequest", "recall"),
}  # fmt: skip
_BIRADS_ONLY = {
    "code": AlwaysFilter(frozenset({"birads-assessment"})),
    "category": AlwaysFilter(frozenset({"imaging"})),
}


def _observation_part(
    rows: Rows, build: Any, stem: str, side: str, column: str, filters: Mapping[str, SearchFilter]
) -> Part:
    return Part(
        rows,
        partial(build, side=side),
        prefix=f"{stem}-",
        suffix=f"-{side}" if side else "",
        patient_path="patient_id" if stem == "exam" else "recall.patient_id",
        filters={**filters, **_BIRADS_ONLY, "value-concept": TokenFilter(column, _ASSESSMENTS)},
    )


_OBSERVATIONS = (
    *(
        _observation_part(
            select.exams_with(column), observation.build_exam_assessment, "exam", side, column, _EXAM_FILTERS
        )
        for side, column in (("", "assessment"), ("left", "assessment_left"), ("right", "assessment_right"))
    ),
    Part(
        select.exams_with("density"), observation.build_density, "exam-", "-density", "patient_id",
        {**_EXAM_FILTERS, "code": AlwaysFilter(frozenset({"129715009"})),
         "category": AlwaysFilter(frozenset({"imaging"})),
         "value-concept": TokenFilter("density", _DENSITIES)},
    ),
    *(
        _observation_part(
            select.outcomes_with(column), observation.build_outcome_assessment, "outcome", side, column,
            _OUTCOME_FILTERS,
        )
        for side, column in (("", "assessment"), ("left", "assessment_left"), ("right", "assessment_right"))
    ),
)  # fmt: skip
_PATIENT_INCLUDE = {"patient": ("subject",), "subject": ("subject",)}
_OF_A_PATIENT = (
    "Appointment:patient", "CarePlan:patient", "Communication:patient", "DiagnosticReport:patient", "Flag:patient",
    "Observation:patient", "Procedure:patient", "ServiceRequest:patient", "Task:patient",
)  # fmt: skip
_OF_A_RECALL = (
    "Appointment:based-on", "Communication:based-on", "DiagnosticReport:based-on", "Procedure:based-on", "Task:focus",
)  # fmt: skip

DEFINITIONS: dict[str, Definition] = {
    one.name: one
    for one in (
        Definition("Patient", (
            Part(select.patients, patient.build_patient, patient_path="pk", filters={
                "identifier": IdentifierFilter("mrn", "assigning_authority", f"{LOCAL}mrn:"),
                "family": TextFilter("family_name"), "given": TextFilter("given_name"), "name": PatientNameFilter(),
                "birthdate": DateFilter("birth_date", has_time=False), "gender": TokenFilter("sex", _GENDERS),
                "deceased": IsNullFilter("deceased_on", "false", "true"),
                "active": IsNullFilter("merged_into", "true", "false"),
                "phone": ContactValueFilter(PHONE_KINDS),
                "email": ContactValueFilter((ContactPoint.Kind.EMAIL,)),
                "organization": _site("site"), "death-date": DateFilter("deceased_on", has_time=False),
            }),
        ), {"organization": ("managingOrganization",), "link": ("link", "other")}, _OF_A_PATIENT),
        Definition("Practitioner", (
            Part(select.readers, people.build_staff_practitioner, "staff-", has_updated=False, filters={
                "identifier": TokenFilter("npi", system=NPI_SYSTEM), "family": TextFilter("last_name"),
                "name": TextFilter("last_name"),
            }),
            Part(select.referrers, people.build_referring_practitioner, "referrer-", has_updated=False, filters={
                "identifier": TokenFilter("npi", system=NPI_SYSTEM), "name": TextFilter("name"),
            }),
        )),
        Definition("Organization", (
            Part(select.sites, people.build_organization, "site-", has_updated=False, filters={
                "identifier": TokenFilter("code", system=f"{LOCAL}site"), "name": TextFilter("name"),
            }),
        )),
        Definition("Location", (
            Part(select.sites, people.build_site_location, "site-", has_updated=False, filters={
                "name": TextFilter("name"), "organization": _site("pk"),
            }),
            Part(select.rooms, people.build_room_location, "room-", has_updated=False, filters={
                "name": TextFilter("name"), "organization": _site("site"),
            }),
        ), {"organization": ("managingOrganization",)}),
        Definition("ServiceRequest", (
            Part(select.recalls, recommendation.build_service_request, patient_path="patient_id", filters={
                **_subject("patient", "subject"), "status": RequestStatusFilter(draft=True),
                "intent": AlwaysFilter(frozenset({"plan"})),
                "authored": _RECALL_DATES["authored"], "occurrence": DateFilter("target_at"),
                "performer": _site("site"),
                "priority": TokenFilter("suspicious", {"urgent": (True,), "routine": (False,)}),
            }),
        ), {**_PATIENT_INCLUDE, "performer": ("performer",), "requester": ("requester",)}, _OF_A_RECALL),
        Definition("Appointment", (
            Part(select.visits, appointment.build_appointment, patient_path="recall.patient_id", filters={
                **_subject("recall__patient"), "status": TokenFilter("status", _VISIT_STATUSES),
                "date": DateFilter("starts_at"),
                "based-on": ReferenceFilter("ServiceRequest", "recall"),
                "location": ReferenceFilter("Location", "room", "room-"),
                "actor": ReferenceFilter("Patient", "recall__patient"),
                "identifier": RowNumberFilter(f"{LOCAL}appointment"),
            }),
        ), {**dict.fromkeys(("patient", "location", "actor"), ("participant", "actor")), "based-on": ("basedOn",)}),
        Definition("DiagnosticReport", (
            Part(select.exams, report.build_screening_report, "exam-", patient_path="patient_id", filters={
                **_EXAM_FILTERS, "identifier": IdentifierFilter("accession", "site__code", f"{LOCAL}accession:"),
                "category": AlwaysFilter(frozenset({"RAD"})), "issued": DateFilter("reported_at"),
                "conclusion": TokenFilter("assessment", _ASSESSMENTS),
            }),
            Part(select.outcomes, report.build_outcome_report, "outcome-",
                 patient_path="recall.patient_id", filters={
                **_OUTCOME_FILTERS, "category": AlwaysFilter(frozenset({"RAD"})), "issued": DateFilter("at"),
                "conclusion": TokenFilter("assessment", _ASSESSMENTS),
            }),
            Part(select.pathology, report.build_pathology_report, "pathology-",
                 patient_path="recall.patient_id", filters={
                **_subject("recall__patient", "subject"), "category": AlwaysFilter(frozenset({"SP"})),
                "issued": DateFilter("at"),
                "based-on": ReferenceFilter("ServiceRequest", "recall"), "date": DateFilter("at"),
            }),
        ), {**_PATIENT_INCLUDE, "result": ("result",), "based-on": ("basedOn",),
            "results-interpreter": ("resultsInterpreter",)}),
        Definition("Observation", _OBSERVATIONS, _PATIENT_INCLUDE),
        Definition("Procedure", (
            Part(select.biopsies, report.build_procedure, "biopsy-", patient_path="recall.patient_id", filters={
                **_subject("recall__patient", "subject"), "date": DateFilter("done_on", has_time=False),
                "based-on": ReferenceFilter("ServiceRequest", "recall"),
                "status": AlwaysFilter(frozenset({"completed"})),
            }),
        ), {**_PATIENT_INCLUDE, "based-on": ("basedOn",)}),
        Definition("Task", (
            Part(select.recalls, recommendation.build_recall_task, "recall-", patient_path="patient_id", filters={
                **_subject("patient", "subject"), "status": RequestStatusFilter(draft=False),
                "authored-on": _RECALL_DATES["authored-on"], "focus": ReferenceFilter("ServiceRequest", "pk"),
                "owner": ReferenceFilter("Practitioner", "assigned_to", "staff-"),
                "business-status": TokenFilter("state", _STATES, f"{LOCAL}recall-state"),
            }),
            Part(select.work_items, recommendation.build_work_item_task, "item-", patient_path="patient_id", filters={
                **_subject("patient", "subject"), "status": IsNullFilter("done_at", "requested", "completed"),
                "authored-on": DateFilter("opened_at"), "focus": ReferenceFilter("ServiceRequest", "recall"),
                "owner": ReferenceFilter("Practitioner", "assigned_to", "staff-"),
            }),
        ), {"patient": ("for",), "subject": ("for",), "focus": ("focus",), "owner": ("owner",)}),
        Definition("Flag", (
            Part(select.recalls, recommendation.build_flag, "recall-", patient_path="patient_id", filters={
                **_subject("patient", "subject"), "date": DateFilter("opened_at"),
                "status": IsNullFilter("closed_at", "active", "inactive"),
            }),
        ), _PATIENT_INCLUDE),
        Definition("CarePlan", (
            Part(select.recalls_with_messages, recommendation.build_care_plan, "recall-",
                 patient_path="patient_id", filters={
                **_subject("patient", "subject"), "status": RequestStatusFilter(draft=False),
                "date": DateFilter("opened_at"),
                "category": AlwaysFilter(frozenset({"assess-plan"})),
            }),
        ), _PATIENT_INCLUDE),
        Definition("Communication", (
            Part(select.sent_messages, recommendation.build_communication, patient_path="patient_id", filters={
                **_subject("patient", "subject"), "sent": DateFilter("accepted_at"),
                "based-on": ReferenceFilter("ServiceRequest", "recall"),
                "status": AlwaysFilter(frozenset({"completed"})),
            }),
        ), {**_PATIENT_INCLUDE, "based-on": ("basedOn",)}),
        Definition("Schedule", (
            Part(select.rooms, appointment.build_schedule, "room-", has_updated=False, filters={
                "actor": ReferenceFilter("Location", "pk", "room-"), "active": TokenFilter("in_use", _YES_NO),
            }),
        ), {"actor": ("actor",)}),
    )
}  # fmt: skip
