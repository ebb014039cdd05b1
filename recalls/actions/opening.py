"""When does a screening result open a recall? Opens it where its result says, with its clocks running."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from clinic.actors import actor_for
from recalls.actions.moving import By, Move, settle_clocks, write_event
from recalls.models import Recall, RecallEvent, ScreeningExam
from recalls.permissions import check_permitted
from recalls.signals import recall_moved
from recalls.states import RECALLED, SUSPICIOUS, Assessment, RecallKind, State
from recalls.workflow import STEP


def needs_recall(exam: ScreeningExam) -> bool:
    """0, 3, 4 and 5 need more work; so does a technical or clinical recall whatever its category."""
    return exam.assessment in RECALLED or exam.recall_kind != RecallKind.FINDING


def opening_step(exam: ScreeningExam) -> str:
    """Earlier pictures come first where only they are missing (21 CFR 900.12: a kind of its own since 2024)."""
    waits = exam.assessment == Assessment.NEED_PRIORS and exam.recall_kind == RecallKind.FINDING
    return "open_awaiting_priors" if waits else "open_recall"


def open_recall(exam: ScreeningExam, *, by: By, note: str = "") -> RecallEvent:
    """Open the one recall of this exam. An exam with an open recall keeps it: its last event is returned."""
    step, actor, now = STEP[opening_step(exam)], actor_for(by), timezone.now()
    recall = Recall(
        site=exam.site,
        patient=exam.patient,
        exam=exam,
        kind=exam.recall_kind,
        suspicious=exam.assessment in SUSPICIOUS,
        state=step.to[0],
        state_since=now,
        opened_at=now,
        contact_since=now if step.to[0] == State.TO_CONTACT else None,
        clock_from=exam.reported_at or now,
    )
    check_permitted(recall, step, actor)
    try:
        with transaction.atomic():
            return _open(Move(recall, step, actor, now, note, step.to[0]))
    except IntegrityError:
        standing = Recall.objects.filter(exam=exam).still_open().first()
        if standing is None:
            raise
        return RecallEvent.objects.filter(recall=standing).latest("pk")


def _open(move: Move) -> RecallEvent:
    recall, exam = move.recall, move.recall.exam
    move.data = {"assessment": exam.assessment, "kind": exam.recall_kind}
    settle_clocks(recall, move)
    recall.version = 0
    recall.save(force_insert=True)
    event = write_event(move)
    recall_moved.send(sender=Recall, event=event)
    return event
