"""Holds that a large table keeps no index of a foreign key that one of its longer indexes covers."""

import pytest
from django.apps import apps
from django.db import connection, models

LARGE_TABLES = (
    "clinic.SecurityEvent", "exchange.Hl7Message", "notifications.BatchLetter", "notifications.DeliveryAttempt",
    "notifications.DeliveryReport", "notifications.Notification", "patients.Consent", "patients.ContactPoint",
    "recalls.Appointment", "recalls.Lesion", "recalls.RecallEvent", "recalls.ScreeningExam",
)  # fmt: skip


def _leads_an_index(model: type[models.Model], column: str) -> bool:
    """Whether a longer index of all rows begins with the column."""
    longer = [index.fields for index in model._meta.indexes if index.condition is None]
    longer += [
        list(one.fields)
        for one in model._meta.constraints
        if isinstance(one, models.UniqueConstraint) and one.condition is None
    ]
    return any(fields and fields[0].lstrip("-") == column for fields in longer)


@pytest.mark.django_db
@pytest.mark.parametrize("label", LARGE_TABLES)
def test_no_index_stands_beside_a_longer_one(label: str) -> None:
    model = apps.get_model(label)
    keys = [field for field in model._meta.local_concrete_fields if isinstance(field, models.ForeignKey)]
    covered = [field.column for field in keys if not field.unique and _leads_an_index(model, field.name)]
    assert covered
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    named = {index.name for index in model._meta.indexes}
    alone = [one["columns"] for name, one in found.items() if one["index"] and name not in named]
    assert [columns for columns in alone if len(columns) == 1 and columns[0] in covered] == []
