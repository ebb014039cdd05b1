"""Applies messages that two record numbers are one patient's; the old number leads to the record that stays."""

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from clinic.models import Site
from exchange.errors import Confirmation, RowRejected
from exchange.hl7.applying.intake_actor import intake_actor
from exchange.hl7.applying.known_patient import SOURCE, find_day, park_problems
from exchange.hl7.applying.patient_cells import build_patient_cells, choose_record_number
from exchange.hl7.message_result import MessageResult, ignored, parked
from exchange.hl7.reading.facts import Identifier, MergeFacts, ReadMessage
from exchange.hl7.reading.faults import Fault
from exchange.identity_check import reject_mix_up
from exchange.models import Hl7Message, Hl7Sender
from exchange.patient_matching import PatientMatcher
from exchange.row_parser import ResultRow, parse_patient
from patients.actions import set_merged_into
from patients.models import Patient
from recalls import actions
from recalls.selectors.patients import patients_of

MERGES = frozenset({"A18", "A34", "A36", "A40"})


class MergeRefused(Exception):
    """A pair that must not be merged by a message; nothing of the message is applied."""

    def __init__(self, result: MessageResult) -> None:
        self.result = result
        super().__init__(result.reason)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both numbers of a merge, and the records that bear them here."""

    old_number: Identifier
    old: Patient | None
    stays: Patient | None


def apply_merges(read: ReadMessage, sender: Hl7Sender, site: Site, confirmed: frozenset[Confirmation]) -> MessageResult:
    """Merge each pair of the message. Raises MergeRefused, which must undo the pairs before it."""
    if not read.merges:
        return parked(_("The message does not say which number goes: it has no MRG segment."), "MRG", site=site)
    results = [_merge(merge, read, sender, site, confirmed) for merge in read.merges]
    applied = [result for result in results if result.state == Hl7Message.State.APPLIED]
    return applied[-1] if applied else results[-1]


def find_by_number(numbers: tuple[Identifier, ...], sender: Hl7Sender, site: Site) -> Patient | Fault | None:
    """The record with the number, whether in use or merged into another; None when it is not known here."""
    number = choose_record_number(numbers, sender)
    if isinstance(number, Fault):
        return number
    names = (site.mrn_authority, *site.former_authorities)
    found = Patient.objects.filter(assigning_authority__in=names, mrn=number.value)
    return found.select_related("site", "merged_into__site").order_by("pk").first()


def _merge(
    merge: MergeFacts, read: ReadMessage, sender: Hl7Sender, site: Site, confirmed: frozenset[Confirmation]
) -> MessageResult:
    pair = _find_pair(merge, sender, site)
    row = _identity_row(merge, read, sender, site, pair)
    stays = pair.stays.merged_into or pair.stays if pair.stays else None
    if pair.old is not None and stays is not None and stays.pk in (pair.old.pk, pair.old.merged_into_id):
        return ignored(_("Both numbers lead to one record already."), site=site, patient=stays)
    for record in (pair.old, stays):
        if record is not None:
            _check_identity(row, record, site, confirmed)
    if stays is None:
        stays = _add(row)
    if pair.old is None:
        old = _add(_with_number(row, pair.old_number))
        set_merged_into(old, stays, by=intake_actor())
        words = _("The old number was not known here. From now on it leads to the record in use.")
        return MessageResult(Hl7Message.State.APPLIED, words, site=site, patient=stays)
    actions.merge_patients(pair.old, stays, by=intake_actor(), note=_("Merged by an HL7 message."))
    return MessageResult(Hl7Message.State.APPLIED, site=site, patient=stays)


def _find_pair(merge: MergeFacts, sender: Hl7Sender, site: Site) -> _Pair:
    old_number = choose_record_number(merge.prior, sender)
    if isinstance(old_number, Fault):
        raise MergeRefused(parked(old_number.message, "MRG-1", site=site))
    old = find_by_number(merge.prior, sender, site)
    stays = find_by_number(merge.survivor.record_numbers, sender, site)
    if isinstance(stays, Fault):
        raise MergeRefused(parked(stays.message, "PID-3", site=site))
    record = old if isinstance(old, Patient) else None
    if record is None and stays is None:
        words = _("Neither of the two record numbers is known here, so there is nothing to merge yet.")
        raise MergeRefused(parked(words, "MRG-1", site=site))
    return _Pair(old_number, record, stays)


def _identity_row(merge: MergeFacts, read: ReadMessage, sender: Hl7Sender, site: Site, pair: _Pair) -> ResultRow:
    """Who the patient is: as PID says, else as the record that stays does; a new record needs PID."""
    cells, faults = build_patient_cells(merge.survivor, sender)
    record = pair.stays
    if faults and record is not None and not merge.survivor.names and not merge.survivor.birth_raw:
        cells = {
            "mrn": record.mrn, "family_name": record.family_name, "given_name": record.given_name or "-",
            "middle_name": record.middle_name, "preferred_name": record.preferred_name,
            "birth_date": record.birth_date.isoformat(),
        }  # fmt: skip
    elif faults:
        raise MergeRefused(parked(faults[0].message, faults[0].place, site=site))
    row = parse_patient(cells, site, find_day(read.header.sent_at, site))
    if not isinstance(row, ResultRow):
        raise MergeRefused(park_problems(row, site))
    return row


def _check_identity(row: ResultRow, record: Patient, site: Site, confirmed: frozenset[Confirmation]) -> None:
    person = intake_actor().user
    if person is not None and not patients_of(person).filter(pk=record.pk).exists():
        raise MergeRefused(parked(_("By hand only records of your own sites are merged."), "MRG-1", site=site))
    try:
        reject_mix_up(row, (record,), confirmed)
    except RowRejected as refused:
        raise MergeRefused(park_problems(list(refused.problems), site)) from refused


def _with_number(row: ResultRow, number: Identifier) -> ResultRow:
    return replace(row, mrn=number.value, phone_mobile=None, phone_home=None, email=None)


def _add(row: ResultRow) -> Patient:
    matcher = PatientMatcher([row], SOURCE, intake_actor())
    record = matcher.add_patient(row)
    matcher.save_new_patients()
    return record
