"""What happened today is counted apart from the days that are over."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0011_access_log_of_lists'),
        ('reports', '0007_reader_cases'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='weeklyfigure',
            name='weekly_figure_once',
        ),
        migrations.AddField(
            model_name='weeklyfigure',
            name='is_today',
            field=models.BooleanField(db_default=False, default=False, verbose_name='of today'),
        ),
        migrations.AddConstraint(
            model_name='weeklyfigure',
            constraint=models.UniqueConstraint(fields=('site', 'week', 'measure', 'language', 'is_today'), name='weekly_figure_once'),
        ),
    ]
