"""The database's own guards: append-only tables, and no state of a recall without an event."""

from django.db import migrations

from recalls import guards


class Migration(migrations.Migration):
    dependencies = [("recalls", "0001_initial"), ("patients", "0001_initial")]

    operations = [migrations.RunPython(guards.migrate_forwards, guards.migrate_backwards)]
