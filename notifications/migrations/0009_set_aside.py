"""Let a worker set aside the messages that it is about to send, so that two never go for the same ones."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0008_earlier_copies")]

    operations = [
        migrations.AddField(
            model_name="notification",
            name="set_aside_until",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
