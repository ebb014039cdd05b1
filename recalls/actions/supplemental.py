"""Actions on supplemental screening: advise a test, note what came of it, end it with a reason.

A supplemental test after a negative mammogram is no recall and counts in no recall rate. Only a result that needs more
work opens one.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.actors import actor_for
from clinic.roles import Role
from recalls.actions.contact import open_work_item
from recalls.actions.opening import open_recall
from recalls.actions.transition import UserOrActor
from recalls.enums import (
    RECALL_ASSESSMENTS,
    Assessment,
    RecallKind,
    SupplementalStatus,
    SupplementalTest,
    WorkItemKind,
)
from recalls.models import ScreeningExam, SupplementalScreening
from recalls.permissions import NotPermitted, StepUnavailable
from recalls.workflow import DESK_ROLES, STEPS_BY_NAME

# No guideline dates the test; two months keep it beside the mammogram that it completes.
DUE_AFTER = timedelta(days=60)
MAX_AHEAD = timedelta(days=366)
ADVISE_ROLES = DESK_ROLES | {Role.RADIOLOGIST, Role.INTEGRATION}
# A result may open a recall: who records it must be one who may open one.
RESULT_ROLES = frozenset(STEPS_BY_NAME["open_recall"].roles)
SUPPLEMENTAL_RESULTS = tuple(
    result
    for result in Assessment
    if result in {Assessment.NEGATIVE, Assessment.BENIGN} | RECALL_ASSESSMENTS - {Assessment.NEED_PRIORS}
)


@dataclass(frozen=True, slots=True)
class SupplementalInput:
    """What came of a test; a day without a result: it was done and is still to be read."""

    done_on: date
    result: Assessment | None = None
    note: str = ""


def advise_supplemental(
    exam: ScreeningExam, kind: SupplementalTest, *, by: UserOrActor,
    advised_on: date | None = None, due_on: date | None = None, note: str = "",
) -> SupplementalScreening:  # fmt: skip
    """Put the test on the list of the exam's site; due 60 days after the advice, which is today's unless dated.

    Raises NotPermitted for another role or site, ValidationError when it is advised already or due before it is.
    """
    actor = actor_for(by)
    if not actor.roles & ADVISE_ROLES or not actor.can_access_site(exam.site_id):
        raise NotPermitted(_("Your role or site does not allow this."))
    advised_on = advised_on or calendar.local_day(exam.site, timezone.now())
    due_on = due_on or advised_on + DUE_AFTER
    if due_on < advised_on:
        raise ValidationError({"due_on": _("It cannot be due before it is advised.")})
    if due_on > calendar.today(exam.site) + MAX_AHEAD:
        raise ValidationError({"due_on": _("It is due within a year. Check the year.")})
    try:
        with transaction.atomic():
            return SupplementalScreening.objects.create(
                exam=exam, site=exam.site, kind=kind, advised_on=advised_on, due_on=due_on, note=note,
                advised_by=actor.name,
            )  # fmt: skip
    except IntegrityError:
        raise ValidationError({"kind": _("This test is already advised after this exam.")}) from None


def record_supplemental(pk: int, found: SupplementalInput, *, by: UserOrActor) -> SupplementalScreening:
    """Note that the test was done, and its result; one that needs more work opens an ordinary recall.

    A result may be corrected until it has opened a recall; the one before stays in the note. Raises NotPermitted,
    StepUnavailable once a recall is open or the advice has ended, ValidationError for a day that cannot be.
    """
    actor = actor_for(by)
    with transaction.atomic():
        row = _locked(pk, by, RESULT_ROLES if found.result else ADVISE_ROLES)
        if not row.is_correctable:
            raise StepUnavailable(_("This result has opened a recall, or the advice has ended. Go on from there."))
        if row.status == SupplementalStatus.DONE and not found.result:
            raise StepUnavailable(_("This test has a result. Choose the corrected one."))
        _check_day(row, found.done_on)
        _keep_earlier_result(row)
        row.done_on, row.recorded_by, row.recorded_at = found.done_on, actor.name, timezone.now()
        row.note = _joined(row.note, found.note)
        if found.result:
            row.status, row.result = SupplementalStatus.DONE, _checked(found.result)
            if found.result in RECALL_ASSESSMENTS:
                _open_recall(row, found.result, by)
        row.save()
    return row


def end_supplemental(pk: int, status: SupplementalStatus, reason: str, *, by: UserOrActor) -> SupplementalScreening:
    """Take an advised test off the list: declined by the patient or no longer advised. Raises as `record_supplemental`.

    A test that was done is not ended: its result is awaited.
    """
    if status not in (SupplementalStatus.DECLINED, SupplementalStatus.WITHDRAWN):
        raise ValueError(status)
    if not reason.strip():
        raise ValidationError({"note": _("Say why.")})
    with transaction.atomic():
        row = _locked(pk, by, ADVISE_ROLES)
        if row.status != SupplementalStatus.ADVISED or row.done_on:
            raise StepUnavailable(_("Only a test that is advised and not done can be ended."))
        row.status, row.note = status, _joined(row.note, reason)
        row.recorded_by, row.recorded_at = actor_for(by).name, timezone.now()
        row.save()
    return row


def _locked(pk: int, by: UserOrActor, roles: frozenset[Role]) -> SupplementalScreening:
    actor = actor_for(by)
    rows = SupplementalScreening.objects.select_for_update(of=("self",)).select_related("exam__patient", "exam__site")
    row = rows.get(pk=pk)
    if not actor.roles & roles or not actor.can_access_site(row.site_id):
        raise NotPermitted(_("Your role or site does not allow this."))
    return row


def _check_day(row: SupplementalScreening, done_on: date) -> None:
    if done_on > calendar.local_day(row.exam.site, timezone.now()):
        raise ValidationError({"done_on": _("This day lies in the future.")})
    if done_on < row.exam.exam_date:
        raise ValidationError({"done_on": _("This day lies before the mammogram.")})


def _checked(result: Assessment) -> Assessment:
    if result not in SUPPLEMENTAL_RESULTS:
        raise ValidationError({"result": _("Choose a category that can end a supplemental test.")})
    return result


def _keep_earlier_result(row: SupplementalScreening) -> None:
    if row.result:
        was = _("Recorded before: %(result)s, by %(who)s.") % {
            "result": row.get_result_display(),
            "who": row.recorded_by,
        }
        row.note = _joined(row.note, was)


def _joined(*parts: str) -> str:
    return "\n".join(part.strip() for part in parts if part.strip())


def _open_recall(row: SupplementalScreening, result: Assessment, by: UserOrActor) -> None:
    """Open the recall that the result asks for; where the exam has an open one already, its people are told."""
    note = f"{row.get_kind_display()}, {row.done_on}: {result.label}"
    recall = open_recall(row.exam, by=by, note=note, supplemental_result=result).recall
    if recall.kind == RecallKind.SUPPLEMENTAL and not SupplementalScreening.objects.filter(recall=recall).exists():
        row.recall = recall
    else:
        open_work_item(recall, WorkItemKind.SUPPLEMENTAL_RESULT, note)
