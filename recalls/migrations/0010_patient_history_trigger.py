"""The history of a patient's record is append-only."""

from django.db import migrations

from history.append_only import install_append_only, remove_append_only

TABLES = ("patients_patientchange",)


def install(_apps, schema_editor):
    install_append_only(schema_editor.connection, TABLES)


def remove(_apps, schema_editor):
    remove_append_only(schema_editor.connection, TABLES)


class Migration(migrations.Migration):
    dependencies = [("recalls", "0009_joined_reasons"), ("patients", "0005_record_history")]

    operations = [migrations.RunPython(install, remove)]
