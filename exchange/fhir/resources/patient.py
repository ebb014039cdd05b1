"""Builds Patient from a patient's record."""

from exchange.fhir.resources.background import build_background
from exchange.fhir.resources.elements import (
    Json,
    build_head,
    day,
    identifier,
    in_order,
    mrn_system,
    name_of,
    patient_reference,
    site_reference,
)
from patients.channels import list_contact_points
from patients.models import ContactPoint, Patient

GENDER_BY_SEX = {
    Patient.Sex.FEMALE: "female",
    Patient.Sex.MALE: "male",
    Patient.Sex.OTHER: "other",
    Patient.Sex.UNKNOWN: "unknown",
}
_TELECOM = {
    ContactPoint.Kind.MOBILE: ("phone", "mobile"),
    ContactPoint.Kind.HOME: ("phone", "home"),
    ContactPoint.Kind.OTHER: ("phone", "temp"),
    ContactPoint.Kind.EMAIL: ("email", "home"),
}


def build_patient(patient: Patient) -> Json:
    """Needs `site`, `contact_points` and `merged_from`. A merged record says by which one it is replaced."""
    losers = in_order(patient.merged_from.all())
    links = [{"other": patient_reference(loser.pk), "type": "replaces"} for loser in losers]
    if patient.merged_into_id:
        links = [{"other": patient_reference(patient.merged_into_id), "type": "replaced-by"}]
    return {
        **build_head("Patient", str(patient.pk), patient, "us-core-patient"),
        "extension": build_background(patient),
        "identifier": [identifier(mrn_system(patient.assigning_authority), patient.mrn, "MR")],
        "active": patient.merged_into_id is None,
        "name": list(name_of(patient)),
        "telecom": [_build_contact(point) for point in list_contact_points(patient)],
        "gender": GENDER_BY_SEX[Patient.Sex(patient.sex)],
        "birthDate": day(patient.birth_date),
        "deceasedDateTime": day(patient.deceased_on),
        "address": [_build_address(patient)],
        "communication": [{"language": _language(patient), "preferred": True}],
        "managingOrganization": site_reference(patient.site),
        "link": links,
    }


def _build_contact(point: ContactPoint) -> Json:
    """A number or address that is known not to work is marked as an old one."""
    system, use = _TELECOM[ContactPoint.Kind(point.kind)]
    return {"system": system, "value": point.value, "use": "old" if point.unusable else use}


def _build_address(patient: Patient) -> Json:
    return {
        "line": [patient.address_line],
        "city": patient.city,
        "state": patient.state,
        "postalCode": patient.postal_code,
    }


def _language(patient: Patient) -> Json:
    return {"coding": [{"system": "urn:ietf:bcp:47", "code": patient.language}], "text": patient.language}
