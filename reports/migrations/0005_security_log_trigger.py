"""The security log is append-only."""

from django.db import migrations

from history.append_only import install_append_only, remove_append_only

TABLES = ("clinic_securityevent",)


def install(_apps, schema_editor):
    install_append_only(schema_editor.connection, TABLES)


def remove(_apps, schema_editor):
    remove_append_only(schema_editor.connection, TABLES)


class Migration(migrations.Migration):
    dependencies = [("reports", "0004_calendar_feeds"), ("clinic", "0008_security_log"), ("recalls", "0002_triggers")]

    operations = [migrations.RunPython(install, remove)]
