"""Actions that book, reschedule, confirm, cancel and complete a diagnostic visit or a biopsy."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from desk.datetime_display import display_datetime
from patients.models import Patient
from recalls.actions.biopsy import BiopsyInput, record_biopsies
from recalls.actions.contact import open_work_item
from recalls.actions.progress import go_on
from recalls.actions.transition import ActionKwargs, Transition, active_appointment, apply_step
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, AppointmentStatus, OfferAnswer, State, VisitKind, WorkItemKind
from recalls.models import Appointment, Recall, RecallEvent, WaitingListEntry, WorkItem
from recalls.permissions import StepUnavailable, missed_appointment_today
from recalls.scheduling.freed_times import note_freed, settle_offers
from recalls.scheduling.patient_time import lock_patient_time
from recalls.scheduling.room_lock import Slot, check_slot, find_stop, lock_room, lock_room_of
from recalls.scheduling.visit_parts import kept_kinds, place_parts
from recalls.signals import patient_changed

# A visit is due within days; only a follow-up is booked for a day that lies months ahead.
MAX_DAYS_AHEAD = 183
MAX_DAYS_AFTER_FOLLOW_UP = 31


def book_appointment(recall: Recall, slot: Slot, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Book the visit; from a short-interval follow-up it is that of the next round, on its day or earlier.

    Raises ValidationError for a time that is past, on a day the site is shut, or taken meanwhile.
    """
    check_slot(slot)
    _check_year(recall, slot)
    create = _create_appointment(slot)

    def book(transition: Transition) -> None:
        create(transition)
        _begin_round(transition)

    return apply_step(recall, "book_appointment", book, **kwargs)


def walk_in(recall: Recall, slot: Slot, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Write down a visit that begins now, of a patient who came without an appointment: they have come.

    The slot's time is not read. Raises ValidationError for a room that is taken, and without a reason on a day the
    site is shut or outside the room's hours.
    """

    def begin(transition: Transition) -> None:
        at = transition.now.replace(second=0, microsecond=0)
        now = replace(slot, starts_at=at)
        if not slot.reason:
            check_slot(now)
        visit = _add_appointment(transition, now, slot.kind, at, AppointmentStatus.ATTENDED)
        transition.data = {"appointment": visit.pk, "sequence": visit.sequence, "starts_at": at.isoformat()}
        _begin_round(transition)

    return apply_step(recall, "walk_in", begin, **kwargs)


def _begin_round(transition: Transition) -> None:
    if transition.from_state == State.FOLLOW_UP:
        transition.recall.round += 1
        transition.data["round"] = transition.recall.round


def _check_year(recall: Recall, slot: Slot) -> None:
    """Raise ValidationError for a day so far ahead that the year must be mistyped: nobody would miss the patient."""
    latest = calendar.today(slot.site) + timedelta(days=MAX_DAYS_AHEAD)
    if recall.follow_up_on:
        latest = max(latest, recall.follow_up_on + timedelta(days=MAX_DAYS_AFTER_FOLLOW_UP))
    if calendar.local_day(slot.site, slot.starts_at) > latest:
        raise ValidationError({"starts_at": _("A visit is not booked so far ahead. Check the year.")})


def book_biopsy(recall: Recall, slot: Slot, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    check_slot(slot)
    _check_year(recall, slot)
    return apply_step(recall, "book_biopsy", _create_appointment(slot, VisitKind.BIOPSY), **kwargs)


def reschedule(recall: Recall, slot: Slot, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Move the visit with its further parts; its sequence rises, so that no message of the old time can be sent."""
    check_slot(slot)
    _check_year(recall, slot)

    def move_visit(transition: Transition) -> None:
        visit = _require_active_appointment(transition)
        then = kept_kinds(visit) if slot.then is None else slot.then
        lock_patient_time(transition.recall.patient_id, slot.starts_at, slot.length_minutes, exclude=visit)
        overbooked = lock_room(replace(slot, then=then), transition.actor, transition.recall, exclude=visit)
        transition.data = {
            "appointment": visit.pk,
            "from": visit.starts_at.isoformat(),
            "to": slot.starts_at.isoformat(),
        }
        note_freed([visit], transition.now)
        if slot.starts_at < visit.starts_at:  # who came earlier waits no more
            visit.waiting_list_entries.filter(ended_at=None).update(ended_at=transition.now)
        visit.site, visit.starts_at, visit.kind = slot.site, slot.starts_at, slot.kind
        visit.length_minutes, visit.interpreter = slot.length_minutes, slot.interpreter
        visit.room, visit.implants = slot.room, slot.implants
        visit.overbooked, visit.time_reason, visit.stop = overbooked, slot.reason, find_stop(slot)
        visit.status, visit.sequence = AppointmentStatus.BOOKED, visit.sequence + 1
        visit.save()
        if then or visit.part_count:
            place_parts(visit, then)
        _settle_offers(transition, visit)
        _end_closed_day_task(transition)
        _end_tasks(transition, WorkItemKind.REMINDER_CALL)
        if slot.interpreter:
            _end_tasks(transition, WorkItemKind.INTERPRETER)

    return apply_step(recall, "reschedule", move_visit, **kwargs)


def keep_clock_time(recall: Recall, starts: Mapping[int, datetime], **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Set the start (UTC) of booked visits anew, by their keys, after the time zone of their site was corrected.

    The sequence rises: the patient gets the time again, with a corrected calendar entry, and no message planned by the
    wrong clock is sent. A confirmed visit stays confirmed.
    """

    def set_starts(transition: Transition) -> None:
        for visit in transition.recall.appointments.filter(pk__in=starts, status__in=ACTIVE_APPOINTMENT_STATUSES):
            transition.data = {
                "appointment": visit.pk,
                "from": visit.starts_at.isoformat(),
                "to": starts[visit.pk].isoformat(),
            }
            for part in visit.further_parts:
                part.starts_at += starts[visit.pk] - visit.starts_at
                part.save(update_fields=["starts_at"])
            visit.starts_at, visit.sequence = starts[visit.pk], visit.sequence + 1
            visit.save(update_fields=["starts_at", "sequence"])

    return apply_step(recall, "keep_clock_time", set_starts, **kwargs)


def open_closed_day_task(recall: Recall, reason: str) -> None:
    """Have a person move a visit whose day, hours or room are shut by now; moving or cancelling it ends the task."""
    open_work_item(recall, WorkItemKind.CLOSED_DAY, reason)


def _end_closed_day_task(transition: Transition) -> None:
    _end_tasks(transition, WorkItemKind.CLOSED_DAY)


def _end_tasks(transition: Transition, kind: WorkItemKind) -> None:
    open_tasks = WorkItem.objects.filter(recall=transition.recall, kind=kind, done_at=None)
    open_tasks.update(done_at=transition.now, done_by=transition.actor.user)


def ask_earlier(recall: Recall, *, part: str = "", stop: bool = False, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Put the booked visit on the waiting list for an earlier time (`part` of the day, "" for any), or take it off."""

    def ask(transition: Transition) -> None:
        visit = _require_active_appointment(transition)
        visit.waiting_list_entries.filter(ended_at=None).update(ended_at=transition.now)
        if not stop:
            signed = {"asked_at": transition.now, "by": transition.actor.name, "user": transition.actor.user}
            WaitingListEntry.objects.create(appointment=visit, part=part, **signed)
        transition.data = {"appointment": visit.pk, "part": part, "stop": stop}

    return apply_step(recall, "ask_earlier", ask, **kwargs)


def confirm(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "confirm", AppointmentStatus.CONFIRMED, **kwargs)


def cancel_appointment(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Cancel the visit; a follow-up whose time has not come waits for it again, any other patient is called."""
    return _set_status(recall, "cancel_appointment", AppointmentStatus.CANCELLED, _return_to_follow_up, **kwargs)


def _return_to_follow_up(transition: Transition) -> None:
    recall = transition.recall
    transition.next_state = State.TO_CONTACT
    if not recall.round or recall.follow_up_on is None or recall.symptom_reported:
        return
    lead = timedelta(days=recall.site.policy.follow_up_lead)
    if calendar.local_day(recall.site, transition.now) < recall.follow_up_on - lead:
        recall.round -= 1
        transition.next_state = State.FOLLOW_UP


def mark_missed(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "mark_missed", AppointmentStatus.MISSED, **kwargs)


def mark_attended(recall: Recall, *, came_early: bool = False, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Note that the patient came. Before the day of the visit this needs `came_early`: the visit then was now.

    Raises ValidationError for a visit of a later day without it.
    """

    def mark(transition: Transition) -> None:
        visit = _require_active_appointment(transition)
        transition.data = {"appointment": visit.pk, "sequence": visit.sequence}
        if is_before_visit_day(visit, transition.now):
            if not came_early:
                raise ValidationError({"came_early": early_arrival_question(visit)})
            transition.data |= {"from": visit.starts_at.isoformat(), "to": transition.now.isoformat()}
            if lock_room_of(visit, transition.now):
                visit.overbooked, visit.time_reason = True, _("Came before the day of the visit")
            visit.starts_at = transition.now
            if visit.part_count:
                place_parts(visit, kept_kinds(visit), must_fit=False)
        visit.status, visit.arrived_at = AppointmentStatus.ATTENDED, transition.now
        visit.save(update_fields=["status", "starts_at", "overbooked", "time_reason", "arrived_at"])
        _end_tasks(transition, WorkItemKind.REMINDER_CALL)

    return apply_step(recall, "mark_attended", mark, **kwargs)


def is_before_visit_day(visit: Appointment, now: datetime) -> bool:
    """Whether the day of the visit, at its site, has not come."""
    return calendar.local_day(visit.site, now) < calendar.local_day(visit.site, visit.starts_at)


def early_arrival_question(visit: Appointment) -> str:
    return _("The visit is on %(day)s. Check the box if the patient has come already today.") % {
        "day": display_datetime(visit.site, visit.starts_at, timezone.now())
    }


def cancel_biopsy(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "cancel_biopsy", AppointmentStatus.CANCELLED, go_on, **kwargs)


def biopsy_missed(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "biopsy_missed", AppointmentStatus.MISSED, go_on, **kwargs)


def arrived_late(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Mark a visit or biopsy of today that was counted as missed as attended."""

    def mark_kept(transition: Transition) -> None:
        visit = missed_appointment_today(transition.recall, transition.now)
        if visit is None:
            raise StepUnavailable(_("No visit of today was missed."))
        visit.status, visit.arrived_at = AppointmentStatus.ATTENDED, transition.now
        visit.save(update_fields=["status", "arrived_at"])
        transition.data = {"appointment": visit.pk, "sequence": visit.sequence}
        if visit.kind == VisitKind.BIOPSY:
            record_biopsies(transition, visit, BiopsyInput())
            go_on(transition)
        else:
            transition.next_state = State.AWAITING_OUTCOME

    return apply_step(recall, "arrived_late", mark_kept, **kwargs)


def _create_appointment(slot: Slot, kind: VisitKind | None = None) -> Callable[[Transition], None]:
    def book(transition: Transition) -> None:
        visit = _add_appointment(transition, slot, kind or slot.kind, slot.starts_at, AppointmentStatus.BOOKED)
        transition.data = {"appointment": visit.pk, "starts_at": slot.starts_at.isoformat()}

    return book


def _add_appointment(
    transition: Transition, slot: Slot, kind: VisitKind, starts_at: datetime, status: AppointmentStatus
) -> Appointment:
    """Take the patient's time and the slot's room under their locks and write the visit."""
    lock_patient_time(transition.recall.patient_id, slot.starts_at, slot.length_minutes)
    overbooked = lock_room(slot, transition.actor, transition.recall)
    visit = Appointment.objects.create(
        recall=transition.recall, site=slot.site, room=slot.room, kind=kind, starts_at=starts_at, status=status,
        length_minutes=slot.length_minutes, interpreter=slot.interpreter, implants=slot.implants,
        overbooked=overbooked, time_reason=slot.reason, stop=find_stop(slot), created_at=transition.now,
        arrived_at=transition.now if status == AppointmentStatus.ATTENDED else None,
    )  # fmt: skip
    if slot.then:
        place_parts(visit, slot.then)
    if slot.interpreter:
        _end_tasks(transition, WorkItemKind.INTERPRETER)
    _settle_offers(transition, visit)
    return visit


def _settle_offers(transition: Transition, visit: Appointment) -> None:
    """Others to whom the time was offered are told that it is gone; a person who moves the visit did it by phone."""
    if visit.room_id is None:
        return
    answer = OfferAnswer.TAKEN if transition.actor.user is None else OfferAnswer.PHONE
    for patient in Patient.objects.filter(pk__in=settle_offers(visit, answer, transition.now)).order_by("pk"):
        patient_changed.send(sender=Patient, patient=patient)


def _set_status(
    recall: Recall,
    step: str,
    status: AppointmentStatus,
    then: Callable[[Transition], None] | None = None,
    **kwargs: Unpack[ActionKwargs],
) -> RecallEvent:
    def set_status(transition: Transition) -> None:
        visit = _require_active_appointment(transition)
        visit.status = status
        visit.save(update_fields=["status"])
        _end_tasks(transition, WorkItemKind.REMINDER_CALL)
        if status == AppointmentStatus.CANCELLED:
            note_freed([visit], transition.now)
            _end_closed_day_task(transition)
        transition.data = {"appointment": visit.pk, "sequence": visit.sequence}
        if then is not None:
            then(transition)

    return apply_step(recall, step, set_status, **kwargs)


def _require_active_appointment(transition: Transition) -> Appointment:
    visit = active_appointment(transition.recall)
    if visit is None:
        raise StepUnavailable(_("This recall has no booked appointment."))
    return visit
