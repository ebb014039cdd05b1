import re

from django.db import migrations, models


def keep_them_compact_and_once(apps, schema_editor):
    """Without blanks and hyphens, as they are looked for; a number that two letters have proves nothing of the later one."""
    letters = apps.get_model("notifications", "BatchLetter")
    seen = set()
    for letter in letters.objects.exclude(tracking_number="").order_by("pk").iterator():
        number = re.sub(r"[\s-]", "", letter.tracking_number).upper()
        letter.tracking_number = "" if number in seen else number
        seen.add(number)
        letter.save(update_fields=["tracking_number"])


class Migration(migrations.Migration):
    dependencies = [("notifications", "0011_result_beside_4_or_5")]

    operations = [
        migrations.RunPython(keep_them_compact_and_once, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="batchletter",
            constraint=models.UniqueConstraint(
                condition=models.Q(("tracking_number", ""), _negated=True),
                fields=("tracking_number",),
                name="one_letter_a_tracking_number",
            ),
        ),
    ]
