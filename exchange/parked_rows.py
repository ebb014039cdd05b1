"""Corrects a parked row and sends it again, or dismisses it with a reason."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.models import User
from exchange.batch_importer import RowReport, RowResult
from exchange.errors import Confirmation, Problem
from exchange.loader import Loader, get_sites_by_code
from exchange.models import ParkedRow
from exchange.row_parser import get_row_site


@transaction.atomic
def replay_parked_row(
    row: ParkedRow, raw: Mapping[str, str], *, by: User, confirmed: frozenset[Confirmation] = frozenset()
) -> RowReport:
    """Load the row with these cells. They are kept whatever comes of it: the row in, or its new problems."""
    row = _lock_parked_row(row)
    row.raw = {name: text for name, text in raw.items() if text.strip()}
    sites = get_sites_by_code()
    loader = Loader(row.file, sites, row.file.site)
    site = get_row_site(row.raw, sites, row.file.site)
    if site is not None and site.pk not in by.site_ids:
        problem = Problem("site", _("You do not work at this site. Ask somebody who does to load the row."))
        outcome = RowReport(row.line, row.accession, RowResult.PARKED, problems=[problem])
    else:
        outcome = loader.load_one(row.raw, confirmed)
        row.site = site
    row.accession = row.raw.get("accession", "").strip()[:60]
    row.problems = [problem.as_json() for problem in outcome.problems]
    if outcome.result != RowResult.PARKED:
        _mark_settled(row, ParkedRow.State.REPLAYED, by)
        row.exam = outcome.exam
    row.save()
    return outcome


@transaction.atomic
def dismiss_parked_row(row: ParkedRow, reason: str, *, by: User) -> None:
    """Settle the row without loading it. Raises ValidationError without a reason."""
    if not reason.strip():
        raise ValidationError({"note": _("Say why, in a few words.")})
    row = _lock_parked_row(row)
    row.note = reason
    _mark_settled(row, ParkedRow.State.DISMISSED, by)
    row.save()


def _lock_parked_row(row: ParkedRow) -> ParkedRow:
    """The row, locked. Raises ValidationError when somebody else has settled it meanwhile."""
    locked = ParkedRow.objects.select_for_update(of=("self",)).select_related("file__site", "site").get(pk=row.pk)
    if locked.state != ParkedRow.State.PARKED:
        raise ValidationError(_("Somebody has settled this row meanwhile. Look at it as it stands now."))
    return locked


def _mark_settled(row: ParkedRow, state: ParkedRow.State, by: User) -> None:
    row.state, row.settled_at, row.settled_by = state, timezone.now(), by
