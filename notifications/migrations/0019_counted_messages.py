"""Messages that did not get through are counted from here on with each change; those of before are counted once."""

from django.db import migrations

from recalls.kept_facts import triggers, upkeep


def count(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        triggers.install(schema_editor.connection)
    upkeep.mend_message_numbers()


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("notifications", "0018_earlier_offer"), ("recalls", "0034_first_visits")]

    operations = [migrations.RunPython(count, migrations.RunPython.noop)]
