"""Makes the stored lay summaries of exams match their readings: the one function by which a summary comes to be.

Safe to repeat: asked when a reading is stored, before a letter goes into a PDF or an email to a mail server, and again
for what was held back. It only writes rows: nothing is sent from here.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from django.db import transaction
from django.utils import timezone

from clinic.models import Site
from notifications.enums import StatusReason, SummaryState
from notifications.models import LaySummary
from notifications.planning.lay_summaries import work_items
from notifications.planning.lay_summaries.deadlines import alarm_time, leave_time, time_limit
from notifications.planning.lay_summaries.readings import (
    Reading,
    amended_outcomes,
    load_exams,
    moved_at,
    standing_readings,
)
from notifications.planning.lay_summaries.ways import choose_way, missing_facts
from notifications.planning.lay_summaries.work_items import TaskRequest
from recalls.models import ScreeningExam

_CHANGEABLE_STATES = frozenset({SummaryState.OWED, SummaryState.HELD})
_SAID_FIELDS = ("assessment", "result", "density", "exam_day")
_UPDATED_FIELDS = (
    *_SAID_FIELDS, "leave_at", "alarm_at", "due_by", "state", "reason", "channel", "retry_at", "superseded_by", "batch",
)  # fmt: skip
_FOREIGN_KEYS = frozenset({"superseded_by", "batch"})
_columns = attrgetter(*(f"{name}_id" if name in _FOREIGN_KEYS else name for name in _UPDATED_FIELDS))


Standing = tuple[LaySummary, Reading]


@dataclass(slots=True)
class SummaryPlan:
    """What has to be written for some exams; `current` is each standing reading with its summary."""

    now: datetime
    sites: dict[int, Site]
    current: list[Standing] = field(default_factory=list)
    new: list[LaySummary] = field(default_factory=list)
    changed: list[LaySummary] = field(default_factory=list)
    successors: list[tuple[LaySummary, LaySummary]] = field(default_factory=list)
    tasks: list[TaskRequest] = field(default_factory=list)


@transaction.atomic
def plan_summaries(exam_ids: Collection[int], sites: dict[int, Site] | None = None) -> list[Standing]:
    """Bring the summaries of these exams up to date; returns those that stand, each with the reading it tells.

    The rows of the exams and of their summaries stay locked until the transaction ends. A fixed number of queries,
    whatever the number of exams.
    """
    plan = SummaryPlan(timezone.now(), {} if sites is None else sites)
    locked = ScreeningExam.objects.filter(pk__in=exam_ids).select_for_update(no_key=True).order_by("pk")
    exams = load_exams(list(locked.values_list("pk", flat=True)), plan.sites)
    rows: dict[int, list[LaySummary]] = defaultdict(list)
    stored = LaySummary.objects.filter(exam__in=exam_ids).select_for_update(of=("self",), no_key=True)
    for row in stored.select_related("copy").order_by("read_at", "pk"):
        rows[row.exam_id].append(row)
    for exam in exams:
        _plan_exam(plan, exam, rows[exam.pk])
    _write(plan)
    return plan.current


def summaries_with_sent_predecessor(pks: Collection[int]) -> set[int]:
    """Those that take the place of a summary which was sent: the patient must hear so."""
    sent = LaySummary.objects.filter(superseded_by__in=pks, sent_at__isnull=False)
    return {pk for pk in sent.values_list("superseded_by", flat=True) if pk is not None}


def _plan_exam(plan: SummaryPlan, exam: ScreeningExam, stored: list[LaySummary]) -> None:
    stored = [row for row in stored if not _went_to_somebody_else(row, exam)]
    standing: list[Standing] = []
    for reading in standing_readings(exam, plan.sites):
        row = _find_summary(reading, stored)
        if row is None and (reading.is_owed_here or any(_waits_for(other, reading) for other in stored)):
            row = _new_summary(plan, reading)
        if row is not None:
            row.exam = exam
            standing.append((row, reading))
    rows = [*stored, *(row for row, _reading in standing if row._state.adding)]
    successors = {
        id(row): new for new, reading in standing for row in rows if row is not new and _replaces(reading, row)
    }
    told = {id(row) for row, _reading in standing}
    for row in rows:
        before = _columns(row)
        if new := successors.get(id(row)):
            _replace(plan, row, new)
        elif id(row) not in told and row.state in _CHANGEABLE_STATES:
            row.state, row.reason, row.batch = SummaryState.CLOSED, StatusReason.READING_WITHDRAWN, None
        if not row._state.adding and before != _columns(row):
            plan.changed.append(row)
    for row, reading in standing:
        if id(row) not in successors:
            plan.current.append((row, reading))
            _bring_up_to_date(plan, row, reading)


def _went_to_somebody_else(row: LaySummary, exam: ScreeningExam) -> bool:
    """Whether it was sent while the exam was filed under another patient; its own patient is owed one still."""
    moved = moved_at(exam)
    return moved is not None and row.sent_at is not None and row.sent_at <= moved


def _find_summary(reading: Reading, rows: list[LaySummary]) -> LaySummary | None:
    """The summary of this very reading, or of the one before it where the words are the same."""
    pk = reading.outcome.pk if reading.outcome else None
    own = next((row for row in rows if (row.outcome_id, row.reading) == (pk, reading.corrections)), None)
    return own or next(
        (row for row in reversed(rows) if _replaces(reading, row) and _says_the_same(row, reading)), None
    )


def _waits_for(row: LaySummary, reading: Reading) -> bool:
    """Whether an unsent summary may not leave any more because of this reading, so that another one must."""
    return row.state in _CHANGEABLE_STATES and _replaces(reading, row)


def _replaces(reading: Reading, row: LaySummary) -> bool:
    """Whether the reading takes the place of the one that the summary tells.

    A correction replaces the reading before it, an amendment the outcome, a comparison with prior images the screening
    reading. What a visit settled is not asked for any more: an earlier summary that never left gives way too.
    """
    if reading.outcome is None:
        return row.outcome_id is None and row.reading < reading.corrections
    if row.outcome_id == reading.outcome.pk or row.read_at > reading.read_at:
        return False
    outcomes = [outcome for recall in reading.exam.recalls.all() for outcome in recall.outcomes.all()]
    is_amended = row.outcome_id in amended_outcomes(reading.outcome, outcomes)
    return is_amended or row.sent_at is None or (reading.is_of_same_images and row.outcome_id is None)


def _says_the_same(row: LaySummary, reading: Reading) -> bool:
    """Whether a second letter would say nothing new; one that was replaced or closed says nothing."""
    same = (row.result, row.density, row.exam_day) == (reading.result, reading.density, reading.exam_day)
    return same and row.superseded_by_id is None and row.state not in (SummaryState.REPLACED, SummaryState.CLOSED)


def _new_summary(plan: SummaryPlan, reading: Reading) -> LaySummary:
    due_by = time_limit(reading)
    row = LaySummary(
        exam=reading.exam,
        outcome=reading.outcome,
        reading=reading.corrections,
        site=reading.site,
        read_at=reading.read_at,
        leave_at=leave_time(reading, due_by),
        due_by=due_by,
        alarm_at=alarm_time(reading, due_by),
        **{name: getattr(reading, name) for name in _SAID_FIELDS},
    )
    plan.new.append(row)
    if reading.exam.referrer_id is None:
        plan.tasks.append(work_items.report_task(row, reading.exam))
    return row


def _replace(plan: SummaryPlan, old: LaySummary, new: LaySummary) -> None:
    """One that has not left never does, and hands on its time limit; one that was sent names the newer one."""
    plan.successors.append((old, new))
    if old.state in _CHANGEABLE_STATES:
        old.state, old.reason, old.batch = SummaryState.REPLACED, StatusReason.READING_REPLACED, None
        new.due_by, new.alarm_at = min(old.due_by, new.due_by), min(old.alarm_at, new.alarm_at)


def _bring_up_to_date(plan: SummaryPlan, row: LaySummary, reading: Reading) -> None:
    """Write what the summary says, when it leaves and how; one that was sent or closed by a person is left alone."""
    before = _columns(row)
    if row.state == SummaryState.REPLACED or row.reason == StatusReason.READING_WITHDRAWN:
        row.state, row.reason, row.superseded_by = SummaryState.OWED, "", None  # what replaced it was taken back
    if row.state not in _CHANGEABLE_STATES:
        return
    was = (row.state, row.reason)
    for name in _SAID_FIELDS:
        setattr(row, name, getattr(reading, name))
    row.leave_at = leave_time(reading, row.due_by)
    way = choose_way(row, reading, plan.now)
    if row.batch_id is None or way.held_reason:
        row.channel = way.channel  # a letter that is in a PDF already is not sent by email as well
    if way.held_reason:
        row.state, row.reason, row.batch = SummaryState.HELD, way.held_reason, None
    elif row.state == SummaryState.HELD:
        row.state, row.reason, row.retry_at = SummaryState.OWED, "", None
    if way.held_reason and (row.state, row.reason) != was and way.held_reason != StatusReason.DECEASED:
        facts = missing_facts(reading) if way.held_reason == StatusReason.REQUIRED_FACT_MISSING else []
        plan.tasks.append(work_items.held_task(row, reading.exam, facts))
    if not row._state.adding and before != _columns(row):
        plan.changed.append(row)


def _write(plan: SummaryPlan) -> None:
    changed = {id(row): row for row in plan.changed}
    for row in plan.new:
        if row.state == SummaryState.REPLACED:
            changed[id(row)] = row
    LaySummary.objects.bulk_create(plan.new)
    for old, new in plan.successors:
        if old.superseded_by_id != new.pk:
            old.superseded_by = new
            changed[id(old)] = old
    if changed:
        LaySummary.objects.bulk_update(changed.values(), _UPDATED_FIELDS)
    if plan.tasks:
        work_items.open_tasks(plan.tasks)
