from django.db import migrations

from reports import guards


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0001_weekly_figures"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("recalls", "0002_guards"),
    ]

    operations = [migrations.RunPython(guards.migrate_forwards, guards.migrate_backwards)]
