"""Keeps each patient's search terms in step with the names, numbers and addresses of the record."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from django.apps import apps
from django.db import connection, models

from patients.search_terms import fold_email, identifier_terms, name_terms, phone_term

if TYPE_CHECKING:
    from patients.models import ContactPoint, Patient

_NAME_FIELDS = ("family_name", "given_name", "middle_name", "preferred_name")
SEARCHED_FIELDS = frozenset({*_NAME_FIELDS, "mrn", "merged_into", "merged_into_id", "kind", "value", "patient"})
_BATCH = 1_000
_INSERT_NEW_POSTGRES = (
    "INSERT INTO patients_searchterm (record_id, patient_id, kind, term) "
    "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::varchar[], %s::varchar[])"
)
_INSERT_POSTGRES = f"{_INSERT_NEW_POSTGRES} ON CONFLICT DO NOTHING"
_INSERT_SQLITE = "INSERT OR IGNORE INTO patients_searchterm (record_id, patient_id, kind, term) VALUES (%s, %s, %s, %s)"
Row = TypeVar("Row", bound=models.Model)
TermRow = tuple[int, int, str, str]
"""The record's own number, the number of the record in use, kind and term."""


def refresh_search_terms(patient_ids: Iterable[int]) -> None:
    """Write the terms that are missing and delete those that are no longer true; four queries for 1,000 records.

    The terms of a merged record lead to the record in use.
    """
    ids = sorted(set(patient_ids))
    for start in range(0, len(ids), _BATCH):
        _refresh_batch(ids[start : start + _BATCH])


def create_records(patients: "Sequence[Patient]", contact_points: "Sequence[ContactPoint]") -> None:
    """Store new records with all their contact points. Nothing is read: none of them has a term yet."""
    apps.get_model("patients", "Patient")._base_manager.bulk_create(patients)
    apps.get_model("patients", "ContactPoint")._base_manager.bulk_create(contact_points)
    points: dict[int, list[ContactPoint]] = defaultdict(list)
    for point in contact_points:
        points[point.patient_id].append(point)
    _insert_terms((row for patient in patients for row in terms_of(patient, points[patient.pk])), are_new=True)


def _refresh_batch(ids: list[int]) -> None:
    term_model: Any = apps.get_model("patients", "SearchTerm")
    patients = apps.get_model("patients", "Patient").objects.filter(pk__in=ids).prefetch_related("contact_points")
    wanted = {row for patient in patients for row in terms_of(patient)}
    stored = {
        (term.record_id, term.patient_id, term.kind, term.term): term.pk
        for term in term_model.objects.filter(record__in=ids)
    }
    stale = [pk for row, pk in stored.items() if row not in wanted]
    if stale:
        term_model.objects.filter(pk__in=stale).delete()
    _insert_terms(wanted - stored.keys())


def _insert_terms(rows: Iterable[TermRow], *, are_new: bool = False) -> None:
    """In plain SQL: a file of results brings ten rows for each patient, and building an object for each took longer.

    A colleague who saves the same record at the same instant writes the same terms; of records that this transaction
    has made (`are_new`) nobody else can have written any, and no index need be asked.
    """
    new = sorted(rows)
    if not new:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            statement = _INSERT_NEW_POSTGRES if are_new else _INSERT_POSTGRES
            cursor.execute(statement, [list(column) for column in zip(*new, strict=True)])
        else:
            cursor.executemany(_INSERT_SQLITE, new)


def terms_of(patient: "Patient", contact_points: "Iterable[ContactPoint] | None" = None) -> set[TermRow]:
    """The rows of a record with those contact points, by default all of its own."""
    found = {("name", term) for name in _NAME_FIELDS for term in name_terms(getattr(patient, name))}
    found |= {("mrn", term) for term in identifier_terms(patient.mrn)}
    points = patient.contact_points.all() if contact_points is None else contact_points
    found |= {row for point in points for row in _contact_terms(point)}
    in_use = patient.merged_into_id or patient.pk
    return {(patient.pk, in_use, kind, term) for kind, term in found}


def _contact_terms(point: "ContactPoint") -> set[tuple[str, str]]:
    if point.kind == "email":
        return {("email", fold_email(point.value))}
    term = phone_term(point.value)
    return {("phone", term)} if term else set()


def refresh_saved_patient(
    instance: "Patient", created: bool = False, update_fields: frozenset[str] | None = None, **_: Any
) -> None:
    """Receiver of post_save of a patient; a new one has no terms yet, and no contact points."""
    if created:
        _insert_terms(terms_of(instance, contact_points=()))
    elif update_fields is None or SEARCHED_FIELDS & set(update_fields):
        refresh_search_terms([instance.pk])


def refresh_contact_owner(instance: "ContactPoint", update_fields: frozenset[str] | None = None, **_: Any) -> None:
    """Receiver of post_save and post_delete of a contact point."""
    if update_fields is None or SEARCHED_FIELDS & set(update_fields):
        refresh_search_terms([instance.patient_id])


class SearchedQuerySet(models.QuerySet[Row]):
    """Rows written many at a time keep the search in step too; `patient_field` names the record they belong to."""

    patient_field = "pk"

    def bulk_create(self, objs: Iterable[Row], *args: Any, **kwargs: Any) -> list[Row]:
        created = super().bulk_create(objs, *args, **kwargs)
        refresh_search_terms(getattr(row, self.patient_field) for row in created)
        return created

    def bulk_update(self, objs: Iterable[Row], fields: Iterable[str], *args: Any, **kwargs: Any) -> int:
        rows = list(objs)
        count = super().bulk_update(rows, fields, *args, **kwargs)
        refresh_search_terms(getattr(row, self.patient_field) for row in rows)
        return count

    def update(self, **kwargs: Any) -> int:
        if not SEARCHED_FIELDS & kwargs.keys():
            return super().update(**kwargs)
        rows = dict(self.values_list("pk", self.patient_field))
        count = super().update(**kwargs)
        after = self.model._default_manager.filter(pk__in=rows).values_list(self.patient_field, flat=True)
        refresh_search_terms({*rows.values(), *after})
        return count


class ContactPointQuerySet(SearchedQuerySet[Row]):
    patient_field = "patient_id"


class SearchedManager(models.Manager[Row]):
    """Gives the queryset by hand, so that the types of what it finds are known."""

    def get_queryset(self) -> SearchedQuerySet[Row]:
        return SearchedQuerySet(self.model, using=self._db)


class ContactPointManager(models.Manager[Row]):
    def get_queryset(self) -> ContactPointQuerySet[Row]:
        return ContactPointQuerySet(self.model, using=self._db)
