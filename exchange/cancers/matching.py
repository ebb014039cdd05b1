"""Finds the patient that a row of a cancer registry speaks about, or says why nobody can be sure."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from clinic.models import Site
from exchange.errors import Problem, RowRejected
from exchange.parsing.value_parsers import normalize_text
from patients.models import Patient


def find_patient(person: dict[str, Any], site: Site) -> Patient:
    """By record number, whose birth date and one of whose names must agree; without one by birth date and both names.

    Raises RowRejected where none or more than one may be meant: a cancer at the wrong patient is worse than none.
    """
    authorities = (site.mrn_authority, *site.former_authorities)
    here = Patient.objects.filter(Q(site=site) | Q(assigning_authority__in=authorities))
    if person["mrn"]:
        return _by_number(person, list(here.filter(mrn=person["mrn"]).select_related("merged_into")))
    same_day = here.filter(birth_date=person["birth_date"], merged_into=None)
    found = [one for one in same_day if _is_family(one, person) and _is_given(one, person)]
    if len(found) != 1:
        message = (
            _("More than one patient here has this name and birth date. Give the record number.")
            if found
            else _("No patient here has this name and birth date. Give the record number, or dismiss the row.")
        )
        raise RowRejected(Problem("mrn", message))
    return found[0]


def _by_number(person: dict[str, Any], found: list[Patient]) -> Patient:
    if len(found) != 1:
        raise RowRejected(Problem("mrn", _("No patient here has this record number, or more than one has it.")))
    patient = found[0]
    if patient.birth_date != person["birth_date"]:
        raise RowRejected(Problem("birth_date", _("This record number has another birth date here.")))
    if not (_is_family(patient, person) or _is_given(patient, person)):
        raise RowRejected(Problem("family_name", _("This record number has quite another name here.")))
    return patient.merged_into or patient


def _is_family(patient: Patient, person: dict[str, Any]) -> bool:
    return normalize_text(patient.family_name) == normalize_text(person["family_name"])


def _is_given(patient: Patient, person: dict[str, Any]) -> bool:
    given = normalize_text(person["given_name"])
    return given in {normalize_text(patient.given_name), normalize_text(patient.preferred_name)}
