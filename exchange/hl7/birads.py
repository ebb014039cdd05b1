"""Reads the BI-RADS assessment out of a report's text, per breast and for the exam, and says how sure it is.

It never guesses: an assessment is fully sure only where each mention of a category in the text is understood, as the
statement or as something else (a legend, an earlier exam, the density, a finding), and where nothing speaks against it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from django.utils.translation import gettext as _

from exchange.errors import InvalidValue
from exchange.hl7.report_text import words
from exchange.hl7.report_text.context import Judged, Report, Use, judge, make_report
from exchange.hl7.report_text.mentions import Mention, find_mentions, find_unread_pairs
from exchange.hl7.report_text.objections import find_objection
from exchange.hl7.report_text.tokens import fold, tokenize
from exchange.parsing.assessment_parser import find_allowed_by_wording, find_needs, get_allowed
from recalls.enums import Assessment

# From the least to the most urgent; a 6 beside another category that asks for something is left to a person.
_URGENCY = ("1", "2", "3", "0", "4", "4A", "4B", "4C", "5")
_SUSPICIOUS = frozenset({"4", "4A", "4B", "4C", "5"})
_MAX_LENGTH = 100_000
_MOST_MENTIONS = 100


class Confidence(Enum):
    FULL = "full"  # may be acted on
    REVIEW = "review"  # a person decides; what was read is a proposal


@dataclass(frozen=True)
class AssessmentReading:
    """Categories are "0" to "6" and "4A" to "4C"; None where none is stated.

    `spans` are the places read, as (start, end) in the text; `reason` says why a person must look, "" at full
    confidence; `zero_kind` is the kind of a 0 where the report says it.
    """

    overall: str | None = None
    right: str | None = None
    left: str | None = None
    confidence: Confidence = Confidence.REVIEW
    reason: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    zero_kind: Assessment | None = None

    @property
    def is_full(self) -> bool:
        return self.confidence is Confidence.FULL

    @property
    def cell(self) -> str:
        """The overall assessment as a cell of a results file holds it: "0-PRIOR", "4A"; "" for none."""
        return (self.zero_kind or self.overall or "") if self.overall == "0" else self.overall or ""


def read_assessment(text: str) -> AssessmentReading:
    """The assessment that a report's text states. Never raises."""
    text = text[:_MAX_LENGTH]
    folded = fold(text)
    addenda = list(words.ADDENDUM.finditer(folded))
    if not addenda:
        return _read_part(text, folded, 0, len(folded))
    return _read_with_addenda(text, folded, addenda)


def _read_with_addenda(text: str, folded: str, addenda: Sequence[re.Match[str]]) -> AssessmentReading:
    """The last addendum counts where it is clear by itself; one that changes nothing leaves the report as it was."""
    start = addenda[-1].end()
    original = words.ORIGINAL_REPORT.search(folded, start)
    end = original.start() if original else len(folded)
    rest = _read_part(text, folded, end, len(folded)) if original else _read_part(text, folded, 0, addenda[0].start())
    added = _read_part(text, folded, start, end)
    changes = _("An addendum may change the assessment.")
    if len(addenda) > 1:
        return _doubt(added if added.overall else rest, changes)
    lowers = added.overall in _URGENCY and rest.overall in _SUSPICIOUS and _is_less(added.overall, rest.overall)
    if lowers or _changes_what_follows(folded, addenda[0], original):
        return _doubt(added, changes)
    if not words.ADDENDUM_MATTERS.search(folded, start, end) and not added.overall:
        return rest
    says_the_same_breasts = bool(added.right) == bool(rest.right) and bool(added.left) == bool(rest.left)
    if added.is_full and (says_the_same_breasts or not rest.overall):
        return added
    return _doubt(added if added.overall else rest, changes)


def _is_less(one: str, other: str) -> bool:
    return _URGENCY.index(one) < _URGENCY.index(other)


def _changes_what_follows(folded: str, addendum: re.Match[str], original: re.Match[str] | None) -> bool:
    """Whether an addendum at the top speaks of a change, and the report that it changes follows unmarked."""
    heading = words.HEADING.search(folded, addendum.end())
    if original is not None or heading is None or folded[: addendum.start()].strip():
        return False
    return bool(words.CHANGE.search(folded, addendum.end(), heading.start()))


def _doubt(reading: AssessmentReading, reason: str) -> AssessmentReading:
    return replace(reading, confidence=Confidence.REVIEW, reason=reason)


def _read_part(text: str, folded: str, start: int, end: int) -> AssessmentReading:
    part = folded[start:end]
    report = make_report(part, tokenize(text[start:end], part))
    mentions = find_mentions(report.tokens)
    if len(mentions) > _MOST_MENTIONS:
        return AssessmentReading(reason=_("The text names too many categories to be one report."))
    floors = [0, *(mention.next for mention in mentions)]
    judged = [judge(report, mention, floor) for mention, floor in zip(mentions, floors, strict=False)]
    statements = [each for each in judged if each.use is Use.STATEMENT]
    # A doubtful mention is the proposal where nothing better stands in the text.
    shown = statements or [each for each in judged if each.use is Use.DOUBTFUL and each.mention.pairs]
    reading = _combine(report, shown)
    places = [(report.tokens[each.mention.first], report.tokens[each.mention.next - 1]) for each in shown]
    reading = replace(reading, spans=tuple((start + first.start, start + last.end) for first, last in places))
    reason = reading.reason or _find_doubt(report, judged, statements, reading)
    if reason:
        return _doubt(reading, reason)
    return replace(reading, confidence=Confidence.FULL, zero_kind=_read_zero_kind(reading, statements))


def _combine(report: Report, shown: Sequence[Judged]) -> AssessmentReading:
    """One category for each breast and one for the exam; a reason where they do not fit together."""
    sides: dict[str, set[str]] = {"right": set(), "left": set()}
    labelled: set[str] = set()
    plain: set[str] = set()
    under_headings = _find_sides_by_heading(report, shown)
    for each in shown:
        for named, category in each.mention.pairs:
            side = named or ("" if each.is_labelled else under_headings.get(each.mention, ""))
            for target in (
                (sides.values() if side == "both" else [sides[side]])
                if side
                else [labelled if each.is_labelled else plain]
            ):
                target.add(category)
    by_breast = sides["right"] | sides["left"]
    every = by_breast | labelled | plain
    if not every or "" in every:
        return AssessmentReading(
            reason=_("More than one category is named, or one that does not exist.") if every else ""
        )
    stated = labelled or plain
    worst = _find_worst(stated or by_breast)
    right, left = (next(iter(said)) if len(said) == 1 else None for said in sides.values())
    reading = AssessmentReading(worst or None, right, left)
    is_single = all(len(said) <= 1 for said in (*sides.values(), stated))
    fits_sides = not stated or not by_breast or _find_worst(by_breast) == worst
    fits_rest = not labelled or _find_worst(every) == worst
    if not (worst and is_single and fits_sides and fits_rest):
        return replace(reading, reason=_("The report names different categories."))
    return reading


def _find_sides_by_heading(report: Report, shown: Sequence[Judged]) -> dict[Mention, str]:
    """The breast of each statement where each stands under its own heading "Right breast:" and "Left breast:"."""
    headings = list(words.SIDE_HEADING.finditer(report.folded))
    bare = [each for each in shown if not each.is_labelled and not each.mention.pairs[0][0]]
    if len(headings) != 2 or len(bare) != 2 or len(shown) - len(bare) > 1:
        return {}
    places = [report.tokens[each.mention.first].start for each in bare]
    sides = [words.SIDES[heading["side"].split()[-1]] for heading in headings]
    if headings[0].end() <= places[0] < headings[1].start() and headings[1].end() <= places[1] and sides[0] != sides[1]:
        return {each.mention: side for each, side in zip(bare, sides, strict=True)}
    return {}


def _find_worst(categories: set[str]) -> str:
    """The category that leads, "" where a person must say."""
    if len(categories) == 1:
        return next(iter(categories))
    if "6" in categories and categories - {"6", "1", "2"}:
        return ""
    if "4" in categories and categories & {"4A", "4B", "4C"}:
        return ""
    return "6" if "6" in categories else max(categories, key=_URGENCY.index)


def _find_doubt(
    report: Report, judged: Sequence[Judged], statements: Sequence[Judged], reading: AssessmentReading
) -> str:
    """Why a person must look at the text, "" when nothing speaks against the reading."""
    stated = {category for each in statements for _side, category in each.mention.pairs}
    if not statements:
        return (
            _("The text names a category, but not plainly as the assessment of this exam.")
            if judged
            else _("The text states no BI-RADS category.")
        )
    for each in judged:
        said = {category for _side, category in each.mention.pairs}
        is_aside = each.use is Use.EMBEDDED and each.section == "findings" and not each.mention.is_weak
        if each.use in (Use.DOUBTFUL, Use.EMBEDDED) and not is_aside and (not said or not said <= stated):
            return _("Another category stands in the text, and it is not clear what it is said of.")
    if find_unread_pairs(report.tokens, [each.mention for each in judged]):
        return _("A breast with a number stands in the text, and it is not clear what it means.")
    return _find_contradiction(report, judged, statements, reading)


def _find_contradiction(
    report: Report, judged: Sequence[Judged], statements: Sequence[Judged], reading: AssessmentReading
) -> str:
    for each in statements:
        if _contradicts(each):
            return _("The category and the words beside it say different things.")
    covered = {place for each in judged for place in range(each.mention.first, each.mention.next)}
    letters = {
        token.text.upper()
        for place, token in enumerate(report.tokens)
        if place not in covered
        and re.fullmatch(r"4[abc]", token.text)
        and not any(near.kind == "other" for near in report.tokens[max(place - 4, 0) : place])
        and report.section_at(token.start)[1] != "history"
        and not any(start <= token.start < end for start, end in report.legends)
    }
    if letters - {reading.overall, reading.right, reading.left}:
        return _("A kind of 4 stands apart from the category.")
    if reading.overall == "4" and words.KIND_APART.search(report.folded):
        return _("A kind of 4 stands apart from the category.")
    if _leaves_a_breast_open(report, reading):
        return _("The report speaks of the other breast and gives no category for it.")
    is_radiology_code = words.UK_RADIOLOGY_CODE.search(report.folded) and not words.LEFT_CODE.search(report.folded)
    if words.UK_CODE.search(report.folded) or is_radiology_code:
        return _("The text holds a code such as M4 or U3, which is of another system.")
    return find_objection(report, judged, statements, reading.overall or "")


def _leaves_a_breast_open(report: Report, reading: AssessmentReading) -> bool:
    """Whether a 1, 2 or 3 of one breast stands for an exam whose other breast the report speaks of as well."""
    if reading.overall not in ("1", "2", "3") or bool(reading.right) == bool(reading.left):
        return False
    if words.MASTECTOMY.search(report.folded):
        return False
    other = {"left", "both"} if reading.right else {"right", "both"}
    return any(
        words.SIDES.get(token.text) in other and report.section_at(token.start)[1] != "history"
        for token in report.tokens
        if token.kind == "word"
    )


def _contradicts(statement: Judged) -> bool:
    """The wording directly behind the category allows other categories only."""
    if len(statement.mention.pairs) > 1:
        return False
    wording = re.split(r"[.;\n]", statement.behind.lstrip(" :-,(|\n"))[0].split(",")[0]
    try:
        allowed = find_allowed_by_wording(" ".join(wording.split()[:8]).split(" for ")[0])
    except InvalidValue:
        return True
    return allowed is not None and not allowed & get_allowed(statement.mention.pairs[0][1])


def _read_zero_kind(reading: AssessmentReading, statements: Sequence[Judged]) -> Assessment | None:
    if reading.overall != "0":
        return None
    kinds = {kind for each in statements for kind in find_needs(each.sentence)}
    return next(iter(kinds)) if len(kinds) == 1 else None
