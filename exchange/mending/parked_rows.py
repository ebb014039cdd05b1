"""Corrects a parked row and sends it again, or dismisses it with a reason.

The row stays as it came. Each time it is sent is a version with the person's name, who answers for what it changes.
"""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import INTAKE, Actor, actor_for
from clinic.models import Site, User
from exchange.batch_importer import RowReport, RowResult
from exchange.errors import Confirmation, Problem
from exchange.loader import Loader, get_sites_by_code
from exchange.mending.limits import find_forbidden_changes, list_changed_columns, needs_second_person, signature
from exchange.models import ParkedRow, RowMend
from exchange.row_parser import ResultRow, get_row_site, parse_row
from recalls.permissions import StepRefused

HAND_SOURCE = "mended by hand"  # how the consents and details of a mended row are known


@transaction.atomic
def replay_parked_row(
    row: ParkedRow, typed: Mapping[str, str], *, by: User, confirmed: frozenset[Confirmation] = frozenset()
) -> RowReport:
    """Load the row with these cells. They are kept whatever comes of it: the row in, or its new problems."""
    row = _lock_parked_row(row)
    cells = {name: text for name, text in typed.items() if text.strip()}
    changed = list_changed_columns(row.raw, cells)
    sites = get_sites_by_code()
    site = get_row_site(cells, sites, row.file.site)
    problems = _find_obstacles(row, cells, sites, by)
    if problems:
        outcome = RowReport(row.line, row.accession, RowResult.PARKED, problems=problems)
    else:
        outcome = _load(row, cells, sites, by, confirmed, is_by_hand=bool(changed or confirmed))
    if site is not None and site.pk in by.site_ids:
        row.site = site
    row.mended = cells if changed else None
    row.accession = cells.get("accession", "").strip()[:60]
    row.problems = [problem.as_json() for problem in outcome.problems]
    RowMend.objects.create(
        row=row, by=by, cells=cells, changed=changed, confirmed=sorted(confirmed), result=outcome.result
    )
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


def mending_actor(by: User) -> Actor:
    """The person, with what intake may do: a row that came in is loaded whoever of its site mends it."""
    person = actor_for(by)
    return Actor(person.name, person.roles | INTAKE.roles, by)


def _find_obstacles(row: ParkedRow, cells: Mapping[str, str], sites: Mapping[str, Site], by: User) -> list[Problem]:
    """Why the row is not loaded as it was typed; empty when it may be tried."""
    site = get_row_site(cells, sites, row.file.site)
    if site is not None and site.pk not in by.site_ids:
        return [Problem("site", _("You do not work at this site. Ask somebody who does to load the row."))]
    parsed = parse_row(cells, sites, row.file.site)
    if not isinstance(parsed, ResultRow):
        return parsed
    if forbidden := find_forbidden_changes(row.raw, cells, parsed):
        return forbidden
    if needs_second_person(row.raw, cells, parsed) and not _has_other_signer(row, cells, by):
        message = _(
            "The result is not the one that came. A second person has to look at the row and replay it as it is."
        )
        return [Problem("assessment", message)]
    return []


def _has_other_signer(row: ParkedRow, cells: Mapping[str, str], by: User) -> bool:
    others = row.mends.exclude(by=by)
    return any(signature(mend.cells) == signature(cells) for mend in others)


def _load(
    row: ParkedRow,
    cells: Mapping[str, str],
    sites: Mapping[str, Site],
    by: User,
    confirmed: frozenset[Confirmation],
    *,
    is_by_hand: bool,
) -> RowReport:
    """A row that is sent again as it came is the sender's word; one that was mended is the person's."""
    actor, source = (mending_actor(by), f"{HAND_SOURCE}, {row.file.name}") if is_by_hand else (INTAKE, "")
    loader = Loader(row.file, sites, row.file.site, actor, source=source)
    try:
        with transaction.atomic():
            return loader.load_one(cells, confirmed)
    except StepRefused as refused:
        return RowReport(row.line, row.accession, RowResult.PARKED, problems=[Problem("", str(refused))])


def _lock_parked_row(row: ParkedRow) -> ParkedRow:
    """The row, locked. Raises ValidationError when somebody else has settled it meanwhile."""
    locked = ParkedRow.objects.select_for_update(of=("self",)).select_related("file__site", "site").get(pk=row.pk)
    if locked.state != ParkedRow.State.PARKED:
        raise ValidationError(_("Somebody has settled this row meanwhile. Look at it as it stands now."))
    return locked


def _mark_settled(row: ParkedRow, state: ParkedRow.State, by: User) -> None:
    row.state, row.settled_at, row.settled_by = state, timezone.now(), by
