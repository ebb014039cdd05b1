"""Parses MQSA assessments from numbers and words, which must agree; it never guesses.

Each mention ("BI-RADS 4", "suspicious", "need prior mammograms") allows some assessments; the result is what all of
them allow. Nothing left: the words contradict each other. A plain 0 leaves both kinds of incomplete, which are
separate assessments since 2024 (domain fact: 21 CFR 900.12(c)(1)(iv)); the site's setting decides, or a person.
"""

import re
import unicodedata
from functools import lru_cache, reduce

from django.utils.translation import gettext as _

from clinic.models import Site
from exchange.errors import InvalidValue
from recalls.enums import Assessment

AssessmentSet = frozenset[Assessment]

_INCOMPLETE: AssessmentSet = frozenset({Assessment.NEED_IMAGING, Assessment.NEED_PRIORS})
_ANY_SUSPICIOUS: AssessmentSet = frozenset(
    {Assessment.SUSPICIOUS, Assessment.SUSPICIOUS_A, Assessment.SUSPICIOUS_B, Assessment.SUSPICIOUS_C}
)
_BY_CATEGORY: dict[str, AssessmentSet] = {
    "0": _INCOMPLETE,
    "1": frozenset({Assessment.NEGATIVE}),
    "2": frozenset({Assessment.BENIGN}),
    "3": frozenset({Assessment.PROBABLY_BENIGN}),
    "4": _ANY_SUSPICIOUS,
    "4a": frozenset({Assessment.SUSPICIOUS_A}),
    "4b": frozenset({Assessment.SUSPICIOUS_B}),
    "4c": frozenset({Assessment.SUSPICIOUS_C}),
    "5": frozenset({Assessment.HIGHLY_SUGGESTIVE}),
    "6": frozenset({Assessment.KNOWN_MALIGNANCY}),
}

# In this order: a phrase that was read is taken out, so that "probably benign" is not read as "benign" again.
_MORE_IMAGING_PATTERN = (
    r"(?:additional|further|more|supplemental|diagnostic)(?: \w+){0,2}? (?:imaging|views?|evaluation|images|work ?up)"
)
_PRIORS_PATTERN = (
    r"(?:priors?|(?:previous|earlier|old|outside) (?:mammo\w*|studies|study|exams?|films?|images|imaging)|comparison)"
)
_PHRASES: tuple[tuple[re.Pattern[str], AssessmentSet], ...] = tuple(
    (re.compile(rf"\b(?:{pattern})\b"), allowed)
    for pattern, allowed in (
        (r"post ?procedure\w*(?: mammo\w*)?(?: for marker placement)?|(?:marker|clip) placement|p?mp",
         frozenset({Assessment.POST_PROCEDURE})),
        (r"known (?:biopsy proven )?(?:malignancy|cancer|carcinoma)|biopsy proven (?:malignancy|cancer|carcinoma)",
         frozenset({Assessment.KNOWN_MALIGNANCY})),
        (r"highly suggestive(?: of malignancy)?", frozenset({Assessment.HIGHLY_SUGGESTIVE})),
        (r"highly suspicious", frozenset({Assessment.SUSPICIOUS_C, Assessment.HIGHLY_SUGGESTIVE})),
        (r"low suspicion(?: for malignancy)?", frozenset({Assessment.SUSPICIOUS_A})),
        (r"(?:moderate|intermediate) suspicion(?: for malignancy)?", frozenset({Assessment.SUSPICIOUS_B})),
        (r"high suspicion(?: for malignancy)?", frozenset({Assessment.SUSPICIOUS_C})),
        (r"suspicious|suspicion", _ANY_SUSPICIOUS),
        (r"(?:probably|probable|likely) benign", frozenset({Assessment.PROBABLY_BENIGN})),
        (r"benign", frozenset({Assessment.BENIGN})),
        (r"negative|normal", frozenset({Assessment.NEGATIVE})),
        (r"incomplete|inconclusive", _INCOMPLETE),
    )
)  # fmt: skip
_NEEDS_IMAGING = re.compile(rf"\b(?:{_MORE_IMAGING_PATTERN}|ai)\b")
_NEEDS_PRIORS = re.compile(rf"\b{_PRIORS_PATTERN}\b")

_MEASUREMENT = re.compile(r"\b\d+(?:(?: to | )\d+)? ?(?:months?|mos?|weeks?|wks?|years?|yrs?|days?|mm|cm)\b")
_CATEGORY_PREFIX = re.compile(r"\b(?:acr )?(?:bi ?rads?|br|cat(?:egory)?|code)(?=[ \d]|$)")
_CATEGORY_4_SUBTYPE = re.compile(r"\b4 ?(?:\(([abc])\)|- ?([abc])\b|([bc])\b|(a)(?= ?$| ?\|))")
# What stands behind these in a clause is denied, or tells of another exam.
_NEGATION = re.compile(
    r"\b(?:no|not|without|nor|non|free of|compared|comparing|in comparison|comparison (?:to|with|made))\b"
)
# A text about categories, or about several things found, is no assessment.
_NOT_AN_ASSESSMENT = re.compile(
    r"\b(?:legend|lexicon|atlas|edition|means|lesions|nodules|severity|categories|history of)\b|="
)
_IMPRESSION = re.compile(r".*\b(?:impression|final assessment|overall assessment)\s*:", re.DOTALL)


def parse_assessment(text: str, bare_zero: str) -> Assessment:
    """The one assessment meant. Raises InvalidValue, with what to write instead, when there is none or more than one.

    `bare_zero` is the site's `bare_zero` setting: what a 0 means that does not say which kind.
    """
    allowed = _parse_allowed(text)
    if len(allowed) == 1:
        return next(iter(allowed))
    if allowed == _ANY_SUSPICIOUS:
        return Assessment.SUSPICIOUS
    if allowed == _INCOMPLETE:
        if bare_zero == Site.BareZero.PARK:
            raise InvalidValue(
                _("A plain 0 does not say what is needed. Write 0-AI (additional imaging) or 0-PRIOR (prior images).")
            )
        return Assessment(bare_zero)
    raise InvalidValue(_("4C or 5? These words fit both. Write the number of the category."))


def parse_screening_assessment(text: str, site: Site) -> Assessment:
    """The assessment of a screening exam; a plain 0 means what the site says it means."""
    assessment = parse_assessment(text, site.bare_zero)
    if assessment == Assessment.KNOWN_MALIGNANCY:
        raise InvalidValue(
            _("6 is a cancer known before this exam, so this is no screening result. Correct it or dismiss the row.")
        )
    return assessment


@lru_cache(maxsize=2048)
def _parse_allowed(text: str) -> AssessmentSet:
    """What all mentions in the text allow together. Raises InvalidValue for none, a contradiction or another number."""
    plain = _normalize(text)
    if _NOT_AN_ASSESSMENT.search(plain):
        raise InvalidValue(_("This is no assessment. Write the category, such as 0-AI, 2 or 4B."))
    mentions: list[AssessmentSet] = []
    for clause in plain.split("|"):
        mentions += _find_mentions(clause)
    if not mentions:
        raise InvalidValue(_("This assessment is not understood. Write the category, such as 0-AI, 2 or 4B."))
    wants_both = {frozenset({Assessment.NEED_IMAGING}), frozenset({Assessment.NEED_PRIORS})}
    if wants_both <= set(mentions):  # the joint phrase, no longer allowed since 2024
        mentions = [mention for mention in mentions if mention not in wants_both] + [_INCOMPLETE]
    allowed: AssessmentSet = reduce(frozenset.__and__, mentions)
    if not allowed:
        raise InvalidValue(_("Number and words contradict each other. Write only the category, such as 0-AI, 2 or 4B."))
    return allowed


def get_allowed(category: str) -> AssessmentSet:
    """The assessments that a category ("0", "4A") may be; empty for one that does not exist."""
    return _BY_CATEGORY.get(category.casefold(), frozenset())


def find_allowed_by_wording(wording: str) -> AssessmentSet | None:
    """What the words of a wording allow together, without its numbers; None where they say nothing."""
    words_alone = re.sub(r"\d\w*", " ", _normalize(wording))
    mentions = [mention for clause in words_alone.split("|") for mention in _find_mentions(clause)]
    mentions = [mention for mention in mentions if not mention <= _INCOMPLETE or mention == _INCOMPLETE]
    return reduce(frozenset.__and__, mentions) if mentions else None


def find_needs(sentence: str) -> AssessmentSet:
    """What a sentence about an incomplete exam asks for: more imaging, prior images, or both."""
    plain = _normalize(sentence)
    needs = set()
    if _NEEDS_PRIORS.search(plain):
        needs.add(Assessment.NEED_PRIORS)
    if _NEEDS_IMAGING.search(plain):
        needs.add(Assessment.NEED_IMAGING)
    return frozenset(needs)


def _normalize(text: str) -> str:
    """Lower case, one kind of space and dash, "|" between clauses, a lettered 4 in one piece, no lengths and times."""
    words = unicodedata.normalize("NFKC", text).casefold()
    words = "".join("-" if unicodedata.category(letter) == "Pd" else letter for letter in words)
    words = _IMPRESSION.sub("", words)
    words = re.sub(r"[_\s]+", " ", words)
    words = _CATEGORY_4_SUBTYPE.sub(lambda found: "4" + next(part for part in found.groups() if part), words)
    words = re.sub(r"[.;,:!?\n]+", " | ", words)
    words = re.sub(r"[^\w|=]+", " ", words)
    words = _CATEGORY_PREFIX.sub(" ", words)
    words = _MEASUREMENT.sub(" ", words)
    return re.sub(r" +", " ", words).strip()


def _find_mentions(clause: str) -> list[AssessmentSet]:
    aside = _NEGATION.search(clause)
    if aside:
        clause = clause[: aside.start()]
    found: list[AssessmentSet] = []
    for number in re.findall(r"(?<!\w)\d\w*", clause):
        if number not in _BY_CATEGORY:
            raise InvalidValue(_("There is no such category. Write 0-AI, 0-PRIOR, 1 to 5, 4A to 4C or MP."))
        found.append(_BY_CATEGORY[number])
    if _NEEDS_PRIORS.search(clause):
        found.append(frozenset({Assessment.NEED_PRIORS}))
        clause = _NEEDS_PRIORS.sub(" ", clause)
    if _NEEDS_IMAGING.search(clause):
        found.append(frozenset({Assessment.NEED_IMAGING}))
    for pattern, allowed in _PHRASES:
        if pattern.search(clause):
            found.append(allowed)
            clause = pattern.sub(" ", clause)
    return found
