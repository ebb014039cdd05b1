"""The database's own guard: a try to deliver is written once."""

from django.db import migrations

from recalls.guards import install_append_only, remove_append_only

TABLES = ("notifications_deliveryattempt",)


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial"), ("recalls", "0002_guards")]

    operations = [
        migrations.RunPython(
            lambda _apps, editor: install_append_only(editor.connection, TABLES),
            lambda _apps, editor: remove_append_only(editor.connection, TABLES),
        )
    ]
