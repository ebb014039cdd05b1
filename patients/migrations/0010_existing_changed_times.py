"""A record changed last when its history or a contact point says so, else when it came."""

from django.db import migrations
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce, Greatest


def fill(apps, _schema_editor):
    change = apps.get_model("patients", "PatientChange").objects.filter(patient=OuterRef("pk")).order_by("-pk")
    point = apps.get_model("patients", "ContactPoint").objects.filter(patient=OuterRef("pk")).order_by("-changed_at")
    apps.get_model("patients", "Patient").objects.update(
        changed_at=Greatest(
            "created_at",
            Coalesce(Subquery(change.values("at")[:1]), F("created_at")),
            Coalesce(Subquery(point.values("changed_at")[:1]), F("created_at")),
        )
    )


class Migration(migrations.Migration):
    dependencies = [("patients", "0009_changed_times")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
