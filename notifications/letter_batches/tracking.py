"""Reads the carrier's tracking numbers of a batch back from a CSV file; each row is matched to its letter or named.

A row is left out where it may be wrong: a number that is none, a letter that is not of this batch or was not posted, a
number that another letter has, and every row of a letter or number that stands in the file with two meanings.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

from notifications.models import BatchLetter, LetterBatch
from notifications.tracking_numbers import compact, find_fault

MAX_BYTES = 2_000_000
_LETTER_COLUMNS = ("letter", "file", "letter_id", "reference")
_TRACKING_COLUMNS = ("tracking", "tracking_number", "tracking number", "article number", "certified number")


class UnreadableTracking(ValueError):
    """The file cannot be read at all; the words say what to mend."""


@dataclass(frozen=True, slots=True)
class TrackingRow:
    """A row of the file: its line, the letter it names (its number, where it is one) and the number as it is kept."""

    line: int
    letter: str
    number: str


@dataclass
class TrackingResult:
    """How many letters got their number, how many of them had another, and each row that was left out and why."""

    matched: int = 0
    replaced: int = 0
    left_out: list[str] = field(default_factory=list)


@transaction.atomic
def read_tracking(batch: LetterBatch, content: bytes) -> TrackingResult:
    """Store the numbers of rows that fit a letter of this batch. Raises UnreadableTracking."""
    LetterBatch.objects.select_for_update().get(pk=batch.pk)  # two files at once are read one after the other
    letters = {str(letter.notification_id): letter for letter in batch.letters.all()}
    rows = _read_rows(content)
    faults = _find_faults(batch, rows, letters)
    result, changed = TrackingResult(), []
    for row in rows:
        if row.line in faults:
            result.left_out.append(_("Line %(line)d: %(fault)s") % {"line": row.line, "fault": faults[row.line]})
            continue
        letter = letters[row.letter]
        result.matched += 1
        result.replaced += letter.tracking_number not in ("", row.number)
        letter.tracking_number = row.number
        changed.append(letter)
    # First emptied, so that two letters may change their numbers with each other.
    BatchLetter.objects.filter(pk__in=[letter.pk for letter in changed]).update(tracking_number="")
    BatchLetter.objects.bulk_update(changed, ["tracking_number"], batch_size=500)
    return result


def _read_rows(content: bytes) -> list[TrackingRow]:
    if len(content) > MAX_BYTES:
        raise UnreadableTracking(_("The file is larger than 2 MB."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\x00" in text:
        raise UnreadableTracking(_("This is no CSV file. Save the list as CSV and upload it again."))
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    header = [name.strip().casefold() for name in next(reader, [])]
    reference = next((header.index(name) for name in _LETTER_COLUMNS if name in header), None)
    tracking = next((header.index(name) for name in _TRACKING_COLUMNS if name in header), None)
    if reference is None or tracking is None:
        raise UnreadableTracking(_("The first line must name the columns “letter” and “tracking”."))
    rows = []
    for cells in reader:
        if any(cell.strip() for cell in cells):
            padded = [cell.strip() for cell in cells] + [""] * len(header)
            rows.append(TrackingRow(reader.line_num, _letter_key(padded[reference]), compact(padded[tracking])))
    return rows


def _letter_key(reference: str) -> str:
    """The letter's number, also out of the name of its file: "00012-345.pdf"."""
    found = re.fullmatch(r"(?:\d{5}-)?(\d{1,18})(?:\.pdf)?", reference.lstrip("'"))
    return found[1] if found else reference


def _find_faults(
    batch: LetterBatch, rows: Sequence[TrackingRow], letters: Mapping[str, BatchLetter]
) -> Mapping[int, str]:
    """What is wrong with a row and what to do, by its line; rows without a fault are not in it."""
    faults = {row.line: fault for row in rows if (fault := _find_own_fault(letters.get(row.letter), row))}
    sound = [row for row in rows if row.line not in faults]
    faults |= _find_contradictions(sound)
    numbers = {row.number for row in sound}
    taken = BatchLetter.objects.filter(tracking_number__in=numbers).exclude(batch=batch).select_related("batch")
    elsewhere = {other.tracking_number: other for other in taken}
    renumbered = {row.letter for row in sound if row.line not in faults}
    here = {letter.tracking_number: key for key, letter in letters.items() if key not in renumbered}
    for row in sound:
        other = elsewhere.get(row.number)
        is_ours = other is not None and other.batch.site_id == batch.site_id
        owner = str(other.notification_id) if other is not None and is_ours else here.get(row.number)
        if row.line not in faults and (owner or other is not None):
            faults[row.line] = _taken_fault(owner)
    return faults


def _taken_fault(owner: str | None) -> str:
    if owner is None:
        return _("another letter has this number already. Compare it with the carrier's receipt.")
    words = _("letter %(letter)s has this number already. Compare both with the carrier's receipts.")
    return words % {"letter": owner}


def _find_own_fault(letter: BatchLetter | None, row: TrackingRow) -> str:
    if letter is None:
        words = _("no letter of this batch is “%(letter)s”. Compare it with the first column of the mail house's list.")
        return words % {"letter": row.letter[:40]}
    if letter.state not in (BatchLetter.State.READY, BatchLetter.State.POSTED):
        words = _("letter %(letter)s was not in the pile. Take the row out, or ask which letter was meant.")
        return words % {"letter": row.letter}
    return find_fault(row.number)


def _find_contradictions(rows: Sequence[TrackingRow]) -> dict[int, str]:
    """A row that repeats another is named; where two differ, nobody can know which is right, so neither is taken."""
    by_letter: defaultdict[str, list[TrackingRow]] = defaultdict(list)
    by_number: defaultdict[str, list[TrackingRow]] = defaultdict(list)
    faults: dict[int, str] = {}
    for row in rows:
        first = next((seen for seen in by_letter[row.letter] if seen.number == row.number), None)
        if first is not None:
            faults[row.line] = _("the same as line %(first)d, which was taken. Nothing to do.") % {"first": first.line}
            continue
        by_letter[row.letter].append(row)
        by_number[row.number].append(row)
    for letter, several in by_letter.items():
        if len(several) > 1:
            words = _("letter %(letter)s stands in lines %(lines)s with different numbers. Keep the right line only.")
            faults |= dict.fromkeys((row.line for row in several), words % {"letter": letter, "lines": _lines(several)})
    for several in by_number.values():
        if len(several) > 1:
            words = _("lines %(lines)s give the same number to different letters. Keep it at the right one only.")
            faults |= dict.fromkeys((row.line for row in several), words % {"lines": _lines(several)})
    return faults


def _lines(rows: Sequence[TrackingRow]) -> str:
    return ", ".join(str(row.line) for row in rows)
