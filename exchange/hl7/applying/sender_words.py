"""What the codes and words of a sender mean: as its settings say, else as HL7 and radiology use them."""

import re
from collections.abc import Mapping
from enum import Enum

from clinic.models import Site
from exchange.hl7.reading.facts import CodedValue, ReportFacts, VisitFacts
from exchange.models.hl7_sender import AppointmentEvent, Hl7Sender, ObservationMeaning, ReportStatus


class ProcedureKind(Enum):
    """What kind of exam a report tells of."""

    SCREENING = "screening"
    DIAGNOSTIC = "diagnostic"
    UNKNOWN_BREAST = "unknown"  # of the breast, and nobody has said which kind
    OTHER = "other"


_STATUS_WORDS: dict[str, ReportStatus] = {
    **dict.fromkeys(
        ("P", "R", "I", "S", "O", "PRELIM", "PRELIMINARY", "WET READ", "WETREAD", "WR", "DRAFT", "DICTATED", "DI",
         "TRANSCRIBED", "UNSIGNED", "UNVERIFIED", "IP", "IN", "IN PROGRESS", "PA", "PENDING"),
        ReportStatus.PRELIMINARY,
    ),
    **dict.fromkeys(
        ("F", "FINAL", "FINALIZED", "FINALISED", "FINAL REPORT", "SIGNED", "VERIFIED", "AUTHENTICATED", "AU", "LA",
         "COMPLETE", "COMPLETED", "CM", "APPROVED"),
        ReportStatus.FINAL,
    ),
    **dict.fromkeys(
        ("C", "A", "B", "CORRECTED", "CORRECTION", "CORR", "AMENDED", "AMENDMENT", "ADDENDUM", "ADDENDED", "APPENDED",
         "REVISED", "MODIFIED"),
        ReportStatus.CORRECTED,
    ),
    **dict.fromkeys(
        ("X", "D", "W", "CA", "CANCELLED", "CANCELED", "DELETED", "WITHDRAWN", "RETRACTED", "DC"),
        ReportStatus.CANCELLED,
    ),
}  # fmt: skip
_EVENTS: dict[str, AppointmentEvent] = {
    "S12": AppointmentEvent.BOOKED,
    "S13": AppointmentEvent.MOVED,
    "S14": AppointmentEvent.CHANGED,
    "S15": AppointmentEvent.CANCELLED,
    "S16": AppointmentEvent.CANCELLED,
    "S17": AppointmentEvent.CANCELLED,
    "S26": AppointmentEvent.MISSED,
}
_MISSED = re.compile(
    r"\bno[\s-]?show(?:ed)?\b|\bdid not (?:come|attend|arrive|keep)\b|\bdna\b|\bmissed\b", re.IGNORECASE
)
_CANCELLED = re.compile(r"\b(?:cancell?ed|deleted|discontinued)\b", re.IGNORECASE)
# CPT and LOINC codes of domain knowledge; a sender's own codes go before them.
SCREENING_CODES = frozenset({"77067", "77063", "G0202", "24606-6", "103892-6", "42132-1"})
DIAGNOSTIC_CODES = frozenset({"77065", "77066", "G0204", "G0206", "G0279", "76641", "76642", "77046", "77047", "77048",
                               "77049", "24605-8"})  # fmt: skip
_BREAST = re.compile(r"mammo|breast|tomosynth|\bdbt\b|bi\W{0,3}rads|\bmg\b", re.IGNORECASE)
_SCREENING = re.compile(r"\bscr(?:een\w*|n)?\b", re.IGNORECASE)
_DIAGNOSTIC = re.compile(
    r"\bdiag\w*|\bdx\b|biops|\bspot\b|magnif|work\W?up|additional|call\W?back|localiz|aspirat", re.IGNORECASE
)
# Without the word screening these look at a finding.
_TARGETED = re.compile(r"\bus\b|ultrasound|sonogra|\blimited\b|target", re.IGNORECASE)
_MODALITIES = (
    ("mri", re.compile(r"\bmri?\b|magnetic", re.IGNORECASE)),
    ("ultrasound", re.compile(r"\bus\b|ultrasound|sonogra", re.IGNORECASE)),
    ("3d", re.compile(r"tomo|\bdbt\b|\b3-?d\b", re.IGNORECASE)),
)


def read_status_word(word: str, sender: Hl7Sender) -> ReportStatus | None:
    """What a status means; None for a word that nobody has explained."""
    said = _lookup(sender.status_words, word)
    return ReportStatus(said) if said else _STATUS_WORDS.get(word.strip().upper())


def read_observation_meaning(question: CodedValue, sender: Hl7Sender) -> ObservationMeaning | None:
    """What the sender's settings say that OBX-3 asks, by its code or its text; None where they say nothing."""
    said = _lookup(sender.observation_meanings, question.code) or _lookup(sender.observation_meanings, question.text)
    return ObservationMeaning(said) if said else None


def find_event(trigger: str, visit: VisitFacts, sender: Hl7Sender) -> AppointmentEvent | None:
    """What an appointment message means; a no-show is often told by a cancelling or changing event with a reason."""
    said = _lookup(sender.event_meanings, trigger)
    event = AppointmentEvent(said) if said else _EVENTS.get(trigger)
    words = " ".join((visit.status or "", visit.event_reason, visit.reason))
    if event in (AppointmentEvent.CHANGED, AppointmentEvent.CANCELLED) and _MISSED.search(words):
        return AppointmentEvent.MISSED
    if event == AppointmentEvent.CHANGED and _CANCELLED.search(visit.status or ""):
        return AppointmentEvent.CANCELLED
    return event


def classify_procedure(code: str, text: str, sender: Hl7Sender, context: str = "") -> ProcedureKind:
    """The kind of an exam or appointment; `context` is what else may show that it is of the breast."""
    named = {code.strip().casefold(), text.strip().casefold()} - {""}
    if named & _folded(sender.screening_codes):
        return ProcedureKind.SCREENING
    if named & _folded(sender.diagnostic_codes):
        return ProcedureKind.DIAGNOSTIC
    if code.strip().upper() in SCREENING_CODES:
        return ProcedureKind.SCREENING
    if code.strip().upper() in DIAGNOSTIC_CODES:
        return ProcedureKind.DIAGNOSTIC
    words = f"{code} {text}".replace("_", " ")
    if not _BREAST.search(f"{words} {context}"):
        return ProcedureKind.OTHER
    is_screening, is_diagnostic = bool(_SCREENING.search(words)), bool(_DIAGNOSTIC.search(words))
    if is_screening and is_diagnostic:
        return ProcedureKind.UNKNOWN_BREAST
    if is_screening:
        return ProcedureKind.SCREENING
    return ProcedureKind.DIAGNOSTIC if is_diagnostic or _TARGETED.search(words) else ProcedureKind.UNKNOWN_BREAST


def classify_report(report: ReportFacts, sender: Hl7Sender) -> ProcedureKind:
    """The kind of exam of a report."""
    procedure = report.procedure if report.procedure.words else report.document.kind
    context = f"{report.modality} {report.text[:20000]}"
    return classify_procedure(procedure.code, procedure.text, sender, context)


def find_modality(report: ReportFacts) -> str:
    """The `modality` cell of a results file; "" where the procedure does not say."""
    words = f"{report.procedure.words} {report.modality}".replace("_", " ")
    return next((modality for modality, pattern in _MODALITIES if pattern.search(words)), "")


def find_site(places: tuple[str, ...], sender: Hl7Sender, sites: Mapping[str, Site]) -> Site:
    """The site of the nearest place that the sender's settings know, else the sender's own."""
    known = {name.casefold(): code for name, code in sender.sites_by_location.items()}
    for place in places:
        site = sites.get(known.get(place.casefold(), ""))
        if site is not None:
            return site
    return sites.get(sender.site.code, sender.site)


def _lookup(settings: Mapping[str, str], word: str) -> str | None:
    wanted = word.strip().casefold()
    return next((meaning for name, meaning in settings.items() if name.strip().casefold() == wanted), None)


def _folded(names: list[str]) -> set[str]:
    return {name.strip().casefold() for name in names}
