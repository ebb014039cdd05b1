"""The access log says whom a list showed, from where, and in which session."""

from django.db import migrations, models


def install(_apps, schema_editor):
    """Serves "who had this patient on a list"; SQLite looks through the rows."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE INDEX accesslog_by_patients ON clinic_accesslog USING gin (patient_ids jsonb_path_ops)"
        )


def remove(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX accesslog_by_patients")


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0010_emergency_access'),
    ]

    operations = [
        migrations.AddField(
            model_name='accesslog',
            name='address',
            field=models.GenericIPAddressField(null=True, verbose_name='address'),
        ),
        migrations.AddField(
            model_name='accesslog',
            name='alarm',
            field=models.CharField(blank=True, choices=[('own_record', "perhaps the person's own record"), ('surname', "a patient with the person's family name")], db_default='', max_length=10, verbose_name='alarm'),
        ),
        migrations.AddField(
            model_name='accesslog',
            name='filter',
            field=models.CharField(blank=True, db_default='', max_length=16, verbose_name='search or filter'),
        ),
        migrations.AddField(
            model_name='accesslog',
            name='patient_ids',
            field=models.JSONField(null=True, verbose_name='patient numbers on the list'),
        ),
        migrations.AddField(
            model_name='accesslog',
            name='session',
            field=models.CharField(blank=True, db_default='', max_length=16, verbose_name='session'),
        ),
        migrations.AddField(
            model_name='accesslog',
            name='sites',
            field=models.CharField(blank=True, db_default='', max_length=200, verbose_name="numbers of the person's sites"),
        ),
        migrations.AddField(
            model_name='accesslog',
            name='subject',
            field=models.CharField(blank=True, db_default='', max_length=60, verbose_name='what else'),
        ),
        migrations.AddField(
            model_name='accesslog',
            name='why',
            field=models.CharField(blank=True, db_default='', max_length=300, verbose_name='why'),
        ),
        migrations.AlterField(
            model_name='accesslog',
            name='patient_id',
            field=models.BigIntegerField(null=True, verbose_name='patient number'),
        ),
        migrations.AddIndex(
            model_name='accesslog',
            index=models.Index(fields=['at'], name='accesslog_by_time'),
        ),
        migrations.AddIndex(
            model_name='accesslog',
            index=models.Index(condition=models.Q(('alarm', ''), _negated=True), fields=['-id'], name='accesslog_alarms'),
        ),
        migrations.RunPython(install, remove),
    ]
