"""Keep what went by a channel that failed, when the next one takes over."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0007_last_letter")]

    operations = [
        migrations.AddField(
            model_name="renderedmessage",
            name="earlier",
            field=models.JSONField(blank=True, default=list, verbose_name="earlier tries"),
        ),
    ]
