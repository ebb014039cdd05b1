"""Facts leave out the tissue of surgeries that were taken back: read anew, and filled where they never were.

In batches, as in 0027: on PostgreSQL the clinic works on meanwhile.
"""

from django.db import migrations

from recalls.kept_facts import triggers, upkeep


def fill(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        triggers.install(schema_editor.connection, numbers=False)
    upkeep.fill_facts()
    if schema_editor.connection.vendor == "postgresql":
        triggers.install(schema_editor.connection)
    upkeep.mend_recall_numbers()


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("recalls", "0049_lump_felt"), ("patients", "0010_existing_changed_times")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
