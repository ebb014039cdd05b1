"""Reads rows of several tables in one query: a UNION of JSON objects, made models again.

Only for what every queue page needs, where the number of queries is limited: docs/decisions/0011.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import CharField, DateTimeField, Field, JSONField, Model, QuerySet, Value
from django.db.models.functions import JSONObject


def fetch_union(**wanted: QuerySet[Any]) -> dict[str, list[Any]]:
    """The rows of every queryset under its name, each list by primary key; one query. Annotations are not read."""
    return build_instances(as_union(**wanted), {name: rows.model for name, rows in wanted.items()})


def as_union(**wanted: QuerySet[Any]) -> "QuerySet[Any, Any]":
    """The one query, which answers with a name and an object for each row."""
    parts = [_as_json_rows(name, rows) for name, rows in wanted.items()]
    union: QuerySet[Any, Any] = parts[0].union(*parts[1:], all=True)
    return union


def build_instances(rows: Iterable[Any], models: Mapping[str, type[Model]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {name: [] for name in models}
    for name, values in rows:
        found[name].append(_build_instance(models[name], values))
    for instances in found.values():
        instances.sort(key=lambda row: row.pk)
    return found


def set_prefetched(owner: Model, **lists: Iterable[Model]) -> None:
    """Fill the prefetch cache of `owner` with these rows, by the names of its related managers."""
    cache = owner.__dict__.setdefault("_prefetched_objects_cache", {})
    for name, rows in lists.items():
        known = getattr(owner, name).get_queryset()
        known._result_cache, known._prefetch_done = list(rows), True
        cache[name] = known


def set_related(instance: Model, name: str, related: Model | None) -> None:
    """Keep the row of a relation with one row, as `select_related` does: asking costs no query, also where it is None.

    The descriptor keeps no None of a reverse relation.
    """
    relation: Any = instance._meta.get_field(name)
    relation.set_cached_value(instance, related)


def known_related(instance: Model, name: str) -> Any:
    """The row of a relation with one row if it was read already, else None; never a query."""
    relation: Any = instance._meta.get_field(name)
    return relation.get_cached_value(instance, default=None)


def _as_json_rows(name: str, rows: QuerySet[Any]) -> QuerySet[Any, Any]:
    columns = {field.attname: field.attname for field in rows.model._meta.concrete_fields}
    return rows.order_by().values_list(Value(name, output_field=CharField()), JSONObject(**columns))


def _build_instance(model: type[Model], values: dict[str, Any]) -> Model:
    fields = model._meta.concrete_fields
    names = [field.attname for field in fields]
    return model.from_db("default", names, [_to_python(field, values[field.attname]) for field in fields])


def _to_python(field: "Field[Any, Any]", value: Any) -> Any:
    """The value as the column itself would give it: JSON has no dates, and SQLite no time zones and no nested JSON."""
    if value is None:
        return None
    if isinstance(field, JSONField):
        return json.loads(value) if isinstance(value, str) else value
    if isinstance(field, DateTimeField):
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return field.to_python(value)
