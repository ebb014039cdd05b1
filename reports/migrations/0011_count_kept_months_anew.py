"""What was kept knows nothing of the waits that a rule counts from the screening: the workers count it anew."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reports", "0010_kept_reader_months")]

    operations = [
        migrations.RunSQL("DELETE FROM reports_keptmonth", migrations.RunSQL.noop),
        migrations.RunSQL("DELETE FROM reports_keptreadermonth", migrations.RunSQL.noop),
    ]
