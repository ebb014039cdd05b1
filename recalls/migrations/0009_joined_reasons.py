"""Room for several reasons in one task, and the trigger of consents again, which SQLite drops with a new column."""

from django.db import migrations, models

from history.append_only import install_append_only, remove_append_only


def install(_apps, schema_editor):
    remove_append_only(schema_editor.connection, ["patients_consent"])
    install_append_only(schema_editor.connection, ["patients_consent"])


class Migration(migrations.Migration):
    dependencies = [("recalls", "0008_lay_summaries"), ("patients", "0003_contact_facts")]

    operations = [
        migrations.AlterField(
            model_name="workitem",
            name="reason",
            field=models.CharField(max_length=1000, verbose_name="why"),
        ),
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
