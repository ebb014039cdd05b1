"""Supplemental screening for dense tissue is no recall; only a result that needs more work opens one."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from clinic import calendar
from clinic.actors import INTAKE
from clinic.models import Site, User
from notifications.content.loader import get_text_name
from notifications.enums import Channel, NotificationKind
from notifications.models import Notification
from recalls import actions
from recalls.actions.supplemental import (
    SUPPLEMENTAL_RESULTS,
    SupplementalInput,
    advise_supplemental,
    end_supplemental,
    record_supplemental,
)
from recalls.enums import (
    RECALL_ASSESSMENTS,
    Assessment,
    Density,
    RecallKind,
    State,
    SupplementalStatus,
    SupplementalTest,
    WorkItemKind,
)
from recalls.models import Recall, ScreeningExam, SupplementalScreening
from recalls.permissions import NotPermitted, StepUnavailable
from recalls.presenters.call_script import build_call_script
from recalls.testing.factories import ExamFactory, RecallFactory
from reports.audit.figures import compute_audit
from reports.audit.scope import AuditScope, Breakdown

pytestmark = pytest.mark.django_db


@pytest.fixture
def dense_exam(shadyside: Site, radiologist_rao: User) -> ScreeningExam:
    return ExamFactory.create(patient__site=shadyside, negative=True, density=Density.D, reader=radiologist_rao)


@pytest.fixture
def advised(dense_exam: ScreeningExam) -> SupplementalScreening:
    return advise_supplemental(dense_exam, SupplementalTest.ULTRASOUND, by=INTAKE)


def _record(row: SupplementalScreening, result: Assessment | None, by: User) -> SupplementalScreening:
    today = calendar.local_day(row.site, timezone.now())
    return record_supplemental(row.pk, SupplementalInput(today, result), by=by)


def test_the_recall_rate_is_the_same_with_and_without_supplemental_screening(
    dense_exam: ScreeningExam, shadyside: Site, radiologist_rao: User
) -> None:
    RecallFactory.create(site=shadyside, exam__reader=radiologist_rao)
    ExamFactory.create(patient__site=shadyside, reader=radiologist_rao, negative=True)
    today = calendar.local_day(shadyside, timezone.now())
    scope = AuditScope((shadyside,), today - timedelta(days=30), today)
    before = compute_audit(scope, Breakdown.ALL, today)
    rate = before.screening[0].figures[0]
    assert (rate.measure.name, rate.numerator, rate.denominator) == ("recall_rate_mqsa", 1, 3)

    row = advise_supplemental(dense_exam, SupplementalTest.ULTRASOUND, by=INTAKE)
    assert compute_audit(scope, Breakdown.ALL, today) == before
    assert not Recall.objects.filter(exam=dense_exam).exists()

    _record(row, Assessment.SUSPICIOUS_B, radiologist_rao)
    after = compute_audit(scope, Breakdown.ALL, today)
    assert after.screening == before.screening, "a recall that the ultrasound opened is none of the mammogram's"


def test_the_test_is_due_sixty_days_after_the_advice(advised: SupplementalScreening) -> None:
    assert (advised.due_on - advised.advised_on).days == 60
    assert advised.status == SupplementalStatus.ADVISED


@pytest.mark.parametrize("result", SUPPLEMENTAL_RESULTS)
def test_only_a_result_that_needs_more_work_opens_a_recall(
    result: Assessment, advised: SupplementalScreening, radiologist_rao: User
) -> None:
    row = _record(advised, result, radiologist_rao)
    assert row.status == SupplementalStatus.DONE
    assert row.exam.assessment == Assessment.NEGATIVE, "the screening stays what it was"
    if result not in RECALL_ASSESSMENTS:
        assert row.recall is None
        assert not Recall.objects.exists()
        return
    assert row.recall is not None
    assert (row.recall.kind, row.recall.state) == (RecallKind.SUPPLEMENTAL, State.TO_CONTACT)
    assert row.recall.suspicious == (result[0] in "45")


def test_the_deadlines_of_such_a_recall_run_from_its_own_result(shadyside: Site, radiologist_rao: User) -> None:
    exam = ExamFactory.create(patient__site=shadyside, negative=True, received_at=timezone.now() - timedelta(days=50))
    row = _record(advise_supplemental(exam, SupplementalTest.MRI, by=INTAKE), Assessment.NEED_IMAGING, radiologist_rao)
    assert row.recall is not None
    assert row.recall.target_at is not None
    assert row.recall.target_at > timezone.now()


def test_the_patient_is_asked_to_call_and_reads_nothing_that_is_true_of_a_mammogram_only(
    advised: SupplementalScreening, shadyside: Site, radiologist_rao: User, scheduler_ana: User
) -> None:
    recall = _record(advised, Assessment.NEED_IMAGING, radiologist_rao).recall
    assert recall is not None
    assert get_text_name(recall, NotificationKind.RECALL_NOTICE, Channel.EMAIL) == NotificationKind.PLEASE_CALL
    planned = set(Notification.objects.filter(recall=recall).values_list("kind", flat=True))
    assert NotificationKind.RECALL_NOTICE in planned
    script = build_call_script(recall, scheduler_ana)
    assert not any("most people" in line for line in script.lines)


def test_a_correction_of_the_mammogram_never_voids_what_the_ultrasound_found(
    advised: SupplementalScreening, radiologist_rao: User
) -> None:
    recall = _record(advised, Assessment.SUSPICIOUS, radiologist_rao).recall
    assert recall is not None
    for assessment in (Assessment.BENIGN, Assessment.NEED_IMAGING):
        exam = ScreeningExam.objects.get(pk=advised.exam_id)
        actions.correct_exam(exam, {"assessment": assessment}, None, by=INTAKE)
        recall.refresh_from_db()
        assert (recall.state, recall.suspicious, recall.kind) == (State.TO_CONTACT, True, RecallKind.SUPPLEMENTAL)
    assert recall.work_items.get().kind == WorkItemKind.CORRECTED_RESULT


def test_a_second_test_that_needs_more_work_is_told_to_those_who_have_the_recall(
    advised: SupplementalScreening, dense_exam: ScreeningExam, radiologist_rao: User
) -> None:
    recall = _record(advised, Assessment.NEED_IMAGING, radiologist_rao).recall
    other = advise_supplemental(dense_exam, SupplementalTest.MRI, by=INTAKE)
    assert _record(other, Assessment.HIGHLY_SUGGESTIVE, radiologist_rao).recall is None
    item = Recall.objects.get().work_items.get()
    assert (item.recall, item.kind) == (recall, WorkItemKind.SUPPLEMENTAL_RESULT)
    assert "5: Highly suggestive" in item.reason


def test_a_test_that_was_done_and_not_read_stays_on_the_list(
    advised: SupplementalScreening, radiologist_rao: User
) -> None:
    row = _record(advised, None, radiologist_rao)
    assert (row.status, row.result) == (SupplementalStatus.ADVISED, "")
    with pytest.raises(StepUnavailable):
        end_supplemental(row.pk, SupplementalStatus.WITHDRAWN, "Entered twice.", by=radiologist_rao)


def test_a_result_may_be_corrected_until_it_has_opened_a_recall_and_the_old_one_is_kept(
    advised: SupplementalScreening, radiologist_rao: User
) -> None:
    _record(advised, Assessment.NEGATIVE, radiologist_rao)
    row = _record(advised, Assessment.SUSPICIOUS_A, radiologist_rao)
    assert row.recall is not None
    assert "1: Negative, by Dr. Rao" in row.note
    with pytest.raises(StepUnavailable):
        _record(advised, Assessment.NEGATIVE, radiologist_rao)


def test_a_test_is_advised_once_and_may_be_advised_again_when_it_was_declined(
    advised: SupplementalScreening, scheduler_ana: User
) -> None:
    with pytest.raises(ValidationError, match="already advised"):
        advise_supplemental(advised.exam, SupplementalTest.ULTRASOUND, by=scheduler_ana)
    with pytest.raises(ValidationError, match="Say why"):
        end_supplemental(advised.pk, SupplementalStatus.DECLINED, " ", by=scheduler_ana)
    row = end_supplemental(advised.pk, SupplementalStatus.DECLINED, "Not this year.", by=scheduler_ana)
    assert (row.status, row.note) == (SupplementalStatus.DECLINED, "Not this year.")
    advise_supplemental(advised.exam, SupplementalTest.ULTRASOUND, by=scheduler_ana)


def test_a_navigator_records_no_result_and_nobody_acts_at_another_site(
    advised: SupplementalScreening, navigator_nia: User, other_site_scheduler: User
) -> None:
    with pytest.raises(NotPermitted):
        _record(advised, Assessment.NEGATIVE, navigator_nia)
    _record(advised, None, navigator_nia)
    with pytest.raises(NotPermitted):
        _record(advised, Assessment.NEGATIVE, other_site_scheduler)
    with pytest.raises(NotPermitted):
        advise_supplemental(advised.exam, SupplementalTest.MRI, by=other_site_scheduler)


@pytest.mark.parametrize("days", [1, -400])
def test_a_test_is_done_after_the_mammogram_and_not_in_the_future(
    days: int, advised: SupplementalScreening, radiologist_rao: User
) -> None:
    day = calendar.local_day(advised.site, timezone.now()) + timedelta(days=days)
    with pytest.raises(ValidationError, match="This day lies"):
        record_supplemental(advised.pk, SupplementalInput(day, Assessment.NEGATIVE), by=radiologist_rao)


@pytest.mark.parametrize("result", [Assessment.NEED_PRIORS, Assessment.KNOWN_MALIGNANCY, Assessment.POST_PROCEDURE])
def test_what_cannot_end_a_supplemental_test_is_refused(
    result: Assessment, advised: SupplementalScreening, radiologist_rao: User
) -> None:
    with pytest.raises(ValidationError, match="Choose a category"):
        _record(advised, result, radiologist_rao)


def test_after_a_merge_the_test_is_the_surviving_patients(
    advised: SupplementalScreening, manager_mo: User, shadyside: Site
) -> None:
    survivor = RecallFactory.create(site=shadyside).patient
    actions.merge_patients(advised.exam.patient, survivor, by=manager_mo)
    assert SupplementalScreening.objects.get().patient == survivor
