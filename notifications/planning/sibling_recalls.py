"""Compares a patient's recalls together: one that is to be contacted speaks for all, and all know a new address."""

from collections.abc import Collection, Sequence

from django.db.models import QuerySet

from clinic.queries.prepared import PreparedQuery
from notifications.enums import NotificationState
from notifications.models import Notification
from notifications.planning.reconcile import reconcile_all
from notifications.planning.snapshot import load_snapshots
from patients.models import Patient
from recalls.enums import State
from recalls.models import Recall, RecallEvent


def reconcile_siblings(event: RecallEvent) -> bool:
    """Compare the other recalls of the patient that wait to be contacted; True when something may be sent at once.

    Called inside the transaction of the move. A recall that somebody else is moving is passed over: two who wait for
    each other's recall would both stand still, and the daily comparison looks at it again.
    """
    recall = event.recall
    patients = {recall.patient_id, *(event.data.get(name) for name in ("from_patient", "to_patient"))} - {None}
    siblings: list[Recall] = list(_SIBLINGS.rows(patients=sorted(patients), site=recall.site_id, own=recall.pk))
    for sibling in siblings:
        sibling.site = recall.site
    return reconcile_all(load_snapshots(siblings)) if siblings else False


def _build_siblings(*, patients: Sequence[int], site: int, own: int) -> "QuerySet[Recall]":
    waiting = Recall.objects.filter(patient__in=patients, site=site, state=State.TO_CONTACT)
    locked = waiting.exclude(pk=own).select_for_update(of=("self",), skip_locked=True, no_key=True)
    rows = locked.select_related("patient", "exam__referrer").order_by("pk")
    return rows.prefetch_related("patient__contact_points", "patient__consents")


_SIBLINGS = PreparedQuery(_build_siblings)


def reconcile_in_flight(patients: Collection[int]) -> None:
    """Say of each message that is being sent to these patients, by key, what changed about them meanwhile.

    Called inside the transaction of the change. One query where nothing is being sent, which is nearly always.
    """
    sending = Notification.objects.filter(patient__in=patients, state=NotificationState.SENDING)
    for patient in Patient.objects.filter(pk__in=sending.values("patient")).order_by("pk"):
        reconcile_recalls_of(patient)


def reconcile_recalls_of(patient: Patient) -> bool:
    """Compare every open recall of a patient whose record changed; True when something may be sent at once.

    Called inside the transaction of the change. A recall that somebody else is moving is passed over, as above.
    """
    rows = Recall.objects.still_open().filter(patient=patient)
    locked = rows.select_for_update(of=("self",), skip_locked=True, no_key=True)
    found = locked.select_related("site", "patient", "exam__referrer").order_by("pk")
    recalls = list(found.prefetch_related("patient__contact_points", "patient__consents"))
    return reconcile_all(load_snapshots(recalls)) if recalls else False
