"""Messages in files go the same way as those that come over a connection."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from exchange.hl7.splitting import PieceKind, read_messages
from exchange.models import Hl7Message
from tests.hl7.sample_messages import frame, make_oru


def ingest(path: Path, **options: Any) -> tuple[int, list[dict[str, Any]]]:
    out, status = io.StringIO(), 0
    try:
        call_command("ingest_hl7", str(path), stdout=out, **options)
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    return status, [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.django_db
def test_each_message_of_a_file_is_told_and_the_file_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "messages.hl7"
    path.write_bytes(frame(make_oru("1")) + b"\r\n" + make_oru("2").replace(b"\r", b"\r\n") + b"\n\n" + make_oru("3"))
    status, lines = ingest(path)
    assert [(line["number"], line["control_id"], line["type"], line["is_new"]) for line in lines] == [
        (1, "1", "ORU^R01", True),
        (2, "2", "ORU^R01", True),
        (3, "3", "ORU^R01", True),
    ]
    assert "Sample-Oak" not in str(lines)
    assert ingest(path)[1] == [line | {"is_new": False} for line in lines]
    assert (status, Hl7Message.objects.count()) == (3, 3)


@pytest.mark.django_db
def test_a_dry_run_says_the_same_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "messages.hl7"
    path.write_bytes(make_oru("1") + make_oru("2"))
    status, lines = ingest(path, dry_run=True)
    assert (status, len(lines), Hl7Message.objects.count()) == (3, 2, 0)
    assert [line["reason"] for line in ingest(path)[1]] == [line["reason"] for line in lines]


def test_a_file_is_read_in_parts() -> None:
    bodies = [make_oru(str(number), text="x" * 3000) for number in range(1000)]
    pieces = list(read_messages(io.BytesIO(b"".join(bodies)), 10_000))
    assert [piece.body for piece in pieces] == [body.rstrip(b"\r") for body in bodies]


def test_a_message_too_long_costs_the_next_one_nothing() -> None:
    file = io.BytesIO(make_oru("1") + make_oru("2", text="x" * 5_000_000) + make_oru("3"))
    pieces = list(read_messages(file, 10_000))
    assert [piece.kind for piece in pieces] == [PieceKind.MESSAGE, PieceKind.TOO_LONG, PieceKind.MESSAGE]
    assert (len(pieces[1].body), pieces[1].size > 5_000_000) == (10_000, True)
    assert pieces[2].body == make_oru("3").rstrip(b"\r")
