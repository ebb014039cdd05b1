"""Guesses which of our columns each column of a foreign file is, and remembers for a site what a person chose."""

import difflib
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from clinic.models import Site
from exchange.models import IntakeRules
from exchange.parsing.value_parsers import normalize_text
from exchange.schema import COLUMNS_BY_NAME, LABELS, REQUIRED

LEFT_OUT = ""  # of a column that is not loaded
_MIN_SIMILARITY = 0.86
# What other systems call our columns, folded as by `normalize_text`.
_OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "mrn": (
        "patient id",
        "patientid",
        "pat id",
        "medical record number",
        "record number",
        "medical record no",
        "mrn id",
    ),
    "family_name": ("last name", "lastname", "surname", "patient last name", "family"),
    "given_name": ("first name", "firstname", "forename", "patient first name", "given"),
    "middle_name": ("middle", "middle initial"),
    "birth_date": ("dob", "date of birth", "birthdate", "birthday", "patient dob"),
    "accession": ("accession number", "accession no", "acc", "order number", "study id", "exam number", "exam id"),
    "exam_date": ("date of exam", "study date", "examdate", "date of service", "dos", "service date", "screening date"),
    "assessment": ("birads", "bi rads", "bi rads category", "result", "overall birads", "final assessment", "category"),
    "assessment_left": ("birads left", "left birads", "bi rads left", "left assessment"),
    "assessment_right": ("birads right", "right birads", "bi rads right", "right assessment"),
    "site": ("facility", "location", "clinic", "site code"),
    "sex": ("gender",),
    "language": ("preferred language", "lang"),
    "interpreter_needed": ("interpreter", "needs interpreter"),
    "phone_mobile": ("mobile", "cell", "cell phone", "mobile phone", "phone", "phone number", "telephone"),
    "phone_home": ("home phone", "landline", "phone home"),
    "email": ("e mail", "email address", "e mail address"),
    "address_line": ("address", "street", "street address", "address 1"),
    "postal_code": ("zip", "zip code", "zipcode", "postcode", "postal"),
    "race": ("patient race",),
    "ethnicity": ("ethnic group", "patient ethnicity"),
    "insurance": ("payer", "insurance type", "primary insurance", "payor"),
    "distance_miles": ("distance", "miles"),
    "best_time": ("best time to call", "preferred call time", "best hours"),
    "may_answer": ("emergency contact", "alternate contact"),
    "may_answer_phone": ("emergency contact phone", "alternate contact phone"),
    "result_by": ("preferred result contact", "result delivery"),
    "double_read": ("double reading", "second reading"),
    "referrer_name": ("referring physician", "referring provider", "ordering provider", "referring doctor", "referrer"),
    "referrer_npi": ("referring npi", "ordering npi", "npi"),
    "reader": ("radiologist", "reading radiologist", "interpreting physician", "read by"),
    "reported_at": ("report date", "date reported", "reported", "signed"),
    "density": ("breast density", "density category"),
    "comment": ("comments", "note", "notes", "remarks"),
}
_COLUMN_BY_NAME = {
    spelling: column
    for column in COLUMNS_BY_NAME
    for spelling in (normalize_text(column.replace("_", " ")), normalize_text(column), *_OTHER_NAMES.get(column, ()))
}


def guess_columns(header: Sequence[str], remembered: Mapping[str, str]) -> list[str]:
    """Our column for each name, LEFT_OUT where none fits; none is given to two. What was remembered goes first."""
    chosen = [remembered.get(name, "") if name in remembered else "" for name in header]
    for number, name in enumerate(header):
        if name not in remembered:
            column = _guess(name)
            chosen[number] = column if column not in chosen else LEFT_OUT
    return chosen


def find_mapping_problems(columns: Sequence[str]) -> list[str]:
    """What keeps the file from being loaded with these columns, in words."""
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    missing = [name for name in REQUIRED if name not in columns]
    return [
        *(_("Two columns of the file are “%(name)s”. Leave one out.") % {"name": LABELS[name]} for name in twice),
        *(_("Say which column of the file holds “%(name)s”.") % {"name": LABELS[name]} for name in missing),
    ]


def remember_columns(site: Site, header: Sequence[str], columns: Sequence[str]) -> None:
    """Keep what each column of the site's files was said to be."""
    rules, _created = IntakeRules.objects.get_or_create(site=site)
    rules.column_names = {**rules.column_names, **dict(zip(header, columns, strict=True))}
    rules.save(update_fields=["column_names"])


def _guess(name: str) -> str:
    plain = normalize_text(name.replace("_", " "))
    if plain in _COLUMN_BY_NAME:
        return _COLUMN_BY_NAME[plain]
    near = difflib.get_close_matches(plain, _COLUMN_BY_NAME, n=1, cutoff=_MIN_SIMILARITY)
    return _COLUMN_BY_NAME[near[0]] if near else LEFT_OUT
