"""Drills acts on a patient or a visit that race the senders: after their commit only what was in flight leaves."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from bench.drill.batch import Batch, book
from bench.drill.installation.stack import Stack
from bench.drill.judge import TOLD_IN_FLIGHT
from bench.drill.outcome import Outcome, Scale

_SLOW = 0.15  # seconds over each message, so that an act meets its message before, in and after its claim
_AHEAD = 5  # messages between the last that ended and the one that an act is about, at most
Act = Callable[[Batch, Any, int], None]


def race(act: Act, stack: Stack, scale: Scale) -> Outcome:
    """One act on nearly every recall, at about the instant when its message leaves."""
    count = scale.pick(short=40, long=120)
    batch = book(stack, count)
    order = list(batch.rows().order_by("not_before", "pk").values_list("recall_id", flat=True))
    recalls = {recall.pk: recall for recall in batch.recalls}
    stack.mail.behave(seconds=_SLOW)
    batch.release()
    acts = 0
    for number, pk in enumerate(order):
        stack.wait_for(partial(_is_near, batch, number, scale.chance.randint(0, _AHEAD)))
        act(batch, recalls[pk], number)
        acts += 1
    batch.finish()
    stack.mail.behave()
    in_flight = batch.rows().filter(reason__in=TOLD_IN_FLIGHT).count()
    return Outcome(f"{acts} acts at the head of {count} messages, {in_flight} in flight and told", batch.judge())


def _is_near(batch: Batch, number: int, lead: int) -> bool:
    return batch.count_ended() + lead >= number


def commit_stop(batch: Batch, recall: Any, act: Callable[[], object]) -> None:
    """Carry out an act after which the message must not leave, and note the instant of its commit."""
    _commit(act, lambda: batch.stopped_at.__setitem__(recall.pk, time.time()))


def _commit(act: Callable[[], object], note: Callable[[], None]) -> None:
    from django.db import transaction

    with transaction.atomic():
        transaction.on_commit(note)  # before what the act itself does after its commit
        act()


def _scheduler(batch: Batch) -> Any:
    from clinic.factories import get_site_staff

    return get_site_staff(batch.site).scheduler


def cancel_visit(batch: Batch, recall: Any, _number: int) -> None:
    from recalls import actions

    commit_stop(batch, recall, lambda: actions.cancel_appointment(recall, by=_scheduler(batch)))


def record_death(batch: Batch, recall: Any, _number: int) -> None:
    from clinic import calendar
    from recalls import actions

    yesterday = calendar.today(batch.site) - timedelta(days=1)
    commit_stop(batch, recall, lambda: actions.mark_deceased(recall, yesterday, by=_scheduler(batch)))


def opt_out_on_page(batch: Batch, recall: Any, _number: int) -> None:
    from patients.models import Consent
    from portal.patient_requests import save_preferences

    no = {Consent.Subject.EMAIL: False}
    commit_stop(batch, recall, lambda: save_preferences(recall.patient, recall.patient.language, no, {}))


def opt_out_by_link(batch: Batch, recall: Any, _number: int) -> None:
    from notifications.inbound.unsubscribe import withdraw_email_consent

    address = recall.patient.contact_points.get(kind="email").value
    commit_stop(batch, recall, lambda: withdraw_email_consent(recall.patient, address))


def opt_out_by_intake(batch: Batch, recall: Any, _number: int) -> None:
    """As a results file does that says no: the same two calls in one transaction."""
    from clinic.actors import INTAKE
    from notifications.planning.sibling_recalls import reconcile_in_flight
    from patients.actions import record_consent
    from patients.models import Consent

    def take_in() -> None:
        record_consent(recall.patient, Consent.Subject.EMAIL, granted=False, source="intake", by=INTAKE)
        reconcile_in_flight([recall.patient_id])

    commit_stop(batch, recall, take_in)


def give_new_address(batch: Batch, recall: Any, number: int) -> None:
    """At the desk, in the patient's record."""
    from patients.models import ContactPoint
    from recalls.actions.records.details import RecordEdit, edit_record

    edit = RecordEdit(contact_points={ContactPoint.Kind.EMAIL: f"new{number}@{batch.domain}"})
    before = recall.patient.contact_points.get(kind="email").value
    _commit(
        lambda: edit_record(recall.patient, edit, by=_scheduler(batch), source="drill"),
        lambda: batch.moved.__setitem__(recall.pk, (time.time(), before)),
    )


def new_address_by_intake(batch: Batch, recall: Any, number: int) -> None:
    from clinic.actors import INTAKE
    from notifications.planning.sibling_recalls import reconcile_in_flight
    from patients.actions import set_contact_point
    from patients.models import ContactPoint

    before = recall.patient.contact_points.get(kind="email").value

    def take_in() -> None:
        set_contact_point(recall.patient, ContactPoint.Kind.EMAIL, f"new{number}@{batch.domain}", by=INTAKE)
        reconcile_in_flight([recall.patient_id])

    _commit(take_in, lambda: batch.moved.__setitem__(recall.pk, (time.time(), before)))
