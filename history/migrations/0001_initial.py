"""The columns that seals cover, and the ledger of sealed rows."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='LedgerMark',
            fields=[
                ('table', models.CharField(max_length=63, primary_key=True, serialize=False)),
                ('newest_row', models.BigIntegerField(default=0)),
                ('next_transaction', models.BigIntegerField(default=0)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='LedgerBlock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.BigIntegerField(unique=True)),
                ('table', models.CharField(max_length=63)),
                ('shape', models.CharField(max_length=8)),
                ('key', models.CharField(blank=True, max_length=8)),
                ('after_row', models.BigIntegerField()),
                ('last_row', models.BigIntegerField()),
                ('rows', models.PositiveIntegerField()),
                ('rows_digest', models.CharField(max_length=64)),
                ('seen_at', models.DateTimeField(null=True)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('previous', models.CharField(blank=True, max_length=64)),
                ('digest', models.CharField(max_length=64)),
            ],
            options={
                'indexes': [models.Index(fields=['table', '-number'], name='block_by_table')],
            },
        ),
        migrations.CreateModel(
            name='TableShape',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=8, unique=True)),
                ('table', models.CharField(max_length=63)),
                ('columns', models.JSONField()),
                ('newest_row', models.BigIntegerField()),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'indexes': [models.Index(fields=['table', 'id'], name='shape_by_table')],
            },
        ),
    ]
