"""Reads the carrier's tracking numbers of a batch back from a CSV file; each row is matched to its letter or named."""

import csv
import io
import re
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from notifications.models import BatchLetter, LetterBatch

MAX_BYTES = 2_000_000
_LETTER_COLUMNS = ("letter", "file", "letter_id", "reference")
_TRACKING_COLUMNS = ("tracking", "tracking_number", "tracking number", "article number", "certified number")
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{5,38}[A-Za-z0-9]")


class UnreadableTracking(ValueError):
    """The file cannot be read at all; the words say what to mend."""


@dataclass
class TrackingResult:
    """How many letters got their number, and each row that was left out, with its line and why."""

    matched: int = 0
    left_out: list[str] = field(default_factory=list)


def read_tracking(batch: LetterBatch, content: bytes) -> TrackingResult:
    """Store the numbers of rows that fit a letter of this batch. Raises UnreadableTracking."""
    letters = {str(letter.notification_id): letter for letter in batch.letters.all()}
    result, changed, seen = TrackingResult(), [], set()
    for line, (reference, number) in enumerate(_read_rows(content), start=2):
        key = _letter_key(reference)
        complaint = _find_complaint(letters.get(key), number, is_repeated=key in seen)
        if complaint:
            result.left_out.append(_("Line %(line)d: %(complaint)s") % {"line": line, "complaint": complaint})
            continue
        seen.add(key)
        letters[key].tracking_number = number
        changed.append(letters[key])
    BatchLetter.objects.bulk_update(changed, ["tracking_number"], batch_size=500)
    result.matched = len(changed)
    return result


def _read_rows(content: bytes) -> list[tuple[str, str]]:
    if len(content) > MAX_BYTES:
        raise UnreadableTracking(_("The file is larger than 2 MB."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\x00" in text:
        raise UnreadableTracking(_("This is no CSV file. Save the list as CSV and upload it again."))
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    header = [name.strip().casefold() for name in rows[0]] if rows else []
    reference = next((header.index(name) for name in _LETTER_COLUMNS if name in header), None)
    tracking = next((header.index(name) for name in _TRACKING_COLUMNS if name in header), None)
    if reference is None or tracking is None:
        raise UnreadableTracking(_("The first line must name the columns “letter” and “tracking”."))
    widest = max(reference, tracking)
    return [
        (row[reference].strip(), row[tracking].strip()) if len(row) > widest else ("", "")
        for row in rows[1:]
        if any(cell.strip() for cell in row)
    ]


def _letter_key(reference: str) -> str:
    """The letter's number, also out of the name of its file: "00012-345.pdf"."""
    found = re.fullmatch(r"(?:\d{5}-)?(\d{1,18})(?:\.pdf)?", reference.lstrip("'"))
    return found[1] if found else reference


def _find_complaint(letter: BatchLetter | None, number: str, *, is_repeated: bool) -> str:
    if letter is None:
        return _("no letter of this batch has this number.")
    if is_repeated:
        return _("this letter stands in the file twice.")
    if letter.state in (BatchLetter.State.FAILED, BatchLetter.State.LEFT_OUT):
        return _("this letter was not in the pile.")
    if not _NUMBER.fullmatch(number):
        return _("the tracking number is missing or is none.")
    return ""
