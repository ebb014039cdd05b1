"""Computes the seal of a row: a digest over what its columns say, keyed where HISTORY_KEY is set.

Who can write to the database and does not know the key can compute no seal. A seal is 24 characters (144 bits of
SHA-256), for several stand beside each event.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import BinaryField, Field, Model

_SEAL_BYTES = 18
_CODE_LENGTH = 6


def sealed_fields(model: type[Model]) -> "list[Field[Any, Any]]":
    """All columns, or those that the model names in `SEALED_COLUMNS`."""
    named = getattr(model, "SEALED_COLUMNS", None)
    return [field for field in model._meta.concrete_fields if named is None or field.attname in named]


@cache
def columns_of(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in sealed_fields(model))


@cache
def shape_code(model: type[Model]) -> str:
    """Names the present columns of the model."""
    words = " ".join([model._meta.db_table, *columns_of(model)])
    return hashlib.sha256(words.encode()).hexdigest()[:_CODE_LENGTH]


def key_code() -> str:
    """Names the key in use without telling it; empty without a key."""
    return _code_of_key(settings.HISTORY_KEYS[0]) if settings.HISTORY_KEYS else ""


def get_key(code: str) -> bytes | None:
    """The key of that name; empty for seals without a key, None for one that is not here."""
    return {"": b"", **{_code_of_key(key): key.encode() for key in settings.HISTORY_KEYS}}.get(code)


@cache
def _code_of_key(key: str) -> str:
    return hashlib.sha256(b"name of " + key.encode()).hexdigest()[:_CODE_LENGTH]


def digest(content: Any, key: bytes) -> bytes:
    """SHA-256 of the content as JSON with its keys in order; HMAC where there is a key."""
    words = json.dumps(content, sort_keys=True, separators=(",", ":"), default=_plain).encode()
    return hmac.digest(key, words, "sha256") if key else hashlib.sha256(words).digest()


def seal_values(table: str, columns: Sequence[str], values: Iterable[Any], key: bytes) -> str:
    """The seal of a row read from the database."""
    content = [table, *zip(columns, values, strict=True)]
    return base64.urlsafe_b64encode(digest(content, key)[:_SEAL_BYTES]).decode()


def without_bytes(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns with the digest of a file in its place, which gives the same seal: files need not stay in memory."""
    return {name: _plain(value) if isinstance(value, bytes | memoryview) else value for name, value in values.items()}


def rows_at_once(model: type[Model]) -> int:
    """How many rows may be in memory together: few where a column holds files."""
    return 5 if any(isinstance(column, BinaryField) for column in sealed_fields(model)) else 500


def seal_row(row: Model) -> str:
    """The seal of a row that was just saved; its values are taken as the database gives them back."""
    values = [_stored_value(field, getattr(row, field.attname)) for field in sealed_fields(type(row))]
    return seal_values(row._meta.db_table, columns_of(type(row)), values, get_key(key_code()) or b"")


def _stored_value(field: "Field[Any, Any]", value: Any) -> Any:
    return value if value is None else field.to_python(value)


def _plain(value: Any) -> Any:
    """The same text for the same instant, bytes or number on every database."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return hashlib.sha256(value).hexdigest()
    return str(value)
