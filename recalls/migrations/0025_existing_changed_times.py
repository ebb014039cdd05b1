"""A recall changed last with its newest event, an exam with its newest correction, else when it came.

SQLite wrote the table of recalls anew for the column and forgot its trigger, which is made again.
"""

from django.db import migrations
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from recalls import db_triggers


def fill(apps, _schema_editor):
    event = apps.get_model("recalls", "RecallEvent").objects.filter(recall=OuterRef("pk")).order_by("-version")
    apps.get_model("recalls", "Recall").objects.update(
        changed_at=Coalesce(Subquery(event.values("at")[:1]), F("opened_at"))
    )
    replaced = apps.get_model("recalls", "SupersededReading").objects.filter(exam=OuterRef("pk")).order_by("-pk")
    apps.get_model("recalls", "ScreeningExam").objects.update(
        changed_at=Coalesce(Subquery(replaced.values("replaced_at")[:1]), F("created_at"))
    )


def install_trigger(_apps, schema_editor):
    db_triggers.remove_state_trigger(schema_editor.connection)
    db_triggers.install_state_trigger(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("recalls", "0024_changed_times")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(install_trigger, migrations.RunPython.noop),
    ]
