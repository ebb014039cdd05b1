"""Finds what stands elsewhere in a report and speaks against the category that was read: then a person decides.

All patterns are of folded text: lower case, without accents.
"""

import re
from collections.abc import Sequence

from django.utils.translation import gettext as _

from exchange.hl7.report_text import words
from exchange.hl7.report_text.context import Judged, Report

_URGENT = frozenset({"0", "4", "4A", "4B", "4C", "5"})
_ADVISED = r"(?:needed|recommended|required|advised|suggested|necessary|indicated|warranted)"
_ADVISES = r"(?:needs?|requires?|warrants?|recommend\w*|advis\w+|suggest\w*)"
# A form with boxes or numbers to choose from, which says nothing by holding a number.
_CHOICES = re.compile(
    r"[(\[]\s*[x*]?\s*[)\]]\s*[0-6](?![\w.])|(?:[(\[]\s*x?\s*[0-6]\s*[)\]]\s*){2}|[\u2610-\u2612\u25a0\u25a1]\s*[0-6]"
)
# Words that take a category, or a side, back.
_RETRACTED = re.compile(
    r"\b(?:category|categoria|assessment|bi-?rads|score|impression)\b[^.\n]{0,40}"
    r"\b(?:should (?:read|say|have|be (?:changed|corrected|bi|[0-6]))|"
    r"(?:is|was|has been|fue) (?:changed|corrected|revised|amended|upgraded|downgraded|corregid\w+)|"
    r"debe (?:leerse|decir|ser))\b"
    r"|\b(?:correction|correccion)\b|\(sic\)|\bdictated as\b|\bnot (?:the )?(?:left|right)\b"
    r"|(?<![\d.])[0-6][abc]?,? (?:and )?not [0-6](?![\w.])"
)
# "Ultrasound: 4": a category of another exam that no mention covers.
_OTHER_EXAM = re.compile(
    r"\b(?:ultrasound|sonogra\w+|us|mri|mammo\w*|mamografia|ecografia)\b\s*[:=]\s*[0-6][abc]?(?![\w.])"
)
_CANCER = re.compile(
    r"\bcarcinoma\b|\bfindings? (?:is|are) malignant\b|\bknown (?:\w+ )?(?:malignan\w+|cancer)"
    r"|\bcancer\b[^.\n]{0,40}\b(?:conocido|known|suspected|likely)\b"
)
_CANCER_BEFORE = re.compile(r"\b(?:history|hx|status post|s/p|treated|prior|previous|risk|antecedentes?|post)\b")
_SERIOUS = re.compile(
    r"\b(?:worrisome|concerning|spiculated|espiculad\w+|high suspicion|alta sospecha)\b"
    r"|\b(?:malignan\w+|carcinoma|cancer) (?:is |are )?(?:suspected|likely|probable)\b"
    r"|\b(?:suspected|likely|high probability of|high likelihood of) (?:\w+ )?(?:malignan\w+|cancer)"
    r"|\btissue (?:sampling|diagnosis)\b|\bsurgical (?:consult\w*|referral|evaluation|excision)\b"
    rf"|\b{_ADVISES}(?: \w+){{0,4}} (?:excision|aspiration|biops\w+|surger\w+)\b"
    rf"|\b(?:excision|aspiration)\w*(?: is| was)? {_ADVISED}\b|\bcore (?:needle )?biopsy was performed\b"
    r"|\b(?:sugiere|recomienda|aconseja|indica|requiere)\w*(?: \w+){0,2} biopsia\b|\bcall (?:the )?surgeon\b"
)
# Work that a 1 or 2 does not ask for; a 3 may.
_WORK = re.compile(
    rf"\b{_ADVISES}(?: \w+){{0,3}} (?:work-?\s?up|spot (?:views?|compression))\b"
    rf"|\b{_ADVISES}(?: \w+){{0,3}} additional (?:views?|imaging|evaluation)\b"
    rf"|\b(?:additional|spot|magnification|compression) (?:\w+ )?(?:views?|imaging)\b[^.\n]{{0,60}}\b{_ADVISED}\b"
    r"|\breturn for (?:an? )?(?:\w+ )?(?:ultrasound|additional|spot|diagnostic|biopsy|mri)\b"
    r"|\b(?:ampliar|completar) (?:el )?(?:estudio|con)\b|\bproyecciones adicionales\b"
)
_CONDITION = re.compile(r"\b(?:if|any|unless|when|should (?:there|the patient)|si)\b")
_ELSEWHERE = re.compile(
    r"\b(?:otherwise|elsewhere|remainder|rest|contralateral|opposite|other|right|left|derech\w+|izquierd\w+)\b"
)
_REASSURING = re.compile(
    r"\bno (?:mammographic |radiographic |sonographic )?evidence of malignancy\b"
    r"|\bno suspicious (?:findings?|abnormalit\w+)"
    r"|\b(?:negative|normal) (?:bilateral )?(?:screening )?mammogram\b"
)
_REASSURING_BEHIND = re.compile(
    r"\b(?:routine|annual|yearly) (?:\w+ ){0,2}(?:screening|mammogra\w+)\b"
    r"|\b(?:return|mammogram) in (?:1|one|12) (?:year|mo)"
    r"|^\W*(?:negativ\w*|benign\w*|normal\w*)\b"
)
_DENIED_BEHIND = re.compile(r"[\s:,(\-]*(?:not|no|non|never|sin)\b")


def find_objection(report: Report, judged: Sequence[Judged], statements: Sequence[Judged], overall: str) -> str:
    """Why the category must not be taken as it stands, "" where nothing speaks against it."""
    folded = report.folded
    if _CHOICES.search(folded):
        return _("The report holds a form with categories to choose from.")
    if _RETRACTED.search(folded):
        return _("The report takes something back, and it is not clear what.")
    if any(not _is_covered(report, judged, found.end() - 1) for found in _OTHER_EXAM.finditer(folded)):
        return _("Another category stands in the text, and it is not clear what it is said of.")
    if overall in ("1", "2", "3") and _sounds_serious(report, judged, overall):
        return _("The words of the report sound more serious than the category.")
    if overall in (*_URGENT, "6") and any(_DENIED_BEHIND.match(each.behind) for each in statements):
        return _("The category and the words beside it say different things.")
    if overall in _URGENT and _sounds_harmless(report, statements):
        return _("The words of the report sound less serious than the category.")
    return ""


def _is_covered(report: Report, judged: Sequence[Judged], place: int) -> bool:
    tokens = report.tokens
    return any(tokens[each.mention.first].start <= place < tokens[each.mention.next - 1].end for each in judged)


def _sounds_serious(report: Report, judged: Sequence[Judged], overall: str) -> bool:
    """A sentence outside history calls something suspicious or asks for work, and does not deny it."""
    patterns = [words.SUSPICIOUS_WORDS, _SERIOUS, *([] if overall == "3" else [_WORK])]
    for found in (found for pattern in patterns for found in pattern.finditer(report.folded)):
        before = _sentence_before(report, found.start())
        if _counts(report, found.start(), before) and not (found.re is _WORK and _CONDITION.search(before)):
            return True
    cancers = ((found.start(), _sentence_before(report, found.start())) for found in _CANCER.finditer(report.folded))
    return any(_counts(report, place, before) and not _CANCER_BEFORE.search(before) for place, before in cancers)


def _counts(report: Report, place: int, before: str) -> bool:
    is_key = any(start <= place < end + 40 for start, end in report.legends)
    is_history = report.section_at(place)[1] == "history"
    return not (is_key or is_history or words.NEGATION.search(before) or words.LEGEND.search(before))


def _sounds_harmless(report: Report, statements: Sequence[Judged]) -> bool:
    """A sentence about both breasts finds nothing, or what follows the category is what follows a 1 or 2."""
    for found in _REASSURING.finditer(report.folded):
        sentence = _sentence_before(report, found.start()) + _sentence_behind(report, found.end())
        if report.section_at(found.start())[1] != "history" and not _ELSEWHERE.search(sentence):
            return True
    last = report.tokens[statements[-1].mention.next - 1].end
    rest = report.folded[last:]
    return any(
        not _ELSEWHERE.search(
            _sentence_before(report, last + found.start()) + _sentence_behind(report, last + found.end())
        )
        for found in _REASSURING_BEHIND.finditer(rest)
    )


def _sentence_before(report: Report, place: int) -> str:
    return re.split(r"[.;!?]\s|\n\n", report.folded[:place])[-1]


def _sentence_behind(report: Report, place: int) -> str:
    return re.split(r"[.;!?](?:\s|$)|\n", report.folded[place:], maxsplit=1)[0]
