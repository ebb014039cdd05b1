"""Applies a corrected pathology report of a surgery to the report of it that is here, where that is plain."""

import re

from django.utils.translation import gettext as _

from exchange.hl7.applying.intake_actor import intake_actor
from recalls.actions.pathology import PathologyInput
from recalls.actions.surgery import amend_surgery
from recalls.enums import MALIGNANT_CLASSES
from recalls.lesion_stages import LesionStatus, load_lesion_statuses
from recalls.models import PathologyResult, Recall
from recalls.permissions import surgeries_recorded

# What a specimen of a surgery is called; an excision that is only recommended is none.
_SPECIMEN = re.compile(
    r"lumpectom|mastectom|segmentectom|quadrantectom|\bexcision(?:al)?\b(?!\s+(?:is|should|recommended|advised|biopsy))",
    re.IGNORECASE,
)


def is_of_surgery(words: str) -> bool:
    return _SPECIMEN.search(words) is not None


def operated_lesions(recall: Recall) -> list[LesionStatus]:
    return [status for status in load_lesion_statuses(recall) if status.surgery is not None]


def correct_surgeries(recall: Recall, results: list[PathologyInput]) -> str:
    """Amend each result that says something else; in words why not. No message alone takes a cancer back."""
    standing = {status.lesion.pk: status.surgery for status in operated_lesions(recall)}
    changed = []
    for one in results:
        old = standing.get(one.lesion_id or 0)
        if old is None or one.says_same(old):
            continue
        if old.result in MALIGNANT_CLASSES and one.result not in MALIGNANT_CLASSES:
            return str(_("It takes a cancer back that was found at surgery. A radiologist looks first."))
        changed.append((one, _reports_of(recall, old)))
    if any(len(reports) != 1 for _one, reports in changed):
        return str(_("A lesion was operated on twice, and it is not plain which report is corrected."))
    for one, (report,) in changed:
        amend_surgery(recall, one, reason=_("Corrected by an HL7 message."), report_id=report, by=intake_actor())
        recall.refresh_from_db()
    return "" if changed else str(_("It corrects an earlier report, and names the same results."))


def _reports_of(recall: Recall, result: PathologyResult) -> list[int]:
    """The reports of surgeries of the same lesion: one where it is plain which is meant."""
    return [
        row.pk for row in surgeries_recorded(recall) if row.pathology and row.pathology.lesion_id == result.lesion_id
    ]
