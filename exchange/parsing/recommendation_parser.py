"""Reads what a report recommends beside its assessment, so that no advice is lost behind a 1 or a 2.

A 1 or 2 asks for nothing but the next screening. A text that says more either plainly advises one supplemental test,
or is a contradiction for a person to settle: "2. Recommendation: diagnostic mammogram for palpable lump" must not end
as a benign result without a recall.
"""

import re
import unicodedata

from django.utils.translation import gettext as _

from exchange.errors import InvalidValue
from recalls.enums import Assessment, SupplementalTest

_WITHOUT_WORK = frozenset({Assessment.NEGATIVE, Assessment.BENIGN})
_RECOMMENDS = re.compile(
    r"\b(?:recommend\w*|advis\w+|suggest(?:ed|s|ions?)?|consider\w*|needs?|needed|requir\w+|warrant\w*|should"
    r"|indicated|referr?(?:ed|al)?|proceed|obtain|schedul\w+|return(?:s|ed)? for)\b"
)
_FIRMLY = re.compile(r"\b(?:recommend(?:s|ed|ation|ations|ing)?|advis(?:e|es|ed|able))\b")
_HEDGED = re.compile(r"\b(?:consider\w*|may|might|could|if|option\w*|discuss\w*|or|either|possibl[ey]|unless)\b")
_TESTS: dict[SupplementalTest, str] = {
    SupplementalTest.ULTRASOUND: r"(?:ultrasound|ultrasonography|sonogra\w+|us|abus)",
    SupplementalTest.MRI: r"(?:mri|mr|magnetic resonance(?: imaging)?)",
    SupplementalTest.CEM: r"(?:cem|cesm|cedm|contrast(?: enhanced)?(?: spectral| digital)? mammogra\w+)",
}
_SUPPLEMENTAL = {
    kind: re.compile(
        r"\b(?:supplement(?:al|ary)|adjunct(?:ive)?)"
        r"(?: (?:screening|breast|whole|bilateral|automated|handheld|with|abbreviated|contrast|enhanced))*"
        rf" {test}\b(?: (?:screening|examination|exam))?"
    )
    for kind, test in _TESTS.items()
}  # fmt: skip
_WORK = (
    r"(?:diagnostic\w*|ultrasound|ultrasonography|sonogra\w+|abus|mri|magnetic resonance|contrast|cem|cesm|cedm"
    r"|supplement(?:al|ary)|biops\w+|aspirat\w+|spot|magnification|(?:additional|further|more|extra|special) (?:\w+ )?"
    r"(?:imaging|views?|images|evaluation|assessment|investigation|tests?|testing)|call ?back|called back|recall(?:ed)?"
    r"|work ?up|short (?:interval|term)|(?:6|six) ?(?:months?|mos?)|surg\w+|consult\w*|palpable|lumps?)"
)
_MORE_WORK = re.compile(rf"\b{_WORK}\b")
# Work of the past is no recommendation.
_PAST_WORK = re.compile(
    rf"\b(?:since|prior|previous|earlier|last|recent|status post|history of|after|post)(?: \w+){{0,2}}? {_WORK}\b"
)
_NEGATION = re.compile(r"\b(?:no|not|without|nor|neither|compared|comparing|comparison)\b")


def parse_recommendation(text: str, assessment: Assessment) -> SupplementalTest | None:
    """The supplemental test that a text with a 1 or 2 plainly advises; None where it advises nothing.

    Raises InvalidValue, with what to write instead, where it recommends other work or is not plain.
    """
    if assessment not in _WITHOUT_WORK:
        return None
    said = " | ".join(_affirmed(clause) for clause in _clauses(text))
    if not _RECOMMENDS.search(said) or not _MORE_WORK.search(said):
        return None
    advised = {kind for kind, pattern in _SUPPLEMENTAL.items() if pattern.search(said)}
    rest = said
    for pattern in _SUPPLEMENTAL.values():
        rest = pattern.sub(" ", rest)
    if len(advised) == 1 and _FIRMLY.search(rest) and not _MORE_WORK.search(rest) and not _HEDGED.search(rest):
        return advised.pop()
    if advised:
        raise InvalidValue(
            _("Is a supplemental test advised? Write only the category here, and the test into “supplemental”.")
        )
    raise InvalidValue(
        _(
            "Category and recommendation contradict each other. Write only the category that counts: one that asks "
            "for work, such as 0-AI, or a 1 or 2 without it."
        )
    )


def _clauses(text: str) -> list[str]:
    """Lower case, one kind of space, no punctuation: what stands between commas, stops and brackets."""
    words = unicodedata.normalize("NFKC", text).casefold()
    parts = re.split(r"[.;,:!?()\[\]\n]+", words)
    return [" ".join(re.sub(r"[^\w]+|_", " ", part).split()) for part in parts]


def _affirmed(clause: str) -> str:
    """The clause up to a word that denies or compares, and without the work of the past."""
    denied = _NEGATION.search(clause)
    return _PAST_WORK.sub(" ", clause[: denied.start()] if denied else clause)
