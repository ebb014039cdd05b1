"""The worklist: what waits for a radiologist, oldest first, and what leaves it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from clinic.factories import UserFactory, get_site_staff
from clinic.models import Site, User
from clinic.roles import Role
from recalls import actions
from recalls.actions.contact import open_work_item
from recalls.enums import State, WorkItemKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, StepFormClient, page_text

TUESDAY_EVENING = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_tuesday_evening")]


@pytest.fixture
def _tuesday_evening() -> object:
    with time_machine.travel(TUESDAY_EVENING, tick=False):
        yield


def _sections(client_for: ClientFor, user: User) -> dict[str, list[str]]:
    page = client_for(user).get(reverse("worklist"))
    piles = {str(pile["title"]): [row.url for row in pile["rows"]] for pile in page.context["sections"]}
    more = {"Second signatures": "signatures", "Tasks for a radiologist": "tasks"}
    return piles | {title: [row.url for row in page.context[name]] for title, name in more.items()}


def _step(recall: Recall, step: str) -> str:
    return reverse("step", args=[recall.pk, step])


def test_each_case_is_in_its_section_and_links_to_its_step(
    client_for: ClientFor, radiologist_rao: User, scheduler_ana: User, shadyside: Site
) -> None:
    stories = ("attended", "priors_received", "awaiting_concordance", "ladder_complete", "benign_to_tell")
    read, priors, pathology, lost, untold = (RecallFactory.create(site=shadyside, **{story: True}) for story in stories)
    for story in ("to_contact", "awaiting_priors", "priors_requested", "three_attempts", "closed_benign", "cancer"):
        RecallFactory.create(site=shadyside, **{story: True})
    refused = RecallFactory.create(site=shadyside, biopsy_to_book=True)
    actions.transfer(refused, facility="Hillside Sample Clinic", by=scheduler_ana, note="Said on the phone.")
    assert _sections(client_for, radiologist_rao) == {
        "Outcome to record": [_step(read, "record_outcome")],
        "Prior images to compare": [_step(priors, "resolve_by_priors")],
        "Concordance to sign": [_step(pathology, "sign_concordance")],
        "Results to tell": [_step(untold, "result_told")],
        "Closures to sign": [_step(lost, "close_lost")],
        "Closures to sign, biopsy not booked": [],
        "Second signatures": [_step(refused, "transfer")],
        "Tasks for a radiologist": [],
    }


def test_the_second_person_sees_who_asked_and_why_and_signs_what_was_entered(
    client_for: ClientFor, radiologist_rao: User, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, biopsy_to_book=True)
    form = StepFormClient(client_for(scheduler_ana), recall, "transfer")
    form.send(facility="Hillside Sample Clinic", phone="+1 412 555 0177", note="Said on the phone.")
    recall.refresh_from_db()
    assert recall.state == State.BIOPSY_TO_BOOK
    second = StepFormClient(client_for(radiologist_rao), recall, "transfer")
    assert (second.initial["facility"], second.initial["note"]) == ("Hillside Sample Clinic", "Said on the phone.")
    page = page_text(client_for(radiologist_rao).get(reverse("recall", args=[recall.pk])))
    for said in ("“Transfer” waits for a second signature.", scheduler_ana.get_full_name(), "Do not sign"):
        assert said in page
    second.send()
    recall.refresh_from_db()
    assert recall.state == State.CLOSED


def test_a_task_for_a_radiologist_leads_to_the_step_that_answers_it(
    client_for: ClientFor, radiologist_rao: User, scheduler_ana: User, shadyside: Site
) -> None:
    booked = RecallFactory.create(site=shadyside, booked_ahead=True)
    actions.receive_priors(booked, by=scheduler_ana, note="2D images of 2024.")
    told = RecallFactory.create(site=shadyside, closed_benign=True)
    open_work_item(told, WorkItemKind.CORRECTED_RESULT, "Addendum.")
    assert _sections(client_for, radiologist_rao)["Tasks for a radiologist"] == [
        _step(booked, "resolve_by_priors"),
        _step(told, "amend_outcome"),
    ]


def test_who_came_first_is_read_first(client_for: ClientFor, radiologist_rao: User, shadyside: Site) -> None:
    today = RecallFactory.create(site=shadyside, attended=True)
    earlier = RecallFactory.create(site=shadyside, attended=True, ended_at=datetime(2026, 11, 19, 22, tzinfo=UTC))
    assert _sections(client_for, radiologist_rao)["Outcome to record"] == [
        _step(recall, "record_outcome") for recall in (earlier, today)
    ]


def test_an_answered_case_leaves_the_list_and_the_user_is_back_at_it(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    answer = StepFormClient(client_for(radiologist_rao), recall, "record_outcome").send(assessment="1", telling="now")
    assert answer.headers["Location"] == reverse("worklist")
    assert not any(_sections(client_for, radiologist_rao).values())


def test_a_result_stays_on_every_radiologists_worklist_until_it_was_told(
    client_for: ClientFor, shadyside: Site
) -> None:
    """Whoever recorded it may be away or have left; the patient waits all the same."""
    recall = RecallFactory.create(site=shadyside, benign_to_tell=True)
    author = get_site_staff(shadyside).radiologist
    author.is_active = False
    author.save()
    colleague = UserFactory.create(role=Role.RADIOLOGIST, sites=[shadyside])
    assert _sections(client_for, colleague)["Results to tell"] == [_step(recall, "result_told")]
    page = page_text(client_for(colleague).get(_step(recall, "result_told")))
    assert f"{author.get_full_name()} is away: to be told by any radiologist or navigator" in page
    StepFormClient(client_for(colleague), recall, "result_told").send(method="phone", understood="Was relieved.")
    assert _sections(client_for, colleague)["Results to tell"] == []
    assert recall.disclosures.get().told_by == colleague.get_full_name()


def test_a_result_of_another_site_is_not_listed(client_for: ClientFor, radiologist_rao: User, foothills: Site) -> None:
    RecallFactory.create(site=foothills, benign_to_tell=True)
    assert _sections(client_for, radiologist_rao)["Results to tell"] == []


def test_a_result_amended_and_told_in_writing_leaves_the_list(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, benign_to_tell=True)
    form = StepFormClient(client_for(radiologist_rao), recall, "amend_outcome")
    form.send(assessment="1", telling="now", reason="Seen again.")
    assert _sections(client_for, radiologist_rao)["Results to tell"] == []


def test_cases_of_another_site_are_not_listed(client_for: ClientFor, radiologist_rao: User, foothills: Site) -> None:
    RecallFactory.create(site=foothills, attended=True)
    assert not any(_sections(client_for, radiologist_rao).values())


def test_an_empty_section_says_what_it_means(client_for: ClientFor, radiologist_rao: User) -> None:
    assert "Everybody who came has an outcome." in page_text(client_for(radiologist_rao).get(reverse("worklist")))


def test_comparing_earlier_pictures_shows_exam_findings_and_what_arrived(
    client_for: ClientFor, radiologist_rao: User, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, priors_requested=True)
    StepFormClient(client_for(scheduler_ana), recall, "receive_priors").send(note="2D pictures of 2024, Hillside.")
    page = page_text(client_for(radiologist_rao).get(_step(recall, "resolve_by_priors")))
    for said in ("Calcifications (right)", "need prior mammograms for comparison", "2D pictures of 2024, Hillside."):
        assert said in page


def test_a_long_section_is_paged_oldest_first_without_a_gap(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site, foothills: Site
) -> None:
    radiologist_rao.sites.add(foothills)
    recalls = [
        RecallFactory.create(site=site, attended=True, ended_at=TUESDAY_EVENING - timedelta(days=days))
        for days in range(14)
        for site in (shadyside, foothills)
    ]
    browser = client_for(radiologist_rao)
    first: Any = browser.get(reverse("worklist")).context["sections"][0]
    rest: Any = browser.get(reverse("worklist") + first["next_page_url"]).context["sections"]
    seen = [row.url for row in [*first["rows"], *rest[0]["rows"]]]
    oldest_first = sorted(recalls, key=lambda recall: (recall.to_read_at, recall.pk))
    assert seen == [_step(recall, "record_outcome") for recall in oldest_first]
    assert (len(first["rows"]), len(rest), rest[0]["next_page_url"]) == (25, 1, "")


def test_an_unknown_section_is_not_found(client_for: ClientFor, radiologist_rao: User) -> None:
    assert client_for(radiologist_rao).get(reverse("worklist"), {"pile": "on_hold"}).status_code == 404


def test_a_reached_patient_whose_ladder_is_complete_but_young_is_not_to_be_signed_off(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, ladder_complete=True)
    assert recall.contact_since is not None
    with time_machine.travel(recall.contact_since + timedelta(days=59), tick=False):
        assert _sections(client_for, radiologist_rao)["Closures to sign"] == []
