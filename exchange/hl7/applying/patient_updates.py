"""Applies ADT messages that make or change a patient's record, and those that tell of a death."""

from datetime import date

from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from exchange.errors import Confirmation
from exchange.hl7.applying.intake_actor import intake_actor
from exchange.hl7.applying.known_patient import KnownPatient, find_day, find_known_patient
from exchange.hl7.applying.merges import find_by_number
from exchange.hl7.message_result import MessageResult, ignored, parked
from exchange.hl7.reading.facts import PatientFacts, ReadMessage
from exchange.models import Hl7Message, Hl7Sender
from patients.actions import record_death
from patients.models import Patient
from recalls import actions
from recalls.actions.records.deaths import check_not_seen_after
from recalls.models import Recall
from recalls.signals import patient_changed

UPDATES = frozenset({"A01", "A04", "A05", "A08", "A28", "A31"})  # admit, register, pre-admit, update, add, update
_NOBODYS = frozenset({"A23", "A24", "A29", "A30", "A37", "A39", "A43", "A46", "A47", "A48", "A49", "A51"})


def apply_patient_update(
    read: ReadMessage, sender: Hl7Sender, site: Site, confirmed: frozenset[Confirmation]
) -> MessageResult:
    """Make or change the record of the message's one patient, and record a death that it tells of."""
    patient = read.patients[0]
    is_update = read.header.trigger in UPDATES
    if read.header.trigger in _NOBODYS:
        words = _("This event changes or deletes a patient's number. A manager decides what it means for the records.")
        return parked(words, "EVN-1", site=site)
    if not is_update and not patient.has_died:
        return ignored(_("This event says nothing that a recall needs."), site=site)
    day = find_day(read.header.sent_at, site)
    known = find_known_patient(patient, sender, site, day, confirmed)
    if isinstance(known, MessageResult):
        return _already_dead(patient, sender, site, known)
    if known.record is None and not is_update:
        return ignored(_("The patient is not known here."), site=site)
    record, changed = _update(known)
    if patient.has_died:
        return _apply_death(record, patient, day, site)
    recall = Recall.objects.still_open().filter(patient=record).order_by("pk").last()
    if not changed:
        return ignored(_("The patient's record says this already."), site=site, patient=record, recall=recall)
    return MessageResult(Hl7Message.State.APPLIED, site=site, patient=record, recall=recall)


def _update(known: KnownPatient) -> tuple[Patient, bool]:
    """The record, made or brought up to date; its open recalls plan their messages anew."""
    if known.record is None:
        record = known.matcher.add_patient(known.row)
        known.matcher.save_new_patients()
        return record, True
    actions.lock_open_recalls(known.record)
    changed, _notes = known.matcher.update_patient(known.record, known.row)
    if changed:
        recall = Recall.objects.still_open().filter(patient=known.record).select_related("site", "patient").last()
        if recall is not None:
            actions.ask_for_right_contacts(recall)
        patient_changed.send(sender=Patient, patient=known.record)
    return known.record, changed


def _apply_death(record: Patient, patient: PatientFacts, day: date, site: Site) -> MessageResult:
    """Close every open recall and stop every message. Without a date of its own the death is of the message's day."""
    time = patient.death_time
    moment = time.instant if time else None
    died_on = (calendar.local_day(record.site, moment) if moment else time.as_date if time else None) or day
    recall = Recall.objects.filter(patient=record).select_related("site").order_by("pk").last()
    note = _("Told by an HL7 message.")
    if recall is not None:
        actions.mark_deceased(recall, died_on, by=intake_actor(), note=note)
    else:
        check_not_seen_after(died_on, record)
        record_death(record, died_on, by=intake_actor())
        patient_changed.send(sender=Patient, patient=record)
    return MessageResult(Hl7Message.State.APPLIED, site=site, patient=record, recall=recall)


def _already_dead(patient: PatientFacts, sender: Hl7Sender, site: Site, refused: MessageResult) -> MessageResult:
    """A message after a death that tells of it again has nothing left to do."""
    record = find_by_number(patient.record_numbers, sender, site)
    if not isinstance(record, Patient) or not record.deceased_on or not patient.has_died:
        return refused
    if patient.birth_date != record.birth_date:
        return refused
    return ignored(_("The patient's death is on record already."), site=site, patient=record)
