"""Reads grade and receptors of a cancer from the words of its specimen; what is said twice or not plainly stays empty.

Size and nodes are not read: a core sample is no measure of the tumor, and its nodes are another specimen.
"""

import re
from typing import Any

from recalls.enums.lesions import ReceptorStatus, TumorGrade

_GRADE = re.compile(
    r"\bgrade\s*[:=]?\s*(?P<number>III|II|I|[1-3])\b(?!\s*(?:-|/|to\b|or\b))"
    r"|\b(?P<word>low|intermediate|high)[ -](?:nuclear )?grade\b"
    r"|\bnuclear grade\s*[:=]?\s*(?P<nuclear>low|intermediate|high)\b",
    re.IGNORECASE,
)
_GRADES = {
    **dict.fromkeys(("1", "i", "low"), TumorGrade.LOW),
    **dict.fromkeys(("2", "ii", "intermediate"), TumorGrade.INTERMEDIATE),
    **dict.fromkeys(("3", "iii", "high"), TumorGrade.HIGH),
}
_NAMES = {
    "er": r"(?:\bER\b|\b(?:o?estrogen)[ -]receptors?\b(?:\s*\(ER\))?)",
    "pr": r"(?:\bPR\b|\bprogesterone[ -]receptors?\b(?:\s*\(PR\))?)",
    "her2": r"\bHER-?2(?:[ /-]?neu)?\b",
}
_ANY_NAME = "|".join(_NAMES.values())
# "ER: positive (95%)", "ER and PR 90 % positive", "HER2/neu (IHC): negative".
_SAID = (
    rf"(?:\s*(?:,|/|&|and)\s*(?:{_ANY_NAME}))*"
    r"(?:\s*\((?:IHC|FISH)\))?\s*(?:status)?\s*(?:[:=-]|is|are)?\s*(?:\d{1,3}\s*%\s*)?(positive|negative|equivocal)\b"
)
_STATUS = {
    "positive": ReceptorStatus.POSITIVE, "negative": ReceptorStatus.NEGATIVE, "equivocal": ReceptorStatus.EQUIVOCAL,
}  # fmt: skip
_RECEPTORS = {name: re.compile(pattern + _SAID, re.IGNORECASE) for name, pattern in _NAMES.items()}


def read_tumor_details(words: str) -> dict[str, Any]:
    """Grade, ER, PR and HER2 as `PathologyInput` names them; only those that are said, and said once."""
    grades = {_GRADES[next(filter(None, found.groups())).casefold()].value for found in _GRADE.finditer(words)}
    said: dict[str, set[str]] = {"grade": grades}
    for name, pattern in _RECEPTORS.items():
        said[name] = {_STATUS[one.casefold()].value for one in pattern.findall(words)}
    return {name: values.pop() for name, values in said.items() if len(values) == 1}
