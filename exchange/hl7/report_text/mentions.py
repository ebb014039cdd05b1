"""Finds every place of a report that names a category: "BI-RADS", the words between, and one value or one a breast."""

from collections.abc import Sequence
from dataclasses import dataclass

from exchange.hl7.report_text import words
from exchange.hl7.report_text.tokens import Token
from exchange.hl7.report_text.values import ends_clause_at, get, is_word, read_side, read_value

_LONGEST_GAP = 12
_LONGEST_STEP = 16
_GAP_MARKS = frozenset(":=-#([\"'.,*_|/")
_RANGE_OF_CATEGORIES = ("0-6", "1-6", "0-5", "1-5")
_EDITION = frozenset({"4th", "5th", "6th", "fourth", "fifth", "sixth", "edition", "ed", "v2025", "2013", "2025"})
_BESIDE_A_SIDE = frozenset({"for", "in", "of", "the", "on", "(", "-", "mama", "en", "la", "de"})
_EXAM_WORDS = frozenset(
    {"mammogram", "mammograms", "mammography", "screening", "diagnostic", "exam", "examination", "study", "ultrasound"}
    | {"mri", "views", "biopsy"}
)
_BETWEEN_PAIRS = words.AFTER | words.GAP | {"and", "y", "e", "while", "with", "but"}
_BEFORE_UNREAD = words.BREAST_WORDS | {"is", "category", "es"}


@dataclass(frozen=True, slots=True)
class Mention:
    """Values as (breast or "", category or "" where unclear); no values: an anchor with nothing that could be read.

    `first` and `next` are places among the tokens. `is_weak`: it says "category", not "BI-RADS".
    """

    pairs: tuple[tuple[str, str], ...]
    first: int
    next: int
    is_weak: bool = False

    @property
    def is_unclear(self) -> bool:
        return any(not category for _side, category in self.pairs)


def find_mentions(tokens: Sequence[Token]) -> list[Mention]:
    """All mentions in order of the text, none over another."""
    found: list[Mention] = []
    place = floor = 0
    while place < len(tokens):
        mention = None
        if tokens[place].kind == "anchor":
            mention = _read_mention(tokens, place, floor)
        elif tokens[place].kind == "other":
            place = _skip_other_system(tokens, place)
            continue
        elif is_word(tokens[place], words.WEAK):
            mention = _read_mention(tokens, place, floor, is_weak=True)
            mention = mention if mention.pairs else None
        if mention is None:
            place += 1
        else:
            found.append(mention)
            place = floor = mention.next
    return found


def _skip_other_system(tokens: Sequence[Token], place: int) -> int:
    """Behind "Lung-RADS category 4A": its number is none of ours."""
    at, _side, _ = _skip_gap(tokens, place + 1)
    value = read_value(tokens, at)
    return value.next if value is not None else place + 1


def _skip_gap(tokens: Sequence[Token], place: int) -> tuple[int, str, bool]:
    """Where the value should stand, the breast named on the way there, and whether two were named."""
    sides: set[str] = set()
    for at in range(place, min(place + _LONGEST_GAP, len(tokens))):
        token = tokens[at]
        if read_value(tokens, at) is not None and not _is_in_range_of_categories(tokens, at):
            return at, next(iter(sides), ""), len(sides) > 1
        side = read_side(tokens, at)
        if side:
            sides.add(side)
        elif not _fills_gap(tokens, at):
            return at, next(iter(sides), ""), len(sides) > 1
        elif token.kind == "newline" and (behind := get(tokens, at + 1)) is not None and behind.kind == "newline":
            return at, next(iter(sides), ""), False  # a blank line ends it
    return place, "", False


def _fills_gap(tokens: Sequence[Token], at: int) -> bool:
    token = tokens[at]
    return (
        token.kind == "newline"
        or token.text in _GAP_MARKS
        or is_word(token, words.GAP)
        or (token.kind == "mark" and token.text in ")]")
        or token.text in _EDITION
        or _is_in_range_of_categories(tokens, at)
    )


def _is_in_range_of_categories(tokens: Sequence[Token], at: int) -> bool:
    """The "(0-6)" of a form's label."""
    return any(
        start > 0
        and tokens[start - 1].text in "(["
        and "".join(token.text for token in tokens[start : start + 3]) in _RANGE_OF_CATEGORIES
        for start in (at, at - 1, at - 2)
    )


def _read_mention(tokens: Sequence[Token], first: int, floor: int, *, is_weak: bool = False) -> Mention:
    """`floor` is the place behind the mention before this one."""
    at, side, has_two_sides = _skip_gap(tokens, first + 1)
    value = read_value(tokens, at)
    if value is None:
        return Mention((), first, first + 1, is_weak)
    side = side or _find_side_before(tokens, first, floor)
    behind = value.next
    is_side_first = bool(side)
    if not side:
        side, behind = _find_side_behind(tokens, behind)
    pairs = [(side, "" if has_two_sides else value.category)]
    while pairs[-1][0] and len(pairs) < 3:
        step = _read_next_pair(tokens, behind, is_side_first=is_side_first)
        if step is None or step[0][0] == pairs[-1][0]:
            break
        pairs.append(step[0])
        behind = step[1]
    return Mention(tuple(pairs), first, behind, is_weak)


def _find_side_before(tokens: Sequence[Token], first: int, floor: int) -> str:
    """The one breast named before the anchor in its clause, or in a line or heading of its own above it."""
    start = first
    while start > floor and (tokens[start - 1].text in ":-" or not tokens[start - 1].ends_clause):
        start -= 1
    if start == first and floor < first:
        while start > floor and tokens[start - 1].ends_clause:
            start -= 1
        end = start
        while start > floor and not tokens[start - 1].ends_clause:
            start -= 1
        clause = tokens[start:end]
        if not all(read_side(tokens, at) or is_word(tokens[at], words.BREAST_WORDS) for at in range(start, end)):
            return ""
    else:
        clause = tokens[start:first]
    sides = {side for at in range(start, start + len(clause)) if (side := read_side(tokens, at))}
    if len(sides) != 1 or (sides == {"both"} and any(is_word(token, _EXAM_WORDS) for token in clause)):
        return ""
    return next(iter(sides))


def _find_side_behind(tokens: Sequence[Token], place: int) -> tuple[str, int]:
    """The breast named behind a value, and the place behind it; ("", place) where there is none.

    "4 in the left breast", and behind the wording or a comma, alone in its clause: "4 - suspicious, left breast".
    """
    is_adjacent = True
    for at in range(place, min(place + _LONGEST_STEP, len(tokens))):
        side = read_side(tokens, at)
        if side:
            is_own = not _names_an_exam(tokens, at + 1) if is_adjacent else _is_side_alone(tokens, at)
            return (side, at + 1) if is_own else ("", place)
        if tokens[at].text in _BESIDE_A_SIDE:
            continue
        if not is_word(tokens[at], words.DESCRIPTORS) and tokens[at].text not in ",:)":
            break
        is_adjacent = False
    return "", place


def _is_side_alone(tokens: Sequence[Token], place: int) -> bool:
    """Behind a comma, "left" or "left breast" and nothing more in its clause: "BI-RADS 3, left."."""
    behind = place + 1
    while is_word(get(tokens, behind), words.BREAST_WORDS):
        behind += 1
    return bool(read_side(tokens, place)) and ends_clause_at(tokens, behind)


def _names_an_exam(tokens: Sequence[Token], place: int) -> bool:
    return is_word(get(tokens, place), _EXAM_WORDS)


def _read_next_pair(tokens: Sequence[Token], place: int, *, is_side_first: bool) -> tuple[tuple[str, str], int] | None:
    """The other breast's value, said without a new anchor: "right 4A, left 2" and "4A (right), 2 (left)"."""
    for at in range(place, min(place + _LONGEST_STEP, len(tokens))):
        side = read_side(tokens, at)
        if side and is_side_first:
            value_at, other, _ = _skip_gap(tokens, at + 1)
            value = None if other else read_value(tokens, value_at)
            ends = value is not None and (
                ends_clause_at(tokens, value.next) or is_word(tokens[value.next], words.AFTER)
            )
            return ((side, value.category), value.next) if value is not None and ends else None
        value = None if is_side_first else read_value(tokens, at)
        if value is not None:
            side, behind = _find_side_behind(tokens, value.next)
            return ((side, value.category), behind) if side else None
        if not (tokens[at].ends_clause or is_word(tokens[at], _BETWEEN_PAIRS)):
            return None
    return None


def find_unread_pairs(tokens: Sequence[Token], mentions: Sequence[Mention]) -> bool:
    """Whether a breast with a number stands outside all mentions ("left: 4"): it may be an assessment."""
    covered = {place for mention in mentions for place in range(mention.first, mention.next)}
    for at in range(len(tokens)):
        if at in covered or not read_side(tokens, at):
            continue
        behind = at + 1
        while behind < len(tokens) and (tokens[behind].text in ":=-(" or is_word(tokens[behind], _BEFORE_UNREAD)):
            behind += 1
        value = read_value(tokens, behind) if behind not in covered else None
        if value is not None and ends_clause_at(tokens, value.next):
            return True
    return False
