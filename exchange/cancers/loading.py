"""Loads rows of a cancer registry: a certain one becomes a cancer of its patient, any other is parked for a person."""

import csv
from collections import Counter
from collections.abc import Mapping
from io import StringIO
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.models import Site, User
from exchange.cancers.matching import find_patient
from exchange.cancers.row_form import COLUMNS, FACTS, REQUIRED, CancerRowForm
from exchange.errors import Problem, RowRejected, UnusableFile
from exchange.models import ParkedCancer
from recalls.models import CancerDiagnosis

MAX_FILE_BYTES = 20_000_000
_SAME_CANCER = ("patient", "source", "reference", "diagnosed_on", "side", "result")


class CancerRowResult(models.TextChoices):
    LOADED = "loaded"
    UNCHANGED = "unchanged"
    PARKED = "parked"


def read_rows(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file. Raises UnusableFile with the remedy when nothing of it can be loaded."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnusableFile(_("The file is not in UTF-8. Save it as “CSV UTF-8”.")) from None
    head = text.partition("\n")[0]
    reader = csv.DictReader(StringIO(text), delimiter=max(",;\t", key=head.count), restkey="extra", restval="")
    header = [name.strip().lower() for name in reader.fieldnames or []]
    unknown, missing = set(header) - set(COLUMNS), set(REQUIRED) - set(header)
    if unknown or missing or len(set(header)) != len(header):
        raise UnusableFile(
            _("The columns must be among: %(known)s. Always needed: %(needed)s.")
            % {"known": ", ".join(COLUMNS), "needed": ", ".join(REQUIRED)}
        )
    reader.fieldnames = header
    return [{name: str(row[name]).strip() for name in header} for row in reader if any(row.values())]


def load_rows(rows: list[dict[str, str]], site: Site, file_name: str, *, by: User | None, by_name: str) -> Counter[str]:
    """How many were loaded, were there already, and are parked. The header is line 1."""
    counts: Counter[str] = Counter()
    for line, raw in enumerate(rows, start=2):
        with transaction.atomic():
            result, _diagnosis, problems = load_row(raw, site, by=by, by_name=by_name)
            if problems and not _is_parked_already(site, raw):
                ParkedCancer.objects.create(site=site, file_name=file_name[:255], line=line, raw=raw, problems=problems)
            counts[result] += 1
    return counts


def _is_parked_already(site: Site, raw: Mapping[str, str]) -> bool:
    waiting = ParkedCancer.objects.filter(site=site, state=ParkedCancer.State.PARKED)
    return any(row.raw == raw for row in waiting.only("raw"))


def load_row(
    raw: Mapping[str, str], site: Site, *, by: User | None, by_name: str
) -> tuple[CancerRowResult, CancerDiagnosis | None, list[dict[str, Any]]]:
    """The result, the cancer, and the problems of a row that cannot go in."""
    form = CancerRowForm(dict(raw), site=site)
    if not form.is_valid():
        problems = [
            Problem(column, str(message)).as_json() for column, found in form.errors.items() for message in found
        ]
        return CancerRowResult.PARKED, None, problems
    try:
        patient = find_patient(form.cleaned_data, site)
    except RowRejected as refusal:
        return CancerRowResult.PARKED, None, [problem.as_json() for problem in refusal.problems]
    facts = {name: form.cleaned_data[name] for name in FACTS} | {"patient": patient}
    known = CancerDiagnosis.objects.filter(**{name: facts[name] for name in _SAME_CANCER}).first()
    if known is not None:
        return CancerRowResult.UNCHANGED, known, []
    return CancerRowResult.LOADED, CancerDiagnosis.objects.create(site=site, user=by, by=by_name, **facts), []


@transaction.atomic
def settle_parked(row: ParkedCancer, raw: Mapping[str, str], *, by: User, by_name: str) -> bool:
    """Load the row with these cells; they are kept whatever comes of it. False where it stays parked."""
    row = _lock(row)
    row.raw = {name: raw.get(name, "").strip() for name in COLUMNS}
    result, row.diagnosis, row.problems = load_row(row.raw, row.site, by=by, by_name=by_name)
    if result != CancerRowResult.PARKED:
        row.state, row.settled_at, row.settled_by = ParkedCancer.State.LOADED, timezone.now(), by
    row.save()
    return result != CancerRowResult.PARKED


@transaction.atomic
def dismiss_parked(row: ParkedCancer, note: str, *, by: User) -> None:
    """Settle the row without loading it. Raises ValidationError without a reason."""
    if not note.strip():
        raise ValidationError(_("Say why, in a few words."))
    row = _lock(row)
    row.state, row.note, row.settled_at, row.settled_by = ParkedCancer.State.DISMISSED, note, timezone.now(), by
    row.save()


def _lock(row: ParkedCancer) -> ParkedCancer:
    locked = ParkedCancer.objects.select_for_update(of=("self",)).select_related("site").get(pk=row.pk)
    if locked.state != ParkedCancer.State.PARKED:
        raise ValidationError(_("Somebody has settled this row meanwhile. Look at it as it stands now."))
    return locked
