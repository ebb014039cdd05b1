"""Reads from the coded reason of an exam whether the patient feels a lump."""

import re
from collections.abc import Iterable

from recalls.enums import FindingKind, RecallKind, Side

BREAST_LUMP = "89164003"  # SNOMED CT: breast lump (finding)
# ICD-10-CM N63: unspecified lump in breast. The digits behind the point say which: quadrants of the right breast begin
# with 1, of the left with 2; 31 and 32 are the axillary tails, 41 and 42 lie below the nipple.
_LUMP = re.compile(r"N63(?:\.?(?P<part>\d{1,2}))?")
_SIDES = {"31": Side.RIGHT, "41": Side.RIGHT, "32": Side.LEFT, "42": Side.LEFT}
_SIDES_OF_QUADRANTS = {"1": Side.RIGHT, "2": Side.LEFT}


def read_indication(reasons: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Cells for the reasons (code, words) of an exam; none where no code names a lump: words alone may deny one.

    A lump whose side nobody states is noted as a symptom alone.
    """
    sides: set[Side | None] = set()
    for code, words in reasons:
        coded = _LUMP.fullmatch(code.strip().upper())
        if coded or code.strip() == BREAST_LUMP:
            sides.add(_side_of_code((coded and coded["part"]) or "") or _side_of_words(words))
    if not sides:
        return {}
    known = sorted(side.value for side in sides if side is not None)
    findings = "; ".join(f"{FindingKind.LUMP.value}:{side}" for side in known)
    return {"recall_kind": RecallKind.CLINICAL.value} | ({"findings": findings} if findings else {})


def _side_of_code(part: str) -> Side | None:
    return _SIDES.get(part) or _SIDES_OF_QUADRANTS.get(part[:1])


def _side_of_words(words: str) -> Side | None:
    said = [side for side in (Side.RIGHT, Side.LEFT) if re.search(rf"\b{side.value}\b", words, re.IGNORECASE)]
    return said[0] if len(said) == 1 else None
