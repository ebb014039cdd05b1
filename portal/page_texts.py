"""Chooses the explainers and figures that the patient's page shows at a stage: what is true, and nothing untold."""

from collections.abc import Callable, Collection

from notifications.content import loader, situation
from notifications.content.figures import biopsy_chance_explainer, recall_figures
from notifications.content.visits import has_mammogram, visit_texts
from portal.explainers import Explainer, Pictogram, build_recall_pictogram, list_procedures
from portal.stages import Stage, get_last_appointment, is_known_suspicious
from recalls.enums import AppointmentStatus, Assessment, FindingKind, RecallKind, Side, VisitKind
from recalls.models import Appointment, Recall
from recalls.next_state import newest_outcome

# Gives the explainer of a name in the patient's language, in the clinic's words.
GetExplainer = Callable[[str], Explainer]

_STAGES_BEFORE_VISIT = frozenset({Stage.TO_BOOK, Stage.BOOKED})
# After the visit the reason is no news, and it would say what "we will do" that is done.
_STAGES_WITH_REASON = _STAGES_BEFORE_VISIT | {Stage.AWAITING_PRIORS, Stage.VISIT_PASSED}
_STAGES_WITH_PICTOGRAM = _STAGES_BEFORE_VISIT | {Stage.AWAITING_PRIORS}
_STAGES_WITH_ANSWERS = _STAGES_BEFORE_VISIT | {Stage.FOLLOW_UP_DUE}
_EXPLAINER_BY_ASSESSMENT = {
    Assessment.NEGATIVE: "outcomes/normal",
    Assessment.BENIGN: "outcomes/benign",
    Assessment.PROBABLY_BENIGN: "outcomes/probably_benign",
}
_TOLD_BY_A_PERSON = frozenset({RecallKind.SUPPLEMENTAL, RecallKind.INCIDENTAL})
_REASON_BY_RECALL_KIND = {RecallKind.TECHNICAL: FindingKind.TECHNICAL, RecallKind.CLINICAL: FindingKind.SYMPTOM}


def is_reassurance_true(recall: Recall, visit: Appointment | None) -> bool:
    """Whether "most people called back are fine" holds here: not after a screening result of 4 or 5 or a supplemental
    test, not on the way to a biopsy, and not in later rounds. Then a person tells the patient why, not the page."""
    is_usual = not is_known_suspicious(recall) and not recall.round and recall.kind not in _TOLD_BY_A_PERSON
    return is_usual and not (visit and visit.kind == VisitKind.BIOPSY)


def result_texts(
    recall: Recall, stage: Stage, assessment: str, visit: Appointment | None, tell: GetExplainer
) -> tuple[Explainer, ...]:
    """What the released result means for this patient, also beside a follow-up that was booked at once.

    `assessment` is "" where none is released.
    """
    if stage == Stage.BIOPSY_ADVISED:
        biopsied = bool(recall.pathology_results.all())
        chance = biopsy_chance_explainer(recall, newest_outcome(recall), biopsied=biopsied)
        return tell("outcomes/biopsy_advised"), tell(chance)
    name = _EXPLAINER_BY_ASSESSMENT.get(Assessment(assessment)) if assessment else None
    is_booked_follow_up = stage == Stage.BOOKED and visit is not None and visit.kind == VisitKind.FOLLOW_UP
    if name is None or not (is_booked_follow_up or stage in (Stage.RESULT, Stage.FOLLOW_UP)):
        return ()
    return (tell(loader.get_explainer_name(name, situation.result_situation(recall))),)


def reason_texts(recall: Recall, stage: Stage, tell: GetExplainer) -> tuple[Explainer, ...]:
    """Why the patient was called back, in plain words; before the visit also what that means.

    Somebody who comes once more after a visit reads why, and nothing that was meant for a first call back.
    """
    if stage not in _STAGES_WITH_REASON:
        return ()
    if stage == Stage.AWAITING_PRIORS:
        return (tell("priors"),)
    outcomes = list(recall.outcomes.all())
    meaning = [situation.called_back_explainer(recall, outcomes)] if stage in _STAGES_BEFORE_VISIT else []
    names = meaning if situation.is_second_look(outcomes) else [*meaning, *_finding_explainers(recall)]
    return tuple(tell(name) for name in names)


def _finding_explainers(recall: Recall) -> list[str]:
    if recall.kind != RecallKind.FINDING:
        return [f"findings/{_REASON_BY_RECALL_KIND[RecallKind(recall.kind)]}"]
    findings = recall.exam.findings.all()
    kinds = dict.fromkeys(finding.kind for finding in findings) or (FindingKind.OTHER,)
    names = [f"findings/{kind}" for kind in kinds]
    sides = {finding.side for finding in findings}
    if Side.BOTH in sides or len(sides) > 1:
        names.append("both_breasts")
    return names


def pictogram(recall: Recall, stage: Stage, language: str) -> Pictogram | None:
    """How often it is harmless, before the visit and where that figure is true."""
    visited = get_last_appointment(recall, AppointmentStatus.ATTENDED) is not None
    figures = recall_figures(recall, visited=visited) if stage in _STAGES_WITH_PICTOGRAM else None
    return build_recall_pictogram(figures, language, recall.site) if figures else None


def answer_texts(recall: Recall, stage: Stage, visit: Appointment | None, tell: GetExplainer) -> tuple[Explainer, ...]:
    """What the answer can be, and what the patient may ask; empty where the visit has other answers."""
    told = situation.may_tell_possible_answers(recall, visit.kind if visit else None)
    return (tell("possible_answers"), tell("questions")) if told and stage in _STAGES_WITH_ANSWERS else ()


def visit_day_texts(
    visit: Appointment, findings: Collection[str], told: bool, tell: GetExplainer
) -> tuple[Explainer, ...]:
    """What happens, how to get ready, what to bring. A biopsy is named only once the outcome that advises it is out."""
    texts = visit_texts(visit.explained_kind)
    if visit.kind == VisitKind.BIOPSY:
        names = [texts.preparation, *texts.procedures] if told else []
    else:
        names = [
            texts.what_happens,
            texts.preparation,
            "what_to_bring",
            *list_procedures(visit.explained_kind, findings),
        ]
        names += ["implants"] if has_mammogram(visit.kind) else []
    return tuple(tell(name) for name in names)
