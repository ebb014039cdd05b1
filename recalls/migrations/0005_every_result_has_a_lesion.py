"""Every pathology result has a lesion; no outcome waits for its release any more."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recalls", "0004_existing_results")]

    operations = [
        migrations.RemoveIndex(model_name="recall", name="recall_to_release"),
        migrations.RemoveField(model_name="recall", name="to_release_by"),
        migrations.AlterField(
            model_name="pathologyresult",
            name="lesion",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="pathology_results",
                to="recalls.lesion",
                verbose_name="lesion",
            ),
        ),
    ]
