"""Append-only tables of messages."""

from django.db import migrations

from history.append_only import install_append_only, remove_append_only

TABLES = (
    "notifications_deliveryattempt",
    "notifications_deliveryreport",
    "notifications_messagetext",
)


def install(_apps, schema_editor):
    install_append_only(schema_editor.connection, TABLES)


def remove(_apps, schema_editor):
    remove_append_only(schema_editor.connection, TABLES)


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial"), ("recalls", "0002_triggers")]

    operations = [migrations.RunPython(install, remove)]
