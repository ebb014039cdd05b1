"""Who read the images of an outcome, where another person recorded it; rows that are here stay as they are."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from history.online_indexes import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('recalls', '0044_later_round'),
    ]

    operations = [
        migrations.AddField(
            model_name='outcome',
            name='reader',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='read by'),
        ),
        migrations.AddField(
            model_name='outcome',
            name='reader_name',
            field=models.CharField(blank=True, db_default='', default='', max_length=200, verbose_name='read elsewhere by'),
        ),
        AddIndexOnline(
            model_name='outcome',
            index=models.Index(condition=models.Q(('reader__isnull', False)), fields=['reader'], name='outcome_by_reader'),
        ),
    ]
