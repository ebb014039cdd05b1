"""A recall changed last with its newest event, an exam with its newest correction, else when it came."""

from django.db import migrations
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce


def fill(apps, _schema_editor):
    event = apps.get_model("recalls", "RecallEvent").objects.filter(recall=OuterRef("pk")).order_by("-version")
    apps.get_model("recalls", "Recall").objects.update(
        changed_at=Coalesce(Subquery(event.values("at")[:1]), F("opened_at"))
    )
    replaced = apps.get_model("recalls", "SupersededReading").objects.filter(exam=OuterRef("pk")).order_by("-pk")
    apps.get_model("recalls", "ScreeningExam").objects.update(
        changed_at=Coalesce(Subquery(replaced.values("replaced_at")[:1]), F("created_at"))
    )


class Migration(migrations.Migration):
    dependencies = [("recalls", "0024_changed_times")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
