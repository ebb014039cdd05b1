"""Every patient who is here already can be searched by the new terms; written in batches, safe to run again."""

from django.db import migrations

_BATCH = 2_000


def fill_search_terms(apps, schema_editor):
    from patients.search_index import terms_of

    patient_model = apps.get_model("patients", "Patient")
    term_model = apps.get_model("patients", "SearchTerm")
    last = 0
    in_order = patient_model.objects.order_by("pk").prefetch_related("contact_points")
    while batch := list(in_order.filter(pk__gt=last)[:_BATCH]):
        rows = (
            term_model(record_id=record, patient_id=in_use, kind=kind, term=term)
            for patient in batch
            for record, in_use, kind, term in sorted(terms_of(patient))
        )
        term_model.objects.bulk_create(rows, ignore_conflicts=True, batch_size=_BATCH)
        last = batch[-1].pk


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("patients", "0006_search_terms")]

    operations = [migrations.RunPython(fill_search_terms, migrations.RunPython.noop)]
