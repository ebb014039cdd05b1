"""The database's own guard: a try to deliver is written once."""

from django.db import migrations

from notifications import guards


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial"), ("recalls", "0002_guards")]

    operations = [migrations.RunPython(guards.migrate_forwards, guards.migrate_backwards)]
