"""Judges each mention of a category by its sentence and its section: a statement, another thing, or doubtful."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from exchange.hl7.report_text import words
from exchange.hl7.report_text.mentions import Mention
from exchange.hl7.report_text.tokens import Token
from exchange.hl7.report_text.values import ends_clause_at, get, is_word, read_side

_ABBREVIATIONS = frozenset(["cat", "no", "dr", "vs", "rt", "lt", "hx", "st", "mr", "mrs", "ms", "approx", "g", "e"])
_LABELS = re.compile(r"\b(?:overall|final|combined|worst|global)\b")
_NO_CATEGORY_BEHIND = re.compile(r"^\s*(?:%|=|means\b|denotes\b)")
_BOTH_NUMBERS = 4
_LEGEND_REACH = 80


class Use(Enum):
    STATEMENT = "statement"
    IGNORED = "ignored"  # a legend, an earlier exam, the density: no assessment of this exam
    EMBEDDED = "embedded"  # of a finding, not of the exam: "two BI-RADS 3 nodules"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class Report:
    folded: str
    tokens: Sequence[Token]
    sections: Sequence[tuple[int, str]]  # (start in the text, "history", "findings" or "impression")
    legends: Sequence[tuple[int, int]]

    def section_at(self, place: int) -> tuple[int, str]:
        found = (0, "")
        for start, name in self.sections:
            if start <= place:
                found = (start, name)
        return found

    def has_section_behind(self, place: int) -> bool:
        return any(start > place and name != "history" for start, name in self.sections)


@dataclass(frozen=True, slots=True)
class Judged:
    mention: Mention
    use: Use
    section: str
    sentence: str
    is_labelled: bool  # "overall", "final"
    behind: str  # the rest of the sentence


def make_report(folded: str, tokens: Sequence[Token]) -> Report:
    sections = [(found.end(), str(found.lastgroup)) for found in words.HEADING.finditer(folded)]
    return Report(folded, tokens, sections, _find_legends(folded))


def _find_legends(folded: str) -> list[tuple[int, int]]:
    """Runs of entries such as "0: incomplete, 1: negative, 2: benign": a key to the categories."""
    runs: list[list[re.Match[str]]] = []
    for entry in words.LEGEND_ENTRY.finditer(folded):
        last = runs[-1][-1] if runs else None
        step = int(entry["main"]) - int(last["main"]) if last else 9
        if last and step in (0, 1) and entry.start() - last.end() < _LEGEND_REACH:
            runs[-1].append(entry)
        else:
            runs.append([entry])
    return [(run[0].start(), run[-1].end()) for run in runs if len({entry["main"] for entry in run}) >= _BOTH_NUMBERS]


def judge(report: Report, mention: Mention, floor: int) -> Judged:
    """What the mention is used for; `floor` is the place behind the mention before this one."""
    first, last = _find_sentence(report, mention)
    start, end = report.tokens[first].start, report.tokens[min(last, len(report.tokens) - 1)].end
    place, behind_place = report.tokens[mention.first].start, report.tokens[mention.next - 1].end
    clause_start = report.tokens[max(first, min(floor, mention.first))].start
    before, behind = report.folded[clause_start:place], report.folded[behind_place:end]
    section_start, section = report.section_at(place)
    use = _judge_use(report, mention, first, report.folded[start:place], before, behind)
    if section == "history" and use is not Use.IGNORED:
        is_later_sentence = report.folded[section_start:start].strip(" \n:-") != ""
        is_clean = use is Use.STATEMENT and is_later_sentence and not report.has_section_behind(place)
        use = Use.DOUBTFUL if is_clean else Use.IGNORED
    own = report.folded[place:behind_place]
    is_labelled = bool(_LABELS.search(f"{_get_clause(before)} {own}"))
    return Judged(mention, use, section, report.folded[start:end], is_labelled, behind)


def _get_clause(before: str) -> str:
    return re.split(r"[,;.\n(|]", before)[-1]


def _find_sentence(report: Report, mention: Mention) -> tuple[int, int]:
    """First token of the mention's sentence, and the place behind its last."""
    first, last = mention.first, mention.next
    starts = {start for start, _name in report.sections}
    while first > 0 and not _ends_sentence(report, first - 1) and report.tokens[first - 1].end not in starts:
        first -= 1
    while last < len(report.tokens) and not _ends_sentence(report, last) and not _begins_anew(report, last):
        last += 1
    return first, last


def _ends_sentence(report: Report, at: int) -> bool:
    token, behind, before = report.tokens[at], get(report.tokens, at + 1), get(report.tokens, at - 1)
    if token.kind == "mark" and token.text in ".!?;":
        is_short_form = token.text == "." and is_word(before, _ABBREVIATIONS)
        return not is_short_form and (behind is None or behind.start > token.end or behind.kind == "newline")
    if token.kind != "newline":
        return False
    if behind is None or behind.kind == "newline" or behind.text in "*-#|" or (before and before.text in ":|"):
        return True
    return _starts_line_of_its_own(report, at + 1)


def _begins_anew(report: Report, at: int) -> bool:
    """The end of a line, before one that begins with a capital or a number."""
    behind = get(report.tokens, at + 1)
    return report.tokens[at].kind == "newline" and behind is not None and not behind.raw[0].islower()


def _starts_line_of_its_own(report: Report, at: int) -> bool:
    """A heading, or a line of a numbered list."""
    token, behind = report.tokens[at], get(report.tokens, at + 1)
    if token.kind == "number" and behind is not None and behind.text in ".)":
        return True
    line = report.folded[token.start : token.start + 60].split("\n", 1)[0]
    return re.match(r"[a-z][a-z /&()-]{1,40}:", line) is not None and token.kind != "anchor"


def _judge_use(report: Report, mention: Mention, first: int, all_before: str, before: str, behind: str) -> Use:
    """`all_before` begins with the sentence, `before` behind the mention before this one."""
    tokens = report.tokens
    place = tokens[mention.first].start
    caption = report.folded[max(tokens[first].start - 12, 0) : tokens[first].start]
    sentence = f"{caption if 'fig' in caption or 'table' in caption else ''}{all_before} \u00a4 {behind}"
    next_line = report.folded[tokens[mention.next - 1].end :][:60]
    if any(start <= place < end for start, end in report.legends) or _is_legend(all_before, behind):
        return Use.IGNORED
    if _tells_density(tokens, mention):
        return Use.IGNORED
    if not mention.pairs:
        return Use.IGNORED if _is_explained(tokens, mention) else Use.DOUBTFUL
    if (
        _tells_earlier_exam(tokens, mention, first)
        or words.HISTORY_BEHIND.match(behind)
        or words.HISTORY_ON_NEXT_LINE.match(next_line)
    ):
        return Use.IGNORED
    if not mention.is_unclear and _is_of_a_finding(tokens, mention, before):
        return Use.EMBEDDED
    if _may_be_density(mention, all_before, behind):
        return Use.DOUBTFUL
    if mention.is_unclear or _is_doubted(sentence) or (mention.is_weak and not _is_firm(report, mention, behind)):
        return (
            Use.EMBEDDED if mention.is_weak and not mention.is_unclear and not _is_doubted(sentence) else Use.DOUBTFUL
        )
    return _judge_neighbours(tokens, mention, before)


def _is_legend(before: str, behind: str) -> bool:
    return bool(words.LEGEND.search(before) or words.LEGEND.search(behind) or _NO_CATEGORY_BEHIND.match(behind))


def _tells_density(tokens: Sequence[Token], mention: Mention) -> bool:
    """ "Density: BI-RADS 3", "BI-RADS density category 2", "BI-RADS 2 breast tissue"."""
    start = mention.first
    while (
        start > 0
        and mention.first - start < 5
        and (tokens[start - 1].text in ":-=" or not ends_clause_at(tokens, start - 1))
    ):
        start -= 1
    behind = get(tokens, mention.next)
    is_apart = behind is None or (behind.ends_clause and behind.text != "(")
    near = [*tokens[start : mention.next], *([] if is_apart else tokens[mention.next : mention.next + 2])]
    return any(is_word(token, words.DENSITY) for token in near)


def _may_be_density(mention: Mention, before: str, behind: str) -> bool:
    """ "Heterogeneously dense, BI-RADS 3": 1 to 4 were kinds of density once."""
    could_be = any(category in ("1", "2", "3", "4") for _side, category in mention.pairs)
    return could_be and bool(words.DENSITY_IN_SENTENCE.search(before.rsplit("|")[-1])) and not _WORDING.match(behind)


def _is_explained(tokens: Sequence[Token], mention: Mention) -> bool:
    """An anchor without a value that needs none: the atlas, the edition, the density."""
    near = tokens[mention.next : mention.next + 3]
    for token in near:  # "BI-RADS category: BI-RADS 2"
        if token.kind == "anchor":
            return True
        if token.text not in ":=-" and not is_word(token, {"category", "code", "assessment", "score", "final"}):
            break
    return any(
        token.text in words.EXPLAINED_BARE or token.text.removesuffix(",") in words.EXPLAINED_BARE for token in near
    )


def _tells_earlier_exam(tokens: Sequence[Token], mention: Mention, first: int) -> bool:
    for at in range(mention.first - 1, max(first, mention.first - 12) - 1, -1):
        token = tokens[at]
        if is_word(token, words.HISTORY):
            return True
        if token.kind == "word" and token.text not in words.HISTORY_BRIDGE:
            return False
        if token.kind == "mark" and token.text not in ":,/-.()":
            return False
    return False


def _is_doubted(sentence: str) -> bool:
    return bool(words.DOUBTFUL.search(words.PLAIN_WORDINGS.sub(" ", sentence)))


def _is_firm(report: Report, mention: Mention, behind: str) -> bool:
    """A category without "BI-RADS" counts where it is called the assessment, or where the right wording stands "
    "by it."""
    if any(token.kind == "other" for token in report.tokens) or re.match(r"[.)]\s*[a-z]", behind):
        return False
    if _WORDING.match(behind):
        return True
    first = mention.first
    own = report.tokens[first : mention.next]
    is_category = any(is_word(token, {"category", "cat", "categoria"}) for token in own)
    is_final = is_word(get(report.tokens, first - 1), words.WEAK_FIRM - {"assessment"})
    return is_final or (own[0].text == "assessment" and is_category)


_WORDING = re.compile(
    r"[\s:(\-,=]*(?:(?:a|finding|is|-)\s+)*(?:incomplete|negativ|benign|normal|(?:probabl|probable)\w* benign|"
    r"suspicious|"
    r"(?:low|moderate|high) suspicion|highly s|known|sospechos|altamente)"
)


def _is_of_a_finding(tokens: Sequence[Token], mention: Mention, before: str) -> bool:
    """ "BI-RADS 4 lesions" (also over the end of a line), "two BI-RADS 3"."""
    at = mention.next
    if is_word(get(tokens, at), {"finding", "findings", "abnormality", "hallazgo", "hallazgos"}):
        return True
    while is_word(get(tokens, at), words.DESCRIPTORS):  # "BI-RADS 3 probably benign nodules"
        at += 1
    while (token := get(tokens, at)) is not None and token.kind == "newline":
        at += 1
    spoken = re.findall(r"[a-z][a-z']*", _get_clause(before))
    last = get(tokens, mention.first - 1)
    is_counted = (bool(spoken) and spoken[-1] in words.COUNTS) or (last is not None and last.kind == "number")
    is_new_line = at > mention.next and token is not None and token.raw[0].isupper() and not token.raw.isupper()
    return is_counted or (is_word(token, words.FINDING_NOUNS - words.AFTER) and not is_new_line)


def _judge_neighbours(tokens: Sequence[Token], mention: Mention, before: str) -> Use:
    token = get(tokens, mention.next)
    if token is not None and not token.ends_clause:
        near = tokens[mention.next + 1 : mention.next + 4]
        is_linked = is_word(token, words.LINKS) and any(is_word(each, words.LINKED) for each in near)
        side = read_side(tokens, mention.next)
        leads_to_next = any(each.kind == "anchor" for each in tokens[mention.next : mention.next + 5])
        if side and mention.pairs[-1][0] not in ("", side) and not leads_to_next:
            return Use.DOUBTFUL  # "left 2 right"
        is_breast = is_word(token, words.BREAST_WORDS) and bool(mention.pairs[-1][0])
        is_label = is_word(token, words.FIRST_AFTER) or is_breast or side or token.text in "\"'*_/|<>"
        if not is_linked and not is_label:
            return Use.DOUBTFUL
    clause = words.NEGATIVE_FINDING.sub(" ", _get_clause(before))
    if words.NEGATION.search(clause):
        return Use.DOUBTFUL
    spoken = re.findall(r"[a-z][a-z']*", clause)
    return Use.STATEMENT if all(word in words.BEFORE for word in spoken) else Use.DOUBTFUL
