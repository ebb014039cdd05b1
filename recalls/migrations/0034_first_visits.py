"""A referral may be taken back, and who was handed over lately is asked after where they were to be seen."""

from datetime import timedelta

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import Exists, OuterRef
from django.utils import timezone

ASKED_AFTER_DAYS = 60
HANDED_OVER = ("cancer_handed_over", "high_risk_referred")


def ask_after_recent_referrals(apps, schema_editor):
    """A patient handed over in the last two months may not have come, and nobody has asked."""
    Referral, ReportRequest = apps.get_model("recalls", "Referral"), apps.get_model("recalls", "ReportRequest")
    today = timezone.now().date()
    later = Referral.objects.filter(recall=OuterRef("recall"), pk__gt=OuterRef("pk"))
    rows = Referral.objects.filter(
        ~Exists(later),
        first_visit_on__gte=today - timedelta(days=ASKED_AFTER_DAYS),
        recall__closure_reason__in=HANDED_OVER,
    )
    for row in rows.select_related("recall"):
        ReportRequest.objects.create(
            recall_id=row.recall_id, site_id=row.recall.site_id, kind="visit", facility=row.facility, phone=row.phone,
            ask_on=max(row.first_visit_on, today) + timedelta(days=1),
        )  # fmt: skip


def ask_no_more(apps, schema_editor):
    """The version before knows no such request."""
    apps.get_model("recalls", "ReportRequest").objects.filter(kind="visit").delete()


class Migration(migrations.Migration):

    dependencies = [
        ('recalls', '0033_background'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='outsidereport',
            name='kind',
            field=models.CharField(choices=[('imaging', 'Imaging work-up'), ('biopsy', 'Biopsy'), ('surgery', 'Surgery'), ('visit', 'First visit at the treatment')], max_length=7, verbose_name='what was done'),
        ),
        migrations.AlterField(
            model_name='outsidereport',
            name='source',
            field=models.CharField(choices=[('fax', 'Fax'), ('mail', 'Mail'), ('portal', 'Portal or exchange'), ('phone', 'Phone'), ('patient', 'Brought by the patient')], max_length=7, verbose_name='how it came'),
        ),
        migrations.AlterField(
            model_name='reportrequest',
            name='kind',
            field=models.CharField(choices=[('imaging', 'Imaging work-up'), ('biopsy', 'Biopsy'), ('surgery', 'Surgery'), ('visit', 'First visit at the treatment')], max_length=7, verbose_name='report of'),
        ),
        migrations.CreateModel(
            name='ReferralRetraction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='when')),
                ('by', models.CharField(max_length=150, verbose_name='by')),
                ('referral', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='not_kept', to='recalls.referral', verbose_name='referral')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'referral not kept',
                'verbose_name_plural': 'referrals not kept',
            },
        ),
        migrations.RunPython(ask_after_recent_referrals, ask_no_more),
    ]
