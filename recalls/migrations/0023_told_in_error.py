"""A talk that was recorded in error is taken back by a row of its own, which is append-only."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from history.append_only import install_append_only, remove_append_only

TABLES = ("recalls_disclosureretraction",)


def install(_apps, schema_editor):
    install_append_only(schema_editor.connection, TABLES)


def remove(_apps, schema_editor):
    remove_append_only(schema_editor.connection, TABLES)


class Migration(migrations.Migration):
    dependencies = [
        ("recalls", "0022_other_phone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DisclosureRetraction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="when")),
                ("by", models.CharField(max_length=150, verbose_name="by")),
                (
                    "disclosure",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="taken_back",
                        to="recalls.resultdisclosure",
                        verbose_name="result told",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "result told, taken back",
                "verbose_name_plural": "results told, taken back",
            },
        ),
        migrations.RunPython(install, remove),
    ]
