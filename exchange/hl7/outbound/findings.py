"""Says in OBX lines what was found and is wanted (IHE Results Distribution), and whether tissue and images agree (RPC).

RAD-128 names a finding that asks for action by a RadLex code, the guideline in OBX-15 and the recommendation as text.
The concordance follows the integrated report of IHE RPC: for each lesion, by OBX-4, images, tissue and the verdict.
"""

from collections.abc import Iterator

from django.db.models import Model
from django.utils import translation

from exchange.models import Hl7StatusMessage
from recalls.enums import ActionableCategory, Assessment, RecallKind
from recalls.models import Concordance, ImagingOrder, Recall
from recalls.scheduling.slots import suggested_visit_kind

RADLEX, LOINC = "RADLEX", "LN"
_RECOMMENDATION = "18783-1^Study recommendation"


def iter_actionable(recall: Recall) -> Iterator[tuple[str, str, str, str]]:
    """Value type, OBX-3, OBX-5 and OBX-15 of the finding and of the recommendation; its days count from the exam."""
    exam = recall.exam
    order = ImagingOrder.objects.filter(recall=recall).first()
    category = ActionableCategory(order.category) if order and order.category else ActionableCategory.DAYS
    edition = str(exam.get_birads_edition_display())
    guideline = order.guideline if order else f"ACR {edition}"
    with translation.override("en"):
        name = f"{category.value}^Actionable finding, {category.label}^{RADLEX}"
        is_other = recall.kind == RecallKind.INCIDENTAL
        said = "Finding on another exam" if is_other else str(Assessment(exam.assessment).label)
        yield "TX", name, said, guideline
        imaging = order.get_imaging_display() if order else suggested_visit_kind(recall).label
        yield "TX", f"{_RECOMMENDATION}^{LOINC}", f"{imaging} within {_days(recall, order)} days", guideline


def _days(recall: Recall, order: ImagingOrder | None) -> int:
    if order is not None:
        return max((order.latest_on - recall.exam.exam_date).days, 1)
    policy = recall.site.policy
    return int(min(policy.visit, policy.suspicious) if recall.suspicious else policy.visit)


def iter_concordance(message: Hl7StatusMessage, system: str) -> Iterator[tuple[str, str, str, int]]:
    """Value type, OBX-3, OBX-5 and the lesion's number of OBX-4, for the verdict that the step signed."""
    verdicts = Concordance.objects.filter(recall=message.recall_id, at__lte=message.event.at)
    signed = verdicts.select_related("pathology__lesion").order_by("pk").last()
    if signed is None:
        return
    tissue, lesion = signed.pathology, signed.pathology.lesion
    standing = lesion.assessments.filter(at__lte=message.event.at).order_by("pk").last()
    said: list[tuple[Model, str, str]] = [(lesion, "side", "LATERALITY^Side of the lesion")]
    if standing is not None:
        said.append((standing, "assessment", "BIRADS^BI-RADS assessment of the lesion"))
    said.append((tissue, "result", "PATHOLOGY^Result of the tissue"))
    said.append((tissue, "histology", "HISTOLOGY^Histology"))
    said.append((signed, "verdict", "CONCORDANCE^Concordance of images and tissue"))
    with translation.override("en"):
        for row, field, question in said:
            if getattr(row, field):
                yield "CWE", f"{question}^{system}", _coded(row, field, system), lesion.number


def _coded(row: Model, field: str, system: str) -> str:
    label = str(getattr(row, f"get_{field}_display")())
    return f"{getattr(row, field)}^{label}^{system}"
