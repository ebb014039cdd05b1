"""Applies reports of other exams that tell of a breast finding: each opens a recall of its own kind.

Only a finding that is marked (RAD-128) opens one by itself; a plain report proposes it to a person.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from clinic.models import Site
from exchange.errors import Confirmation
from exchange.hl7.applying.imaging_orders import (
    ActionableMark,
    build_order,
    find_mark,
    find_recommended,
    read_recommendation,
)
from exchange.hl7.applying.intake_actor import intake_actor
from exchange.hl7.applying.known_patient import KnownPatient, find_day, find_known_patient
from exchange.hl7.applying.report_row import INCOMPLETE, find_accession, find_exam_date
from exchange.hl7.applying.sender_words import read_status_word
from exchange.hl7.message_result import MessageResult, ignored, parked
from exchange.hl7.reading.facts import ReadMessage, ReportFacts
from exchange.models import Hl7Message, Hl7Sender
from exchange.models.hl7_sender import ReportStatus
from patients.models import Patient
from recalls.actions.opening import IncidentalFinding, open_incidental_recall
from recalls.enums import Side
from recalls.models import ScreeningExam

ACCEPTED = "incidental_finding"  # the key of a proposal that opens the recall
# Exams of the chest and of other parts, by the words of the procedure.
_OTHER_EXAM = re.compile(
    r"\bcta?\b|computed tomo|\bpet\b|\bx-?ray\b|\bxr\b|\bcr\b|chest|thora|abdom|pelvi|spine|cardiac|heart|lung|aort"
    r"|angio|neck|shoulder|\bpe protocol\b",
    re.IGNORECASE,
)
_BREAST_EXAM = re.compile(r"mammo|breast|tomosynth|\bdbt\b", re.IGNORECASE)
_BREAST = re.compile(r"\bbreasts?\b|\bmammo|\baxilla", re.IGNORECASE)
_FINDING = re.compile(
    r"\bmass(?:es)?\b|nodul|lesion|asymmetr|calcif|distort|densit(?:y|ies)\b|enhanc|thicken|adenopathy|lymph node"
    r"|abnormal|finding|uptake|mammo|ultraso",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:no|not|without|negative|unremarkable|normal|status post|s/p|history of|prior|previous|stable)\b",
    re.IGNORECASE,
)

# "Not seen on the prior exam" says that something is new: the denial is of the earlier exam.
_COMPARED = re.compile(
    r"\b(?:not (?:seen|present|visible|visualized|identified|there)|new|increas\w+|enlarg\w+|grow\w+|larger)\b"
    r"[^.;]*?\b(?:prior|previous(?:ly)?|before)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Actionable:
    """A report of another exam: how its finding is marked, the sentences about the breast, and its whole text."""

    report: ReportFacts
    mark: ActionableMark | None
    words: str
    text: str


def find_actionable(read: ReadMessage) -> Actionable | None:
    """The report of an exam that is not of the breast and may tell of it; None for any other message."""
    for report in read.reports:
        procedure = f"{report.procedure.words} {report.document.kind.words} {report.modality}"
        if _BREAST_EXAM.search(procedure) or not _OTHER_EXAM.search(procedure):
            continue
        mark = find_mark(report)
        text = "\n".join(one.text for one in report.observations)
        sentences = [one.strip() for one in re.split(r"(?<=[.;!?])\s+|\n+", text) if _BREAST.search(one)]
        told = [one for one in sentences if _FINDING.search(one) and not _is_denied(one)]
        if (mark and sentences) or told:
            return Actionable(report, mark, " ".join(told or sentences), text)
    return None


def _is_denied(sentence: str) -> bool:
    return _DENIED.search(_COMPARED.sub(" ", sentence)) is not None


def apply_actionable(
    message: Hl7Message, read: ReadMessage, sender: Hl7Sender, site: Site, confirmed: frozenset[Confirmation]
) -> MessageResult:
    """Open the recall of a marked finding, or say what a person must look at first. Call it inside a transaction."""
    found = find_actionable(read)
    if found is None:
        return ignored(_("This report tells of no breast finding."), site=site)
    status = read_status_word(found.report.status, sender)
    if status in (ReportStatus.PRELIMINARY, ReportStatus.CANCELLED):
        words = _("The report of another exam is not final. Its final report is waited for.")
        return ignored(words, site=site) if status == ReportStatus.PRELIMINARY else parked(words, "OBR-25", site=site)
    is_accepted = bool((message.accepted or {}).get(ACCEPTED))
    exam_date = find_exam_date(found.report, read, sender, site)
    recommendation = read_recommendation(find_recommended(found.report, sender) or found.text, exam_date)
    proposal: dict[str, Any] = {ACCEPTED: found.words[:500]}
    if found.mark is None and not is_accepted:
        words = _(
            "The report of another exam may tell of a breast finding. Open a recall for it, or dismiss the message."
        )
        return parked(words, "OBX-5", site=site, proposal=proposal)
    if not recommendation.is_complete and not is_accepted:
        return parked(str(INCOMPLETE), "OBX-5", site=site, proposal=proposal)
    known = find_known_patient(read.patients[0], sender, site, find_day(read.header.sent_at, site), confirmed)
    if isinstance(known, MessageResult):
        return known
    finding = IncidentalFinding(
        accession=find_accession(found.report),
        exam_date=exam_date,
        exam_name=found.report.procedure.text or found.report.procedure.code,
        words=found.words,
        reader_name=next((one.full for one in found.report.readers if one.full), ""),
        side=_find_side(found.words),
        order=build_order(recommendation, found.mark),
    )
    return _open(finding, known, site)


def _open(finding: IncidentalFinding, known: KnownPatient, site: Site) -> MessageResult:
    if not finding.accession:
        return parked(_("The report has no number of its exam."), "OBR-3", site=site)
    standing = ScreeningExam.objects.filter(site=site, accession=finding.accession).select_related("patient").first()
    patient = known.record or _add(known)
    if standing is not None:
        if standing.patient_id != patient.pk:
            return parked(_("This exam is here under another patient. Find out whose it is."), "PID-3", site=site)
        if finding.words not in standing.comment:
            words = _("A report of this exam is here and said something else of the breast. Look at both.")
            return parked(words, "OBX-5", site=site, exam=standing, patient=patient)
        return ignored(_("This finding is here already."), site=site, exam=standing, patient=patient)
    recall = open_incidental_recall(patient, site, finding, by=intake_actor()).recall
    return MessageResult(Hl7Message.State.APPLIED, site=site, exam=recall.exam, patient=patient, recall=recall)


def _add(known: KnownPatient) -> Patient:
    patient = known.matcher.add_patient(known.row)
    known.matcher.save_new_patients()
    return patient


def _find_side(words: str) -> Side | None:
    said = {side for side in (Side.RIGHT, Side.LEFT) if re.search(rf"\b{side.value}\b", words, re.IGNORECASE)}
    if re.search(r"\bbilateral|\bboth\b", words, re.IGNORECASE) or len(said) == 2:
        return Side.BOTH
    return next(iter(said), None)
