"""Applies received messages in their order and says what became of each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic.models import Site
from exchange.hl7.applying.actionable import apply_actionable, find_actionable
from exchange.hl7.applying.merges import MERGES, MergeRefused, apply_merges
from exchange.hl7.applying.patient_updates import apply_patient_update
from exchange.hl7.applying.report_row import build_report_row, one_patient
from exchange.hl7.applying.results import (
    PreparedResult,
    asks_for_records,
    import_results,
    prepare_result,
    read_accepted,
)
from exchange.hl7.applying.sender_words import find_site
from exchange.hl7.applying.tissue import apply_tissue_report, is_tissue_report
from exchange.hl7.applying.visits import apply_visit
from exchange.hl7.message_result import MessageResult, ReportMark, ignored, parked
from exchange.hl7.reading.facts import ReadMessage
from exchange.hl7.reading.faults import Fault
from exchange.hl7.reading.reader import read_message
from exchange.loader import get_sites_by_code
from exchange.models import Hl7Message, Hl7Sender
from recalls.permissions import StepRefused

_ANSWERS = frozenset({"ACK", "ORR", "MCF", "RRI"})
_TESTS = frozenset({"T", "D"})  # training and debugging, by table 0103
_ORDERS = frozenset({"ORM", "OMI", "OMG"})
_DOCUMENTS_WITHOUT_TEXT = frozenset({"T01", "T03", "T05", "T07", "T09"})
# Events about accounts and visits of a hospital, not about the patient's own numbers.
_ACCOUNT_EVENTS = frozenset({"A35", "A38", "A41", "A42", "A44", "A45", "A50"})


def apply_messages(messages: Sequence[Hl7Message]) -> list[MessageResult]:
    """One result for each message, in their order. Call it inside a transaction.

    `sender` is set, or None for a sender that nobody has set up; `accepted` is what a person accepted or confirmed.
    Reports that follow one another go in together.
    """
    sites = get_sites_by_code()
    results: dict[int, MessageResult] = {}
    waiting: dict[int, PreparedResult] = {}
    marks: dict[int, ReportMark | None] = {}
    for number, message in enumerate(messages):
        read = _read(message)
        if isinstance(read, MessageResult):
            results[number] = read
            continue
        if _is_report(read) and not is_tissue_report(read) and find_actionable(read) is None:
            report = build_report_row(read, _sender_of(message), sites)
            marks[number] = report.mark
            if asks_for_records(report):
                results |= import_results(waiting)
                waiting = {}
            prepared = prepare_result(message, read, report, sites)
            if isinstance(prepared, PreparedResult):
                waiting[number] = prepared
            else:
                results[number] = prepared
            continue
        results |= import_results(waiting)
        waiting = {}
        results[number] = _apply_by_itself(message, read, sites)
    results |= import_results(waiting)
    return [replace(results[number], mark=marks.get(number)) for number in range(len(messages))]


def _read(message: Hl7Message) -> ReadMessage | MessageResult:
    """The message, or at once what becomes of it: nothing of a message with a fault is applied."""
    sender = message.sender
    charset = sender.encoding if sender else ""
    read = read_message(message.body, charset, is_certain=bool(sender and sender.encoding_overrides))
    if read.header.code in _ANSWERS:
        return ignored(_("This is an answer to a message."))
    if read.faults:
        return parked(read.faults[0].message, read.faults[0].place)
    if sender is None:
        return parked(_("This sender is not set up. Set it up by MSH-3 and MSH-4, then replay the message."), "MSH-3")
    if not sender.is_active:
        return parked(_("Messages of this sender are not taken in, as it is set up."), "MSH-3")
    return _check_purpose(read, sender) or _check_type(read)


def _check_purpose(read: ReadMessage, sender: Hl7Sender) -> MessageResult | None:
    """What MSH-11 says that the message is for; None for one that is to be acted on. An empty one was never a test."""
    purpose = read.header.processing_id.strip().upper()
    if purpose in ("", "P"):
        return None
    if purpose not in _TESTS:
        return parked(_("It is not known whether this is a test message: MSH-11 is none of P, T and D."), "MSH-11")
    if sender.allows_test_messages:
        return None
    return ignored(_("Test message: it was kept, and no patient was changed."), site=sender.site)


def _check_type(read: ReadMessage) -> ReadMessage | MessageResult:
    code, trigger = read.header.code, read.header.trigger
    is_known = code in ("ORU", "ADT", "SIU", "MDM") or code in _ORDERS
    if not is_known:
        return parked(_("Messages of this type are not understood here."), "MSH-9")
    if code == "ADT" and trigger in _ACCOUNT_EVENTS:
        return ignored(_("This event is about an account or a stay, not about the patient's record."))
    if code in _ORDERS and not read.observations:
        return ignored(_("An order without a result asks for nothing here."))
    if code == "MDM" and trigger in ("T01", "T03"):
        return ignored(_("This tells of a document without its text."))
    if code == "MDM" and (trigger in _DOCUMENTS_WITHOUT_TEXT or not read.observations):
        words = _("A document was changed, and its text is not in this message. Look at the report where it is kept.")
        return parked(words, "TXA-12")
    patient = None if trigger in MERGES and code == "ADT" else one_patient(read)
    return parked(patient.message, patient.place) if isinstance(patient, Fault) else read


def _is_report(read: ReadMessage) -> bool:
    return read.header.code in ("ORU", "MDM") or read.header.code in _ORDERS


def _sender_of(message: Hl7Message) -> Hl7Sender:
    if message.sender is None:
        raise AssertionError("a message without a sender is parked before")
    return message.sender


def _apply_by_itself(message: Hl7Message, read: ReadMessage, sites: Mapping[str, Site]) -> MessageResult:
    """Apply a message about a patient or an appointment; what the rules refuse leaves nothing behind."""
    sender = _sender_of(message)
    site = find_site(read.places, sender, sites)
    _accepted, confirmed = read_accepted(message)
    if read.header.code == "SIU":
        apply = apply_visit
    elif _is_report(read):
        apply = apply_tissue_report if is_tissue_report(read) else partial(apply_actionable, message)
    else:
        apply = apply_merges if read.header.trigger in MERGES else apply_patient_update
    try:
        with transaction.atomic():
            return apply(read, sender, site, confirmed)
    except MergeRefused as refused:
        return refused.result
    except StepRefused as refused:
        return parked(str(refused), site=site)
    except ValidationError as invalid:
        return parked(" ".join(invalid.messages), site=site)
