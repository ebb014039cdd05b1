from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("recalls", "0046_languages_and_way")]

    operations = [
        migrations.RemoveConstraint(model_name="reportrequest", name="report_requested_once_per_recall"),
        migrations.AddConstraint(
            model_name="reportrequest",
            constraint=models.UniqueConstraint(
                fields=["recall", "kind", "facility"],
                condition=Q(closed_at__isnull=True),
                name="report_requested_once",
            ),
        ),
    ]
