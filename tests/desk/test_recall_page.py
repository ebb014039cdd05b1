"""The recall page: what it shows before a call, and the access log."""

import re
from html.parser import HTMLParser

import pytest
from django.urls import reverse

from clinic.models import AccessLog, Site, User
from patients.factories import PatientFactory
from patients.models import ContactPoint, Patient
from recalls import actions
from recalls.actions import OutcomeInput
from recalls.enums import Assessment, BiradsEdition, FindingKind, Side
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from recalls.workflow import STEPS_BY_NAME
from tests.desk.conftest import ClientFor, page_text

pytestmark = pytest.mark.django_db


def _page(browser: object, recall: Recall) -> str:
    return page_text(browser.get(reverse("recall", args=[recall.pk])))  # type: ignore[attr-defined]


class DisabledButtonParser(HTMLParser):
    """Each disabled button with the texts that describe it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.described_by: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self._id, self._button = "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._id = given.get("id") or self._id * (tag == "strong")
        self._button = (given.get("aria-describedby") or "") if tag == "button" and "disabled" in given else ""

    def handle_data(self, data: str) -> None:
        if self._button:
            self.described_by[data.strip()] = self._button
        elif self._id:
            self.texts[self._id] = data
        self._id, self._button = "", ""

    def reasons(self) -> dict[str, str]:
        return {label: " ".join(self.texts[one] for one in of.split()) for label, of in self.described_by.items()}


def test_the_voicemail_rule_stands_before_the_number(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    patient = PatientFactory.create(site=shadyside, no_voicemail=True, mobile="412 555 0142")
    page = _page(client_for(scheduler_ana), RecallFactory.create(patient=patient))
    assert page.index(str(Patient.Voicemail.NO.label)) < page.index('href="tel:+14125550142"')
    assert "(412) 555-0142" in page


def test_a_patient_not_to_be_called_has_no_number_to_press(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    patient = PatientFactory.create(site=shadyside, do_not_call=True)
    page = _page(client_for(scheduler_ana), RecallFactory.create(patient=patient))
    assert "tel:" not in page
    assert "do not call" in page


def test_a_wrong_number_is_marked_and_a_task_asks_to_check_it(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True)
    page = _page(client_for(scheduler_ana), recall)
    assert str(ContactPoint.UnusableReason.WRONG.label) in page
    assert "A call reached a wrong number." in page


def test_the_header_shows_the_patient_and_the_recall_reason(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    patient = PatientFactory.create(
        site=shadyside, given_name="Testa", family_name="Sample-Oak", mrn="T-77", spanish_speaker=True
    )
    findings = [(FindingKind.MASS, Side.LEFT, "upper outer")]
    recall = RecallFactory.create(patient=patient, exam__findings=findings, exam__first_screen=True)
    page = _page(client_for(scheduler_ana), recall)
    for said in ("Testa Sample-Oak", "T-77", "Spanish", "interpreter needed", "Mass (left, upper outer)"):
        assert said in page
    assert "first screening" in page


def test_the_form_that_comes_next_stands_open(
    client_for: ClientFor, scheduler_ana: User, radiologist_rao: User, shadyside: Site
) -> None:
    to_call = RecallFactory.create(site=shadyside)
    to_sign = RecallFactory.create(site=shadyside, awaiting_pathology=True)
    assert f'action="{reverse("step", args=[to_call.pk, "log_contact"])}"' in _page(client_for(scheduler_ana), to_call)
    assert f'action="{reverse("step", args=[to_sign.pk, "record_pathology"])}"' in _page(
        client_for(radiologist_rao), to_sign
    )


def test_an_outcome_is_recorded_on_its_own_screen_one_click_from_the_recall(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    to_read = RecallFactory.create(site=shadyside, attended=True)
    screen = reverse("step", args=[to_read.pk, "record_outcome"])
    assert f'class="btn btn-primary" href="{screen}"' in _page(client_for(radiologist_rao), to_read)


def test_a_step_that_may_not_be_taken_is_disabled_and_described_by_its_rule(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    reasons = DisabledButtonParser(_page(client_for(scheduler_ana), RecallFactory.create(site=shadyside))).reasons()
    assert reasons["Record outcome"] == f"Your role may not do this. {STEPS_BY_NAME['record_outcome'].rule}"
    assert reasons["Patient came"] == f"Not while the recall is “To contact”. {STEPS_BY_NAME['mark_attended'].rule}"
    assert "Book visit" not in reasons


def test_a_reader_reads_why_a_closure_cannot_be_signed_yet(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    reasons = DisabledButtonParser(_page(client_for(radiologist_rao), RecallFactory.create(site=shadyside))).reasons()
    assert reasons["Close as lost"].endswith("is not complete; its open steps are listed on the page.")


def test_the_history_lists_every_step_newest_first_with_its_text(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, biopsy_missed=True)
    page = client_for(scheduler_ana).get(reverse("recall", args=[recall.pk]))
    told = [str(line.entry.title) for line in page.context["history"]]
    steps = [str(STEPS_BY_NAME[event.step].label) for event in recall.events.order_by("-pk")]
    assert [title for title in told if title in steps] == steps
    text = page_text(page)
    assert "4B: Suspicious, moderate suspicion" in text
    assert "Any day this week suits." in text
    assert "→ Biopsy to book" in text


@pytest.mark.parametrize(
    ("note", "is_folded"),
    [("Asks for a call. " * 300, True), ("One\n" * 90, True), ("Asks for a call.\nAfter six.", False)],
    ids=["many words", "many lines", "short"],
)
def test_a_long_note_is_folded_in_the_history(
    note: str, is_folded: bool, client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    actions.add_note(recall, note=note, by=scheduler_ana)
    page = client_for(scheduler_ana).get(reverse("recall", args=[recall.pk])).text
    assert ('<details class="long-note">' in page) == is_folded


def test_paper_names_the_site_and_the_time_of_printing(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    page = client_for(scheduler_ana).get(reverse("recall", args=[RecallFactory.create(site=shadyside).pk]))
    (head,) = re.findall(r'<p class="print-head">([^<]*)', page.text)
    assert re.fullmatch(rf"{shadyside.name} · printed \w+ \d+ \w+ \d{{4}}, \d+:\d\d [ap]m \(.+\)", head)


def test_every_view_of_a_patient_is_logged(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    _page(client_for(scheduler_ana), recall)
    client_for(scheduler_ana).get(reverse("step", args=[recall.pk, "hold"]))
    logged = AccessLog.objects.order_by("pk").values_list("user", "page", "patient_id")
    assert list(logged) == [
        (scheduler_ana.pk, "recall", recall.patient_id),
        (scheduler_ana.pk, "step: hold", recall.patient_id),
    ]


def test_no_name_stands_in_an_address_or_a_title(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, patient__family_name="Sample-Yew")
    page = _page(client_for(scheduler_ana), recall)
    assert "Yew" not in page.partition("</title>")[0]
    assert "Yew" not in reverse("recall", args=[recall.pk])


@pytest.mark.parametrize("edition", BiradsEdition)
def test_the_edition_stands_beside_a_reading_only_where_the_site_reads_by_another(
    edition: BiradsEdition, client_for: ClientFor, scheduler_ana: User, shadyside: Site, radiologist_rao: User
) -> None:
    recall = RecallFactory.create(site=shadyside, closed_benign=True, exam__birads_edition=edition)
    page = _page(client_for(scheduler_ana), recall)
    said = page.count("(BI-RADS v2025)")
    assert (said > 0) == (edition == BiradsEdition.V2025)
    assert "(BI-RADS 5th edition" not in page
    assert recall.outcomes.get().birads_edition == BiradsEdition.FIFTH

    Site.objects.update(birads_edition=BiradsEdition.V2025)  # the outcome of before stays one of the fifth edition
    page = _page(client_for(scheduler_ana), recall)
    assert "2: Benign (BI-RADS 5th edition (2013))" in page
    assert "(BI-RADS v2025)" not in page


def test_an_outcome_has_the_edition_of_the_site_on_the_day_it_is_recorded(
    shadyside: Site, radiologist_rao: User
) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    Site.objects.update(birads_edition=BiradsEdition.V2025)
    recall = Recall.objects.get(pk=recall.pk)
    actions.record_outcome(recall, OutcomeInput(Assessment.NEGATIVE), by=radiologist_rao)
    assert recall.outcomes.get().birads_edition == BiradsEdition.V2025
