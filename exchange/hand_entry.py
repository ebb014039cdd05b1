"""Takes a patient and a screening result that a person typed in, by the same checks as a row of a file.

What is typed only adds: an exam that is here already is corrected on its own page, never by typing it in again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.models import Site, User
from exchange.batch_importer import RowReport, RowResult
from exchange.errors import Confirmation, InvalidValue, Problem
from exchange.identity_check import find_near_doubles
from exchange.loader import Loader
from exchange.models import ResultFile
from exchange.parsing.cell_text import clean_cell
from exchange.row_parser import ResultRow, parse_row
from patients.models import Patient
from recalls.models import Recall, ScreeningExam
from recalls.selectors.patients import patients_of

ENTRY_SOURCE = "entered by hand"  # how the consents are known


@dataclass(frozen=True, slots=True)
class EntryCheck:
    """What stands in the way of saving, and who is to be looked at first."""

    row: ResultRow | None = None
    problems: list[Problem] = field(default_factory=list)
    # The patient who has the record number already.
    owner: Patient | None = None
    # Patients with this birth date and name under other numbers.
    doubles: list[Patient] = field(default_factory=list)
    # The exam that has the accession already, for a link to it.
    exam: ScreeningExam | None = None


def find_number_owner(site: Site, typed: str, by: User) -> Patient | None:
    """The patient in use who has this record number at the site and whom the person may see; None for a new number."""
    try:
        mrn = clean_cell("mrn", typed)
    except InvalidValue:
        return None
    names = (site.mrn_authority, *site.former_authorities)
    named = Patient.objects.select_related("merged_into", "site").filter(assigning_authority__in=names, mrn=mrn)
    patient = named.first() if mrn else None
    owner = (patient.merged_into or patient) if patient else None
    is_seen = owner is not None and (owner.site_id in by.site_ids or patients_of(by).filter(pk=owner.pk).exists())
    return owner if is_seen else None


def check_entry(raw: Mapping[str, str], site: Site, by: User) -> EntryCheck:
    """Look at what was typed without writing anything. Four queries."""
    row = parse_row(raw, {site.code: site}, site)
    if not isinstance(row, ResultRow):
        return EntryCheck(problems=row)
    exam = ScreeningExam.objects.select_related("patient").filter(site=site, accession=row.accession).first()
    if exam is not None:
        message = _("This accession is here already. Open the exam to see or correct it.")
        return EntryCheck(row, [Problem("accession", message)], exam=exam)
    owner = find_number_owner(site, row.mrn, by)
    return EntryCheck(row, owner=owner, doubles=[] if owner else find_near_doubles(row, patients_of(by)))


@transaction.atomic
def enter_result(
    raw: Mapping[str, str], site: Site, *, by: User, confirmed: frozenset[Confirmation] = frozenset()
) -> RowReport:
    """Store patient and exam, and open the recall; a report with the result PARKED has changed nothing."""
    check = check_entry(raw, site, by)
    if check.problems:
        return RowReport(0, raw.get("accession", ""), RowResult.PARKED, problems=check.problems)
    loader = Loader(ResultFile(name=""), {site.code: site}, site, by, source=ENTRY_SOURCE)
    return loader.load_one(raw, confirmed)


def newest_recall(exam: ScreeningExam) -> Recall | None:
    return Recall.objects.filter(exam=exam).order_by("pk").last()
