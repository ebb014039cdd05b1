"""Append-only tables of results, and no state of a recall without an event."""

from django.db import migrations

from history.append_only import install_append_only, remove_append_only
from recalls import db_triggers

TABLES = (
    "patients_consent",
    "recalls_recallevent",
    "recalls_contactattempt",
    "recalls_outcome",
    "recalls_outcomerelease",
    "recalls_outcomeretraction",
    "recalls_pathologyresult",
    "recalls_concordance",
    "recalls_supersededreading",
    "recalls_lesionassessment",
    "recalls_biopsy",
    "recalls_biopsyretraction",
    "recalls_resultdisclosure",
    "recalls_refusal",
    "recalls_referral",
    "recalls_outsidereport",
)


def install(_apps, schema_editor):
    install_append_only(schema_editor.connection, TABLES)
    db_triggers.install_state_trigger(schema_editor.connection)


def remove(_apps, schema_editor):
    remove_append_only(schema_editor.connection, TABLES)
    db_triggers.remove_state_trigger(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("recalls", "0006_visit_kinds_and_supplemental_screening"), ("patients", "0001_initial")]

    operations = [migrations.RunPython(install, remove)]
