"""What lists and numbers rest on is kept from here on, and filled for the recalls that are here already.

In batches: on PostgreSQL the clinic works on meanwhile, since the triggers that write the facts stand before the first
batch, and each number is what a recount of one instant says. SQLite gets its triggers after the last migration.
"""

from django.db import migrations

from recalls.kept_facts import triggers, upkeep


def fill(_apps, schema_editor):
    if not triggers.is_ready(schema_editor.connection):
        return  # 0050 does it, once every table is there
    if schema_editor.connection.vendor == "postgresql":
        triggers.install(schema_editor.connection, numbers=False)
    upkeep.fill_facts()
    if schema_editor.connection.vendor == "postgresql":
        triggers.install(schema_editor.connection)
    upkeep.mend_recall_numbers()


def forget(_apps, schema_editor):
    triggers.remove(schema_editor.connection)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("recalls", "0026_recall_facts"), ("patients", "0010_existing_changed_times")]

    operations = [migrations.RunPython(fill, forget)]
