"""Opens a recall from a screening result that needs more work."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from clinic.actors import actor_for
from recalls.actions.transition import Transition, UserOrActor, record_event, update_deadlines
from recalls.enums import RECALL_ASSESSMENTS, SUSPICIOUS_ASSESSMENTS, Assessment, RecallKind, State
from recalls.models import Recall, RecallEvent, ScreeningExam
from recalls.permissions import check_actor_permitted
from recalls.signals import recall_moved
from recalls.workflow import STEPS_BY_NAME


def needs_recall(exam: ScreeningExam) -> bool:
    """Whether the exam needs a recall: assessments 0, 3, 4 and 5, and any technical or clinical recall."""
    return exam.assessment in RECALL_ASSESSMENTS or exam.recall_kind != RecallKind.FINDING


def opening_step(exam: ScreeningExam) -> str:
    """The opening step: wait for prior images where only they are missing (21 CFR 900.12), else contact."""
    waits = exam.assessment == Assessment.NEED_PRIORS and exam.recall_kind == RecallKind.FINDING
    return "open_awaiting_priors" if waits else "open_recall"


def open_recall(exam: ScreeningExam, *, by: UserOrActor, note: str = "") -> RecallEvent:
    """Open the one recall of this exam. An exam with an open recall keeps it: its last event is returned."""
    step, actor, now = STEPS_BY_NAME[opening_step(exam)], actor_for(by), timezone.now()
    recall = Recall(
        site=exam.site,
        patient=exam.patient,
        exam=exam,
        kind=exam.recall_kind,
        suspicious=exam.assessment in SUSPICIOUS_ASSESSMENTS,
        state=step.to_states[0],
        state_since=now,
        opened_at=now,
        contact_since=now if step.to_states[0] == State.TO_CONTACT else None,
        clock_from=exam.reported_at or now,
    )
    check_actor_permitted(recall, step, actor)
    try:
        with transaction.atomic():
            return _create_recall(Transition(recall, step, actor, now, note, step.to_states[0]))
    except IntegrityError:
        standing = Recall.objects.filter(exam=exam).still_open().first()
        if standing is None:
            raise
        return RecallEvent.objects.filter(recall=standing).latest("pk")


def _create_recall(transition: Transition) -> RecallEvent:
    recall, exam = transition.recall, transition.recall.exam
    transition.data = {"assessment": exam.assessment, "kind": exam.recall_kind}
    update_deadlines(transition)
    recall.version = 0
    recall.save(force_insert=True)
    event = record_event(transition)
    recall_moved.send(sender=Recall, event=event)
    return event
