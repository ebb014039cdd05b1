"""Applies pathology reports: each specimen's result goes to the one lesion that waits for it, else a person decides."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from clinic.models import Site
from exchange.errors import Confirmation
from exchange.hl7.applying.diagnosis_words import read_diagnosis
from exchange.hl7.applying.intake_actor import intake_actor
from exchange.hl7.applying.known_patient import find_day, find_known_patient
from exchange.hl7.applying.merges import find_by_number
from exchange.hl7.applying.sender_words import read_status_word
from exchange.hl7.applying.surgery_corrections import correct_surgeries, is_of_surgery, operated_lesions
from exchange.hl7.applying.tumor_words import read_tumor_details
from exchange.hl7.message_result import MessageResult, ignored, parked
from exchange.hl7.reading.facts import ReadMessage, ReportFacts
from exchange.models import Hl7Message, Hl7Sender
from exchange.models.hl7_sender import ReportStatus
from patients.models import Patient
from recalls.actions.pathology import PathologyInput, amend_pathology, awaited_lesions, record_pathology
from recalls.enums import MALIGNANT_CLASSES, Side
from recalls.lesion_stages import LesionStatus, load_lesion_statuses
from recalls.models import Recall

_SECTIONS = frozenset({"SP", "PAT", "AP", "CP", "CYT", "HISTO", "PTH"})  # OBR-24, table 0074 and usual words
_PROCEDURE = re.compile(r"patholog|histolog|cytolog|\b(?:11526-1|22634-0|22637-3|60567-5|60568-3)\b", re.IGNORECASE)
_SPECIMEN = re.compile(r"(?:^|\n)\s*(?:specimen\s+|part\s+)?(?P<letter>[A-H]|[1-8])\s*[.:)](?=\s)", re.IGNORECASE)
_DIAGNOSIS = re.compile(r"(?:final |pathologic(?:al)? |histologic(?:al)? )?diagnos[ie]s\s*:?", re.IGNORECASE)
_AFTER_DIAGNOSIS = re.compile(
    r"\n\s*(?:comment|clinical (?:history|information)|gross(?: description)?|microscopic|addendum|note)\b\s*:",
    re.IGNORECASE,
)
_BREAST = re.compile(r"\bbreast\b|\baxilla|mammary", re.IGNORECASE)
# A report that names one of these and no breast is about that organ.
_OTHER_ORGAN = re.compile(
    r"colon|rect(?:um|al)|stomach|gastr|esophag|duoden|append|gallbladder|liver|lung|bronch|thyroid|prostat|bladder"
    r"|kidney|renal|cervi[xc]|endometri|uter(?:us|ine)|ovar|placenta|tonsil|bone marrow",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\b(1[0-2]|[1-9])(?::00)?\s*o'?\s*clock", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Specimen:
    """One part of a report: its letter, "" where there is only one, and the words of its diagnosis."""

    letter: str
    words: str

    @property
    def side(self) -> Side | None:
        said = {side for side in (Side.RIGHT, Side.LEFT) if re.search(rf"\b{side.value}\b", self.words, re.IGNORECASE)}
        return next(iter(said)) if len(said) == 1 else None


def is_tissue_report(read: ReadMessage) -> bool:
    return any(
        report.modality.strip().upper() in _SECTIONS or _PROCEDURE.search(f"{report.procedure.words}")
        for report in read.reports
    )


def apply_tissue_report(
    read: ReadMessage, sender: Hl7Sender, site: Site, confirmed: frozenset[Confirmation]
) -> MessageResult:
    """Record each specimen's result at its lesion. All of a report or nothing; call it inside a transaction."""
    reports = [report for report in read.reports if report.observations]
    statuses = {read_status_word(report.status, sender) for report in reports}
    if ReportStatus.PRELIMINARY in statuses:
        return ignored(_("This pathology report is preliminary. Its final report is waited for."), site=site)
    specimens = [one for report in reports for one in split_specimens(report)]
    if not any(_BREAST.search(f"{report.text} {report.procedure.words}") for report in reports):
        return _leave_if_awaited(read, sender, site)
    known = find_known_patient(read.patients[0], sender, site, find_day(read.header.sent_at, site), confirmed)
    if isinstance(known, MessageResult):
        return known
    by_hand = _("Record the result at the recall by hand, then dismiss the message.")
    if known.record is None:
        return parked(_("This pathology report is about a patient who is not known here."), "PID-3", site=site)
    recalls = list(Recall.objects.filter(patient=known.record).select_related("site", "patient").order_by("pk"))
    is_correction = statuses == {ReportStatus.CORRECTED}
    is_surgery = is_correction and any(is_of_surgery(one.words) for one in specimens)
    find_lesions = operated_lesions if is_surgery else _with_result if is_correction else _awaiting
    meant = [recall for recall in recalls if find_lesions(recall)]
    if len(meant) != 1 or len(statuses) > 1:
        words = _("No recall, or more than one, waits for this pathology report or has the result that it corrects.")
        newest = next((recall for recall in reversed(recalls) if recall.is_open), None)
        return parked(f"{words} {by_hand}", site=site, patient=known.record, recall=newest)
    recall = meant[0]
    matched = match_specimens(specimens, find_lesions(recall))
    record = correct_surgeries if is_surgery else _amend if is_correction else _record
    refused = matched if isinstance(matched, str) else record(recall, matched)
    if refused:
        return parked(f"{refused} {by_hand}", "OBX-5", site=site, patient=known.record, recall=recall)
    return MessageResult(Hl7Message.State.APPLIED, site=site, patient=known.record, recall=recall)


def _awaiting(recall: Recall) -> list[LesionStatus]:
    """Those that wait for a result, also while another one is to be signed."""
    return awaited_lesions(recall) if recall.is_open else []


def _with_result(recall: Recall) -> list[LesionStatus]:
    return [status for status in load_lesion_statuses(recall) if status.amendable_results]


def _record(recall: Recall, results: list[PathologyInput]) -> str:
    for one in results:
        record_pathology(recall, one, by=intake_actor())
        recall.refresh_from_db()
    return ""


def _amend(recall: Recall, results: list[PathologyInput]) -> str:
    """Each only where it says something else; in words why not."""
    recorded = {status.lesion.pk: status.amendable_results for status in load_lesion_statuses(recall)}
    if any(len(recorded[one.lesion_id or 0]) > 1 for one in results):
        return str(_("A lesion was biopsied twice, and it is not plain which result is corrected."))
    changed = [one for one in results if not one.says_same(recorded[one.lesion_id or 0][0])]
    for one in changed:
        amend_pathology(recall, one, reason=_("Corrected by an HL7 message."), by=intake_actor())
        recall.refresh_from_db()
    return "" if changed else str(_("It corrects an earlier report, and names the same results."))


def _leave_if_awaited(read: ReadMessage, sender: Hl7Sender, site: Site) -> MessageResult:
    """A report that names no breast may still be the awaited one, such as of a node or a nipple: a person looks."""
    record = find_by_number(read.patients[0].record_numbers, sender, site)
    patient = (record.merged_into or record) if isinstance(record, Patient) else None
    open_recalls = Recall.objects.still_open().filter(patient=patient).select_related("site").order_by("pk")
    waiting = [recall for recall in open_recalls if awaited_lesions(recall)] if patient else []
    names_other = any(_OTHER_ORGAN.search(report.text) for report in read.reports)
    if not waiting or names_other:
        return ignored(_("This pathology report is not about the breast."), site=site)
    words = _("It names no breast, and the patient waits for a pathology result. Look whether this is it.")
    return parked(words, "OBX-5", site=site, patient=patient, recall=waiting[-1])


def split_specimens(report: ReportFacts) -> list[Specimen]:
    """The parts of the report's diagnosis."""
    text = report.text
    start = _DIAGNOSIS.search(text)
    text = text[start.end() :] if start else text
    end = _AFTER_DIAGNOSIS.search(text)
    text = text[: end.start()] if end else text
    found = list(_SPECIMEN.finditer(text))
    if not found:
        return [Specimen("", text.strip())]
    ends = [one.start() for one in found[1:]] + [len(text)]
    return [
        Specimen(one["letter"].upper(), text[one.end() : stop].strip()) for one, stop in zip(found, ends, strict=True)
    ]


def match_specimens(specimens: list[Specimen], waiting: list[LesionStatus]) -> list[PathologyInput] | str:
    """The results by lesion, or in words why they cannot be given to their lesions."""
    inputs: list[PathologyInput] = []
    for specimen in specimens:
        diagnosis = read_diagnosis(specimen.words)
        if diagnosis is None:
            return str(_("What a specimen showed is not plain from its words."))
        fitting = [status for status in waiting if _fits(specimen, status, is_only=len(waiting) == len(specimens) == 1)]
        if len(fitting) != 1:
            return str(_("It is not plain which lesion a specimen is from."))
        lesion = fitting[0].lesion
        if any(one.lesion_id == lesion.pk for one in inputs):
            return str(_("Two specimens are from one lesion."))
        result, histology = diagnosis
        details = read_tumor_details(specimen.words) if result in MALIGNANT_CLASSES else {}
        text = specimen.words[:5000]
        inputs.append(PathologyInput(result, lesion.pk, histology, specimen=specimen.letter, text=text, **details))
    return inputs


def _fits(specimen: Specimen, status: LesionStatus, *, is_only: bool) -> bool:
    """The side must agree; a clock position that both name must agree too."""
    lesion = status.lesion
    if lesion.side and specimen.side != lesion.side:
        return False
    if not lesion.side and not (is_only and specimen.side):
        return False
    clock = _CLOCK.search(specimen.words)
    place = f"{lesion.finding.place if lesion.finding else ''} {lesion.get_location_display()}"
    known = _CLOCK.search(place)
    return not (clock and known and clock[1] != known[1])
