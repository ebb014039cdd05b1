"""Gives recalls of before their lesions, and lets a task tell what nobody had released."""

from django.db import migrations, models

_LESION_ASSESSMENTS = ("3", "4", "4A", "4B", "4C", "5", "6")
_SUSPICIOUS = ("4", "4A", "4B", "4C", "5")
_UNTOLD = "The outcome was not released to the patient: tell it."


def give_lesions(apps, _schema_editor):
    """One lesion for each recall whose reading or tissue asks for one, with what was said and done about it."""
    recalls = apps.get_model("recalls", "Recall").objects.order_by("pk")
    outcomes = apps.get_model("recalls", "Outcome").objects
    results = apps.get_model("recalls", "PathologyResult").objects
    for outcome in outcomes.order_by("pk").iterator():
        first = outcome
        while first.amends_id:
            first = outcomes.get(pk=first.amends_id)
        outcomes.filter(pk=outcome.pk).update(read_at=first.at)
    wanted = models.Q(outcomes__assessment__in=_LESION_ASSESSMENTS) | models.Q(pathology_results__isnull=False)
    advised = models.Q(biopsy_since__isnull=False)
    for recall in recalls.filter(wanted | advised).select_related("exam").distinct().iterator(chunk_size=500):
        lesion = _make_lesion(apps, recall)
        results.filter(recall=recall).update(lesion=lesion)


def _make_lesion(apps, recall):
    outcome = apps.get_model("recalls", "Outcome").objects.filter(recall=recall, taken_back=None).order_by("pk").last()
    findings = list(recall.exam.findings.all())
    only = findings[0] if len(findings) == 1 else None
    side = only.side if only and only.side in ("left", "right") else ""
    at = outcome.at if outcome else recall.biopsy_since or recall.opened_at
    signed = {"at": at, "by": outcome.by if outcome else "system"}
    lesion = apps.get_model("recalls", "Lesion").objects.create(
        recall=recall, number=1, finding=only, side=side, kind=only.kind if only else "", **signed
    )
    apps.get_model("recalls", "LesionAssessment").objects.create(
        lesion=lesion,
        outcome=outcome,
        assessment=outcome.assessment if outcome else recall.exam.assessment,
        read_at=outcome.read_at if outcome else at,
        **signed,
    )
    visits = apps.get_model("recalls", "Appointment").objects.filter(recall=recall, kind="biopsy", status="attended")
    for visit in visits.order_by("pk"):
        apps.get_model("recalls", "Biopsy").objects.create(
            recall=recall, lesion=lesion, appointment=visit, done_on=visit.starts_at.date(), by="system",
            at=max(visit.starts_at, at),
        )
    return lesion


def set_wake_times(apps, _schema_editor):
    """What moved at its due time moves at its wake time now."""
    recalls = apps.get_model("recalls", "Recall").objects
    recalls.filter(state__in=("on_hold", "follow_up")).update(wake_at=models.F("due_at"))
    standing = apps.get_model("recalls", "Outcome").objects.filter(amended_by=None, assessment__in=_SUSPICIOUS)
    recalls.exclude(state="closed").filter(outcomes__in=standing).update(suspicious=True)


def open_tasks_for_untold(apps, _schema_editor):
    items = apps.get_model("recalls", "WorkItem").objects
    for recall in apps.get_model("recalls", "Recall").objects.filter(to_release_by__isnull=False):
        known = {"site_id": recall.site_id, "patient_id": recall.patient_id, "reason": _UNTOLD}
        items.get_or_create(recall=recall, kind="tell_otherwise", done_at=None, defaults=known)


class Migration(migrations.Migration):
    dependencies = [("recalls", "0003_results_to_tell")]

    operations = [
        migrations.RunPython(give_lesions, migrations.RunPython.noop),
        migrations.RunPython(set_wake_times, migrations.RunPython.noop),
        migrations.RunPython(open_tasks_for_untold, migrations.RunPython.noop),
    ]
