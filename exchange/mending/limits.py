"""Says what may not be changed by hand in a row that came in, and what a second person has to look at."""

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _

from clinic.models import Site
from exchange.errors import InvalidValue, Problem
from exchange.parsing.assessment_parser import parse_screening_assessment
from exchange.row_parser import EXTRA_CELLS, ResultRow
from exchange.schema import COLUMNS
from recalls.enums import Assessment
from recalls.models import ScreeningExam

_ASSESSMENTS = ("assessment", "assessment_left", "assessment_right")
_CONSENTS = ("sms_consent", "email_consent", "detail_consent")
# What the second person signs: the result, and whose exam it is.
_SIGNED = (*_ASSESSMENTS, "recall_kind", "site", "assigning_authority", "mrn", "accession", "exam_date")
_PLAIN_ZERO = re.compile(r"(bi-?rads|cat(egory)?\.?)?[ :]*0", re.IGNORECASE)
_KINDS_OF_ZERO = frozenset({Assessment.NEED_IMAGING, Assessment.NEED_PRIORS})


def list_changed_columns(came: Mapping[str, str], typed: Mapping[str, str]) -> list[str]:
    """The columns in which what was typed is not as it came, but for blanks."""
    return [
        *(column.name for column in COLUMNS if _words(came, column.name) != _words(typed, column.name)),
        *([EXTRA_CELLS] if came.get(EXTRA_CELLS) else []),
    ]


def find_forbidden_changes(came: Mapping[str, str], typed: Mapping[str, str], row: ResultRow) -> list[Problem]:
    """A row is mended into what its own site may touch, and gives no consent that did not come with it."""
    changed, problems = set(list_changed_columns(came, typed)), list[Problem]()
    own = {row.site.mrn_authority, *row.site.former_authorities}
    if changed & {"assigning_authority", "mrn"} and row.assigning_authority not in own:
        message = _("By hand a row is given only a record number of its own site.")
        problems.append(Problem("assigning_authority" if "assigning_authority" in changed else "mrn", message))
    message = _("A yes is not given here: ask the patient, and record the answer on the patient's page.")
    problems += [Problem(name, message) for name in _CONSENTS if name in changed and getattr(row, name)]
    return problems


def needs_second_person(came: Mapping[str, str], typed: Mapping[str, str], row: ResultRow) -> bool:
    """Whether the result is not the one that came, or another exam's result would be changed by it."""
    changed = set(list_changed_columns(came, typed))
    if "recall_kind" in changed or any(
        name in changed and not _is_same_result(came.get(name, ""), getattr(row, name), row.site)
        for name in _ASSESSMENTS
    ):
        return True
    if not changed & set(_SIGNED):
        return False
    known = ScreeningExam.objects.filter(site=row.site, accession=row.accession).first()
    return known is not None and known.assessment != row.assessment


def signature(cells: Mapping[str, str]) -> tuple[str, ...]:
    """What two people must have agreed on."""
    return tuple(_words(cells, name) for name in _SIGNED)


def _is_same_result(came: str, meant: Assessment | None, site: Site) -> bool:
    """Whether it is the result that came, spelled otherwise, or a plain 0 of which is now said what is missing."""
    if _PLAIN_ZERO.fullmatch(" ".join(came.split())) and meant in _KINDS_OF_ZERO:
        return True
    try:
        return bool(came.strip()) and parse_screening_assessment(came, site) == meant
    except InvalidValue:
        return False


def _words(cells: Mapping[str, str], name: str) -> str:
    """A browser sends other line ends than a file has."""
    return " ".join(cells.get(name, "").split())
