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
from recalls.actions import OutcomeInput
from recalls.enums import Assessment
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
    return piles | {"Not released": [row.url for row in page.context["unreleased"]]}


def _step(recall: Recall, step: str) -> str:
    return reverse("step", args=[recall.pk, step])


def test_each_case_is_in_its_section_and_links_to_its_step(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    read, priors, pathology, lost, untold = (
        RecallFactory.create(site=shadyside, **{story: True})
        for story in ("attended", "priors_received", "awaiting_concordance", "ladder_complete", "unreleased")
    )
    for story in ("to_contact", "awaiting_priors", "priors_requested", "three_attempts", "closed_benign", "cancer"):
        RecallFactory.create(site=shadyside, **{story: True})
    assert _sections(client_for, radiologist_rao) == {
        "Outcome to record": [_step(read, "record_outcome")],
        "Prior images to compare": [_step(priors, "resolve_by_priors")],
        "Concordance to sign": [_step(pathology, "sign_concordance")],
        "Closures to sign": [_step(lost, "close_lost")],
        "Not released": [_step(untold, "release_outcome")],
    }


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
    answer = StepFormClient(client_for(radiologist_rao), recall, "record_outcome").send(assessment="1", release="now")
    assert answer.headers["Location"] == reverse("worklist")
    assert not any(_sections(client_for, radiologist_rao).values())


def test_a_colleagues_unreleased_outcome_can_be_released(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    """Whoever recorded it may be away or have left; the patient waits all the same."""
    recall = RecallFactory.create(site=shadyside, unreleased=True)
    author = get_site_staff(shadyside).radiologist
    author.is_active = False
    author.save()
    colleague = UserFactory.create(role=Role.RADIOLOGIST, sites=[shadyside])
    waits = [reverse("step", args=[recall.pk, "release_outcome"])]
    assert _sections(client_for, colleague)["Not released"] == waits
    page = page_text(client_for(colleague).get(reverse("worklist")))
    assert f"by {author.get_full_name()}, not released to the patient" in page
    StepFormClient(client_for(colleague), recall, "release_outcome").send(release="now")
    assert _sections(client_for, colleague)["Not released"] == []


def test_the_own_unreleased_outcomes_stand_before_a_colleagues(client_for: ClientFor, shadyside: Site) -> None:
    theirs = RecallFactory.create(site=shadyside, unreleased=True)
    reader = UserFactory.create(role=Role.RADIOLOGIST, sites=[shadyside])
    own = RecallFactory.create(site=shadyside, attended=True)
    actions.record_outcome(own, OutcomeInput(Assessment.BENIGN), by=reader)
    listed = [reverse("step", args=[recall.pk, "release_outcome"]) for recall in (own, theirs)]
    assert _sections(client_for, reader)["Not released"] == listed


def test_an_unreleased_outcome_of_another_site_is_not_listed(
    client_for: ClientFor, radiologist_rao: User, foothills: Site
) -> None:
    RecallFactory.create(site=foothills, unreleased=True)
    assert _sections(client_for, radiologist_rao)["Not released"] == []


def test_an_outcome_amended_since_is_not_offered_in_its_old_words(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, unreleased=True)
    form = StepFormClient(client_for(radiologist_rao), recall, "amend_outcome")
    form.send(assessment="1", release="now", reason="Seen again.")
    assert _sections(client_for, radiologist_rao)["Not released"] == []


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
