"""Remembers what was known of addresses so far, and where the links in force were sent."""

from django.db import migrations
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

_CHUNK = 1000


def remember_faults(apps, _editor):
    """A bounce or complaint speaks of the address, a wrong person of the patient who has it."""
    points, faults = apps.get_model("patients", "ContactPoint"), apps.get_model("patients", "AddressFault")
    rows = points.objects.filter(unusable__in=("bounced", "complained", "wrong")).order_by("pk")
    faults.objects.bulk_create(
        (
            faults(
                address=point.value.lower(),
                patient_id=point.patient_id if point.unusable == "wrong" else None,
                reason=point.unusable,
                at=point.changed_at,
            )
            for point in rows.iterator(_CHUNK)
        ),
        batch_size=_CHUNK,
        ignore_conflicts=True,
    )


def mark_who_shares_them(apps, _editor):
    points, faults = apps.get_model("patients", "ContactPoint"), apps.get_model("patients", "AddressFault")
    for fault in faults.objects.filter(patient=None).iterator(_CHUNK):
        shared = points.objects.filter(kind="email", value__iexact=fault.address, unusable="")
        shared.update(unusable=fault.reason)


def note_where_links_went(apps, _editor):
    """A link older than the patient's present address went to another one: it ends."""
    links, points = apps.get_model("patients", "PatientLink"), apps.get_model("patients", "ContactPoint")
    in_force = links.objects.filter(revoked_at=None, expires_at__gt=timezone.now())
    email = points.objects.filter(kind="email", patient=OuterRef("patient"))
    same = email.filter(changed_at__lte=OuterRef("created_at"))
    in_force.filter(Exists(same)).update(address=Subquery(same.values("value")[:1]))
    newer = email.filter(changed_at__gt=OuterRef("created_at"), unusable="")
    in_force.filter(Exists(newer)).update(revoked_at=timezone.now())


class Migration(migrations.Migration):

    dependencies = [("patients", "0003_contact_facts")]

    operations = [
        migrations.RunPython(remember_faults, migrations.RunPython.noop),
        migrations.RunPython(mark_who_shares_them, migrations.RunPython.noop),
        migrations.RunPython(note_where_links_went, migrations.RunPython.noop),
    ]
