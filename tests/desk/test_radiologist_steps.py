"""The radiologist's page: what it shows, what it fills in by rule, what comes next."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from clinic.models import Site, User
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import DisclosureInput, LesionInput, OutcomeInput, OutsideReportInput, PathologyInput
from recalls.enums import (
    Assessment,
    ClosureReason,
    DisclosureMethod,
    FindingKind,
    OutsideReportKind,
    PathologyClass,
    ReportSource,
    Side,
    State,
)
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, StepFormClient, page_text

TUESDAY_EVENING = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_tuesday_evening")]

Answer = Callable[..., Any]


@pytest.fixture
def _tuesday_evening() -> object:
    with time_machine.travel(TUESDAY_EVENING, tick=False):
        yield


@pytest.fixture
def answer(client_for: ClientFor, radiologist_rao: User) -> Answer:
    """Opens a step's screen as Dr. Rao and sends what was typed."""
    browser = client_for(radiologist_rao)

    def send(recall: Recall, step: str = "record_outcome", **typed: str) -> Any:
        sent = StepFormClient(browser, recall, step).send(**typed)
        recall.refresh_from_db()
        return sent

    return send


def _screen(client_for: ClientFor, user: User, recall: Recall, step: str) -> str:
    return page_text(client_for(user).get(reverse("step", args=[recall.pk, step])))


def _url(recall: Recall, step: str = "record_outcome") -> str:
    return reverse("step", args=[recall.pk, step])


def test_the_page_shows_exam_appointment_and_results_of_earlier_recalls(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    patient = PatientFactory.create(site=shadyside)
    ended = TUESDAY_EVENING - timedelta(days=700)
    earlier = RecallFactory.create(patient=patient, closed_benign=True, ended_at=ended)
    recall = RecallFactory.create(patient=patient, attended=True)
    page = _screen(client_for, radiologist_rao, recall, "record_outcome")
    for said in ("Calcifications (right)", "b: scattered fibroglandular", "Diagnostic mammogram, 60 minutes"):
        assert said in page
    line = page.partition(reverse("recall", args=[earlier.pk]))[2].partition("</li>")[0]
    assert "2024" in line
    assert "2: Benign" in line


def test_the_form_fields_follow_the_reading_order(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    page = _screen(client_for, radiologist_rao, recall, "record_outcome")
    asked = list(dict.fromkeys(re.findall(r'name="([a-z_0-9]+)"', page.partition('class="step-form')[2])))
    visible = [
        name for name in asked if name not in ("csrfmiddlewaretoken", "version", "key", "then", "task", "typed_by")
    ]
    assert [name for name in visible if not name.startswith("lesion")] == [
        "assessment", "assessment_right", "assessment_left", "follow_up_months", "telling", "release_day",
        "release_time", "text", "reader",
    ]  # fmt: skip


def test_each_category_says_what_it_means_and_where_it_leads(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    page = _screen(client_for, radiologist_rao, recall, "record_outcome")
    assert page.count('class="leads-to"') == 10
    for said in ("Cancer in 2 of 100 or fewer", "→ Short-interval follow-up", "→ Closed: Normal", "→ Biopsy to book"):
        assert said in page


def test_an_interval_left_empty_is_the_usual_one(answer: Answer, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    answer(recall, assessment="3", telling="at_visit", follow_up_months="")
    assert (recall.state, recall.follow_up_on) == (State.FOLLOW_UP, date(2027, 5, 24))


def test_another_interval_dates_the_visit_at_once(answer: Answer, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    answer(recall, assessment="3", telling="at_visit", follow_up_months="3")
    assert recall.follow_up_on == date(2027, 2, 24)
    assert recall.outcomes.get().follow_up_months == 3


def test_the_interval_is_shown_as_a_date_before_saving(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    first, next_round = (RecallFactory.create(site=shadyside, **{story: True}) for story in ("attended", "next_round"))
    page = _screen(client_for, radiologist_rao, first, "record_outcome")
    assert "6 months: Mon 24 May 2027 (as usual)" in page
    amended = _screen(client_for, radiologist_rao, next_round, "amend_outcome")
    since = next_round.follow_up_from
    assert since is not None
    assert f"{since.replace(year=since.year + 1):%Y} (as usual)" in amended


def test_an_interval_of_no_series_is_refused(answer: Answer, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    answer(recall, assessment="3", telling="now", follow_up_months="37")
    assert recall.state == State.AWAITING_OUTCOME


def test_what_a_category_does_not_ask_for_changes_nothing(answer: Answer, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    answer(recall, assessment="4B", follow_up_months="12")
    outcome = recall.outcomes.get()
    assert (recall.state, outcome.follow_up_months, hasattr(outcome, "release")) == (State.RESULT_TO_TELL, None, False)


def test_a_release_chosen_before_the_category_was_changed_tells_nobody_of_a_suspicion(
    answer: Answer, shadyside: Site
) -> None:
    now, later = (RecallFactory.create(site=shadyside, attended=True) for _ in range(2))
    answer(now, assessment="5", telling="now")
    answer(later, assessment="4C", telling="later")
    assert [hasattr(recall.outcomes.get(), "release") for recall in (now, later)] == [False, False]


def _three_waiting(site: Site) -> list[Recall]:
    """The first came first."""
    days = (TUESDAY_EVENING - timedelta(days=ago) for ago in (6, 5, 1))
    return [RecallFactory.create(site=site, attended=True, ended_at=day) for day in days]


def test_after_saving_the_next_case_of_the_worklist_is_open(answer: Answer, shadyside: Site) -> None:
    first, second, third = _three_waiting(shadyside)
    assert answer(first, assessment="1", telling="now").headers["Location"] == _url(second)
    assert answer(second, assessment="1", telling="now").headers["Location"] == _url(third)


def test_after_a_case_out_of_turn_the_one_that_waits_longest_is_open(answer: Answer, shadyside: Site) -> None:
    first, second, third = _three_waiting(shadyside)
    assert answer(second, assessment="1", telling="now").headers["Location"] == _url(first)
    assert answer(first, assessment="1", telling="now").headers["Location"] == _url(third)
    assert answer(third, assessment="1", telling="now").headers["Location"] == reverse("worklist")


def test_the_worklist_sections_follow_each_other(answer: Answer, shadyside: Site) -> None:
    seen, priors, tissue, lost = (
        RecallFactory.create(site=shadyside, **{story: True})
        for story in ("attended", "priors_received", "awaiting_concordance", "ladder_complete")
    )
    assert answer(seen, assessment="2", telling="now").headers["Location"] == _url(tissue, "sign_concordance")
    sent = answer(tissue, "sign_concordance", verdict="concordant_benign")
    assert sent.headers["Location"] == _url(tissue, "result_told"), "what was signed is told next"
    sent = answer(tissue, "result_told", method="phone")
    assert sent.headers["Location"] == _url(priors, "resolve_by_priors")
    sent = answer(priors, "need_imaging", note="They do not show it.")
    assert sent.headers["Location"] == _url(lost, "close_lost")


def test_save_and_return_to_the_worklist(answer: Answer, shadyside: Site) -> None:
    first, _second, _third = _three_waiting(shadyside)
    sent = answer(first, assessment="1", telling="now", then="list")
    assert (sent.headers["Location"], first.state) == (reverse("worklist"), State.CLOSED)


def test_next_is_never_a_case_of_another_site(answer: Answer, shadyside: Site, foothills: Site) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    RecallFactory.create(site=foothills, attended=True)
    assert answer(recall, assessment="1", telling="now").headers["Location"] == reverse("worklist")


def test_an_amended_reading_is_kept_and_struck_through_with_its_reason(
    client_for: ClientFor, radiologist_rao: User, answer: Answer, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    answer(recall, assessment="2", telling="at_visit", text="A cyst.")
    answer(recall, "amend_outcome", assessment="4A", text="Solid after all.", reason="Seen again with ultrasound.")
    assert [row.assessment for row in recall.outcomes.all()] == [Assessment.BENIGN, Assessment.SUSPICIOUS_A]
    said = _screen(client_for, radiologist_rao, recall, "amend_outcome").partition("Outcomes so far")[2]
    struck = " ".join(re.findall(r"<del>(.*?)</del>", said, re.DOTALL))
    assert "2: Benign" in struck
    assert "A cyst." in struck
    assert "4A" not in struck
    assert "Amended because: Seen again with ultrasound." in said


def test_an_amendment_without_a_reason_is_refused(answer: Answer, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, closed_benign=True)
    answer(recall, "amend_outcome", assessment="4A", reason=" ")
    assert (recall.state, recall.outcomes.count()) == (State.CLOSED, 1)


def test_the_patient_cannot_be_told_on_a_day_that_is_past(answer: Answer, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    sent = answer(recall, assessment="1", telling="later", release_day="2026-11-23")
    assert "This day is past." in page_text(sent)
    assert recall.state == State.AWAITING_OUTCOME


def test_a_result_to_tell_may_be_told_in_writing_instead(
    client_for: ClientFor, radiologist_rao: User, answer: Answer, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    answer(recall, assessment="2", telling="to_tell")
    assert recall.state == State.RESULT_TO_TELL
    assert "Voicemail:" in _screen(client_for, radiologist_rao, recall, "release_outcome")
    answer(recall, "release_outcome", telling="now")
    assert recall.outcomes.get().release.release_at == TUESDAY_EVENING
    assert (recall.state, recall.told_in_writing) == (State.CLOSED, True)


def test_nothing_waits_to_be_told_to_a_patient_who_has_died(
    client_for: ClientFor, radiologist_rao: User, scheduler_ana: User, answer: Answer, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    answer(recall, assessment="3", telling="to_tell")
    actions.mark_deceased(recall, date(2026, 11, 24), by=scheduler_ana, note="A daughter called.")
    listed: Any = client_for(radiologist_rao).get(reverse("worklist"))
    assert [row for pile in listed.context["sections"] for row in pile["rows"]] == []


def test_the_signer_reads_which_lesion_and_which_tissue_it_is(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    """Two lesions of one patient: one cannot sign what does not say which breast and which histology."""
    recall = RecallFactory.create(site=shadyside, attended=True)
    distortion = LesionInput(Assessment.SUSPICIOUS_B, Side.LEFT, FindingKind.ARCHITECTURAL_DISTORTION, "2")
    told = DisclosureInput(DisclosureMethod.AT_VISIT)
    outcome = OutcomeInput(Assessment.SUSPICIOUS_B, told=told, lesions=(distortion,))
    actions.record_outcome(recall, outcome, by=radiologist_rao)
    left = recall.lesions.get(side=Side.LEFT)
    report = OutsideReportInput(
        OutsideReportKind.BIOPSY, "Hillside Sample Clinic", date(2026, 11, 24), ReportSource.FAX,
        pathology=PathologyInput(PathologyClass.BENIGN, left.pk, histology="fibroadenoma"),
    )  # fmt: skip
    actions.record_outside(recall, report, by=radiologist_rao)
    page = _screen(client_for, radiologist_rao, recall, "sign_concordance").partition('class="form-about"')[2]
    heading = page.partition("</p>")[0]
    for said in ("left", "2 o'clock", "architectural distortion", "Fibroadenoma"):
        assert said in heading


def test_only_verdicts_that_fit_the_tissue_are_offered_and_none_is_chosen(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, awaiting_concordance=True)
    page = _screen(client_for, radiologist_rao, recall, "sign_concordance")
    assert re.findall(r'name="verdict" value="(\w+)"', page) == ["concordant_benign", "discordant", "insufficient"]
    assert "checked" not in page.partition('name="verdict"')[2].partition("</fieldset>")[0]
    assert "Pathology" in page


def test_a_concordant_benign_result_closes_or_comes_back_on_a_date(answer: Answer, shadyside: Site) -> None:
    closed, again = (RecallFactory.create(site=shadyside, awaiting_concordance=True) for _ in range(2))
    answer(closed, "sign_concordance", verdict="concordant_benign")
    answer(again, "sign_concordance", verdict="concordant_benign", follow_up_months="6")
    assert (closed.state, again.state) == (State.RESULT_TO_TELL, State.RESULT_TO_TELL)
    answer(closed, "result_told", method="phone")
    answer(again, "result_told", method="phone")
    assert closed.closure_reason == ClosureReason.BENIGN_CONCORDANT
    assert (again.state, again.follow_up_on) == (State.FOLLOW_UP, date(2027, 5, 24))


def test_a_discordant_result_needs_tissue_again_whatever_else_was_chosen(answer: Answer, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, awaiting_concordance=True)
    answer(recall, "sign_concordance", verdict="discordant", follow_up_months="6")
    answer(recall, "result_told", method="phone")
    assert recall.state == State.BIOPSY_TO_BOOK


def test_both_answers_to_earlier_pictures_stand_on_one_screen(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, priors_received=True)
    page = _screen(client_for, radiologist_rao, recall, "resolve_by_priors")
    assert [_url(recall, step) in page for step in ("resolve_by_priors", "need_imaging")] == [True, True]
    assert "Asked Hillside Sample Clinic." in page
