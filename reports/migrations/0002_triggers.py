"""The log of changed settings is append-only."""

from django.db import migrations

from history.append_only import install_append_only, remove_append_only

TABLES = (
    "django_admin_log",
)


def install(_apps, schema_editor):
    install_append_only(schema_editor.connection, TABLES)


def remove(_apps, schema_editor):
    remove_append_only(schema_editor.connection, TABLES)


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial"), ("admin", "0003_logentry_add_action_flag_choices"), ("recalls", "0002_triggers")]

    operations = [migrations.RunPython(install, remove)]
