"""Each event seals the facts that its step added, and a correction seals the exam as it left it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recalls', '0029_reader_lists'),
    ]

    operations = [
        migrations.AddField(
            model_name='recallevent',
            name='seals',
            field=models.JSONField(db_default=models.Value({}, output_field=models.JSONField()), default=dict, editable=False),
        ),
        migrations.AddField(
            model_name='supersededreading',
            name='corrected_seal',
            field=models.CharField(blank=True, db_default='', editable=False, max_length=40),
        ),
    ]
