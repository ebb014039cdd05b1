"""Keeps the files of a batch in a private folder until they expire: each letter, the whole pile, the mail house's ZIP.

The files hold patients: each is its owner's alone (mode 600) in a folder named by a random key.
"""

import csv
import io
import os
import shutil
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from notifications.models import BatchLetter, LetterBatch, RenderedMessage

RETENTION = timedelta(days=7)
PILE = "letters.pdf"
MAIL_HOUSE = "mail-house.zip"
MAIL_HOUSE_COLUMNS = ("letter", "file", "certified", "address1", "address2", "address3", "address4", "address5")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def folder_of(batch: LetterBatch) -> Path:
    folder = Path(settings.LETTER_DIR) / str(batch.key)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def write_file(path: Path, content: bytes) -> None:
    """Whole or not at all: a reader never sees half a letter."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(path)


def letter_path(batch: LetterBatch, letter: BatchLetter) -> Path:
    return folder_of(batch) / letter_name(letter)


def letter_name(letter: BatchLetter) -> str:
    """Says nothing of the patient."""
    return f"{letter.position:05}-{letter.notification_id}.pdf"


def write_mail_house_file(batch: LetterBatch, letters: Sequence[tuple[BatchLetter, RenderedMessage]]) -> None:
    """A ZIP of `letters.csv`, one row a letter in the order of the pile, and each letter's own PDF."""
    path = folder_of(batch) / MAIL_HOUSE
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w+b") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("letters.csv", _mail_house_rows(letters))
        for letter, _copy in letters:
            archive.write(letter_path(batch, letter), letter_name(letter))
    draft.replace(path)


def _mail_house_rows(letters: Iterable[tuple[BatchLetter, RenderedMessage]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(MAIL_HOUSE_COLUMNS)
    for letter, copy in letters:
        is_certified = letter.notification.kind == "last_letter"
        lines = [defuse(line) for line in copy.letter["recipient"]]
        address = [*lines[:4], ", ".join(lines[4:])] if len(lines) > 4 else [*lines, *[""] * (5 - len(lines))]
        writer.writerow([letter.notification_id, letter_name(letter), "yes" if is_certified else "no", *address])
    return text.getvalue().encode("utf-8-sig")


def defuse(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula is made plain text by an apostrophe."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def delete_files(batch: LetterBatch) -> None:
    shutil.rmtree(Path(settings.LETTER_DIR) / str(batch.key), ignore_errors=True)


def delete_expired(now: datetime) -> int:
    """Delete the files of batches a week after they were asked for; the number of batches."""
    expired = list(LetterBatch.objects.filter(files_deleted_at=None, made_at__lt=now - RETENTION))
    for batch in expired:
        delete_files(batch)
    LetterBatch.objects.filter(pk__in=[batch.pk for batch in expired]).update(files_deleted_at=now)
    return len(expired)
