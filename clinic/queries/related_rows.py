"""Reads the rows that belong to one row, such as the visits of a recall, by a query that is compiled once."""

from collections.abc import Iterable
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model, QuerySet

from clinic.queries.prepared import PreparedQuery
from clinic.union_fetch import set_prefetched

_query_by_relation: dict[tuple[type[Model], str], PreparedQuery] = {}


def read_related(owner: Model, name: str) -> list[Any]:
    """The rows that `owner.<name>.all()` gives, each with its owner; no query where they are prefetched.

    `name` is that of a reverse foreign key, or of a many-to-many field of the owner's own.
    """
    prefetched = getattr(owner, "_prefetched_objects_cache", {}).get(name)
    return query_related(owner, name) if prefetched is None else list(prefetched)


def prefetch_rows(owner: Model, *names: str, **queries: PreparedQuery) -> None:
    """Fill the prefetch cache of one row as Django does; one query for each relation that is not there yet.

    `queries`: for relations whose rows come with more or less than their own columns; each takes `owner`, the key.
    """
    found = {name: read_related(owner, name) for name in names}
    found |= {name: _with_owner(owner, name, query.rows(owner=owner.pk)) for name, query in queries.items()}
    set_prefetched(owner, **found)


def query_related(owner: Model, name: str) -> list[Any]:
    """The same asked of the database, also where they are prefetched."""
    if owner.pk is None or owner._state.db != DEFAULT_DB_ALIAS:
        return list(getattr(owner, name).all().all())  # a copy of what was prefetched is asked anew
    field: Any = owner._meta.get_field(name)
    relation = (type(owner), name)
    query = _query_by_relation.get(relation)
    if query is None:
        query = _query_by_relation[relation] = _prepare(field)
    return _with_owner(owner, name, query.rows(owner=owner.pk))


def _with_owner(owner: Model, name: str, rows: Iterable[Any]) -> list[Any]:
    field: Any = owner._meta.get_field(name)
    found = list(rows)
    if not field.many_to_many:
        for row in found:
            field.remote_field.set_cached_value(row, owner)
    return found


def _prepare(field: Any) -> PreparedQuery:
    way_back = field.related_query_name() if field.many_to_many else field.remote_field.name

    def build(*, owner: int) -> "QuerySet[Any]":
        return field.related_model._default_manager.filter(**{way_back: owner})  # type: ignore[no-any-return]

    return PreparedQuery(build)
