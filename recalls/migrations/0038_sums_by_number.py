from django.db import migrations, models
from django.db.models import Q

from history.online_indexes import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("recalls", "0037_earlier_offers")]

    operations = [
        AddIndexOnline(
            model_name="countline",
            index=models.Index(
                fields=["site", "name", "bucket", "key"], condition=Q(is_sum=True), name="count_line_sums"
            ),
        ),
    ]
