"""Rows and messages stay as they came; each version that a person mended is added beside them."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from exchange.db_triggers import install_triggers, remove_triggers


def install(_apps, schema_editor):
    install_triggers(schema_editor.connection)


def remove(_apps, schema_editor):
    remove_triggers(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0011_message_retention'),
        ('recalls', '0002_triggers'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='parkedrow',
            name='mended',
            field=models.JSONField(null=True, verbose_name='the row as mended'),
        ),
        migrations.CreateModel(
            name='Hl7MessageMend',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='when')),
                ('body', models.BinaryField(verbose_name='the message as mended')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mends', to='exchange.hl7message', verbose_name='message')),
            ],
            options={
                'verbose_name': 'mended message',
                'verbose_name_plural': 'mended messages',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='RowMend',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='when')),
                ('cells', models.JSONField(verbose_name='the row by column')),
                ('changed', models.JSONField(default=list, verbose_name='columns that are not as they came')),
                ('confirmed', models.JSONField(default=list, verbose_name='confirmed')),
                ('result', models.CharField(max_length=9, verbose_name='result')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('row', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mends', to='exchange.parkedrow', verbose_name='parked row')),
            ],
            options={
                'verbose_name': 'mended row',
                'verbose_name_plural': 'mended rows',
                'ordering': ['pk'],
            },
        ),
        migrations.RunPython(install, remove),
    ]
