"""Tests that a lay summary never says a result against what else the patient hears."""

import re
from typing import Any

import pytest

from clinic.calendar import local_day
from clinic.factories import get_site_staff
from clinic.models import Site
from notifications.enums import NotificationKind
from notifications.models import LaySummary
from notifications.planning.snapshot import load_snapshot
from notifications.rendering.letter_pdf import build_letter
from notifications.rendering.markdown import render_email
from patients.channels import get_patient_channels
from recalls import actions
from recalls.actions import OutcomeInput
from recalls.enums import Assessment, FindingKind, RecallKind, Side
from recalls.models import Recall
from tests.notifications.clock import Clock, latest_notification, plan_lay_summaries
from tests.notifications.lay_summaries import open_recall, read_exam, summary_of, text_of

pytestmark = pytest.mark.django_db

NOTHING_TO_DO = ("You do not need more pictures", "is normal", "are normal", "What we saw is benign")
COME_SOON = "Please come within the next week or two."


@pytest.fixture
def site(clock: Clock, shadyside: Site) -> Site:
    shadyside.sends_lay_summaries, shadyside.reviewed_translations_only = True, False
    shadyside.save()
    return shadyside


def screening_text(site: Site, assessment: Assessment, kind: RecallKind = RecallKind.FINDING, **fields: Any) -> str:
    recall = open_recall(site, exam__assessment=assessment, exam__recall_kind=kind, **fields)
    return text_of(summary_of(recall))


def outcome_text(site: Site, clock: Clock, assessment: Assessment, **fields: Any) -> str:
    clock.move_to("2026-11-20", "16:00")
    recall = open_recall(site, attended=True, **fields)
    actions.record_outcome(recall, OutcomeInput(assessment), by=get_site_staff(site).radiologist)
    plan_lay_summaries()
    return text_of(summary_of(recall))


@pytest.mark.parametrize("assessment", [Assessment.NEGATIVE, Assessment.BENIGN])
@pytest.mark.parametrize("kind", [RecallKind.CLINICAL, RecallKind.TECHNICAL])
def test_who_is_asked_to_come_back_is_never_told_that_nothing_is_left_to_do(
    kind: RecallKind, assessment: Assessment, site: Site
) -> None:
    said = screening_text(site, assessment, kind)
    assert [words for words in NOTHING_TO_DO if words in said] == []
    assert COME_SOON in said


def test_a_patient_with_a_lump_is_never_told_all_is_well(site: Site, clock: Clock) -> None:
    for fields in (
        {"exam__recall_kind": RecallKind.CLINICAL, "exam__assessment": Assessment.NEGATIVE},
        {"exam__findings": [(FindingKind.SKIN, Side.LEFT)]},
        {"exam__findings": [(FindingKind.NIPPLE, Side.LEFT)]},
        {"exam__findings": [(FindingKind.DUCT, Side.LEFT)]},
    ):
        said = outcome_text(site, clock, Assessment.NEGATIVE, **fields)
        assert [words for words in NOTHING_TO_DO if words in said] == []
        assert "The change in the breast still needs your doctor." in said


def test_a_symptom_is_not_calmed_with_figures_about_screening(site: Site) -> None:
    said = screening_text(site, Assessment.NEED_IMAGING, RecallKind.CLINICAL)
    assert "most people who come back do not have cancer" not in said
    assert "You told us about a change in a breast" in said


def test_a_symptom_with_prior_images_missing_is_asked_to_come_as_the_notice_does(site: Site) -> None:
    said = screening_text(site, Assessment.NEED_PRIORS, RecallKind.CLINICAL)
    assert "You do not need to come in now." not in said
    assert COME_SOON in said


def test_a_screening_three_is_asked_to_come_now_and_not_in_six_months(site: Site) -> None:
    said = screening_text(site, Assessment.PROBABLY_BENIGN)
    assert "6 months" not in said
    assert COME_SOON in said


def test_after_the_visit_a_three_is_told_of_six_months(site: Site, clock: Clock) -> None:
    assert "6 months" in outcome_text(site, clock, Assessment.PROBABLY_BENIGN)


def test_a_blurred_image_is_told_as_what_it_is(site: Site) -> None:
    said = screening_text(site, Assessment.NEED_IMAGING, RecallKind.TECHNICAL)
    assert "We need to take one or more pictures again." in said
    assert "would like to see something more clearly" not in said


def test_a_visit_that_did_not_settle_it_promises_nothing(site: Site, clock: Clock) -> None:
    said = outcome_text(site, clock, Assessment.NEED_IMAGING)
    assert "most people who come back do not have cancer" not in said
    assert "We need to look once more" in said


@pytest.mark.parametrize("kind", [kind for kind in RecallKind if kind != RecallKind.INCIDENTAL])
@pytest.mark.parametrize("assessment", [one for one in Assessment if one.value[0] in "45"])
def test_a_four_or_five_says_biopsy_whatever_the_recall_is_for(
    assessment: Assessment, kind: RecallKind, site: Site
) -> None:
    said = screening_text(site, assessment, kind)
    assert "biopsy" in said
    assert "cancer" in said


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_result_has_its_words_in_each_language(language: str, site: Site, clock: Clock) -> None:
    patient = {"language": language}
    results = {summary_of(read_exam(site, patient=patient, assessment=one)).result for one in Assessment}
    for kind in (RecallKind.CLINICAL, RecallKind.TECHNICAL):
        recall = open_recall(site, patient=patient, exam__assessment=Assessment.NEGATIVE, exam__recall_kind=kind)
        results.add(summary_of(recall).result)
    assert len(results) == 11
    for row in LaySummary.objects.select_related("exam__patient"):
        said = text_of(row)
        assert ("Este es el resumen de su mamografía" in said) == (language == "es")
        assert "$" not in said


def test_a_translation_that_nobody_reviewed_is_not_sent_where_the_site_asks_for_a_review(site: Site) -> None:
    site.reviewed_translations_only = True
    site.save()
    assert "This is the summary of your mammogram" in text_of(summary_of(read_exam(site, patient={"language": "es"})))


def test_the_states_own_density_notice_stands_apart_from_the_federal_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def notice(state: str, category: str) -> str:
        asked.append((state, category))
        return "The state says this."

    monkeypatch.setattr("notifications.rendering.lay_summary.get_state_density_notice", notice)
    said = text_of(summary_of(read_exam(site)))
    assert asked == [("PA", "not_dense")]
    federal, apart, state = said.partition("In plain words: your breast tissue is not dense.")
    assert ("Your breast tissue is not dense\\." in federal, bool(apart)) == (True, True)
    assert "> The state says this\\." in state


def email_text(recall: Recall, kind: NotificationKind, *, detailed: bool = False) -> str:
    said = render_email(latest_notification(recall, kind), load_snapshot(recall), detailed=detailed).text
    return re.sub(r"\n *", " ", said.replace("\n\n", "\n"))


IN_WRITING = "You will also get your results in writing."


@pytest.mark.parametrize("detailed", [False, True])
@pytest.mark.parametrize(
    ("scenario", "kind"),
    [
        ("closed_normal", NotificationKind.OUTCOME_NORMAL),
        ("closed_benign", NotificationKind.OUTCOME_BENIGN),
        ("probably_benign", NotificationKind.OUTCOME_PROBABLY_BENIGN),
    ],
)
def test_results_in_writing_are_promised_only_where_they_come_from_here(
    scenario: str, kind: NotificationKind, detailed: bool, clock: Clock, shadyside: Site
) -> None:
    clock.move_to("2026-11-20", "16:00")
    recall = open_recall(shadyside, patient=None, **{scenario: True})
    said = email_text(recall, kind, detailed=detailed)
    assert IN_WRITING not in said
    assert "  " not in said, "nothing is left where the line would stand"
    shadyside.sends_lay_summaries = True
    shadyside.lay_summaries_from = local_day(shadyside, recall.outcomes.get().at)
    shadyside.save()
    assert IN_WRITING in email_text(Recall.objects.get(pk=recall.pk), kind, detailed=detailed)


def test_that_no_visit_is_needed_promises_a_letter_only_with_a_final_result(site: Site, clock: Clock) -> None:
    recall = open_recall(site, resolved_by_priors=True)
    kind = NotificationKind.NO_VISIT_NEEDED
    assert IN_WRITING not in email_text(recall, kind)
    letter = build_letter(
        latest_notification(recall, kind), load_snapshot(recall), get_patient_channels(recall.patient)
    )
    assert "  " not in str(letter.letter)
