"""A navigator tells results by keyboard alone, and a cancer is walked to a named surgeon and its excision."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from clinic import calendar
from clinic.models import Site, User
from recalls.enums import ClosureReason, PathologyClass, State
from recalls.models import Recall
from recalls.testing.factories import RecallFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]


def test_a_navigator_tells_results_one_after_the_other_without_a_mouse(
    sign_in: SignIn, live_server: LiveServer, navigator_nia: User, shadyside: Site
) -> None:
    first, second = (RecallFactory.create(site=shadyside, suspicious_to_tell=True) for _ in range(2))
    page = sign_in(navigator_nia)
    page.goto(live_server.url + reverse("queue_state", args=[State.RESULT_TO_TELL]))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('recall', args=[first.pk])}*")
    page.keyboard.press("i")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('recall', args=[second.pk])}*")
    page.keyboard.press("p")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('queue_state', args=[State.RESULT_TO_TELL])}*")
    told = [recall.disclosures.get() for recall in (first, second)]
    assert [row.method for row in told] == ["in_person", "phone"]
    assert {row.told_by for row in told} == {navigator_nia.get_full_name()}
    assert {Recall.objects.get(pk=recall.pk).state for recall in (first, second)} == {State.BIOPSY_TO_BOOK}


def test_a_cancer_is_told_handed_over_to_a_named_surgeon_and_its_excision_is_recorded(
    sign_in: SignIn, live_server: LiveServer, navigator_nia: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, cancer_to_tell=True)
    today = calendar.local_day(shadyside, recall.state_since)
    page = sign_in(navigator_nia)
    page.goto(live_server.url + reverse("recall", args=[recall.pk]))
    page.get_by_label("What the patient understood and asked").fill("Asked whether it has spread.")
    page.get_by_role("button", name="Result told").click()
    page.goto(live_server.url + reverse("recall", args=[recall.pk]))
    page.get_by_label("Receiving clinician").fill("Dr. Sample-Surgeon")
    page.get_by_label("Hospital or practice").fill("Hillside Sample Hospital")
    page.get_by_label("First visit there").fill(f"{calendar.next_open_day(shadyside, today)}")
    page.get_by_role("button", name="Hand over to treatment").click()
    page.wait_for_load_state()
    recall.refresh_from_db()
    assert (recall.state, recall.closure_reason) == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)
    page.goto(live_server.url + reverse("step", args=[recall.pk, "record_outside"]))
    page.get_by_label("Surgery", exact=True).check()
    page.get_by_label("Where", exact=False).first.fill("Hillside Sample Hospital")
    page.get_by_label("Done on").fill(f"{today}")
    page.get_by_label("Malignant, invasive").check()
    page.get_by_label("Who told the patient there").fill("Dr. Sample-Surgeon")
    page.get_by_role("button", name="Record an outside result").click()
    page.wait_for_load_state()
    recall.refresh_from_db()
    excised = recall.pathology_results.latest("pk")
    assert (recall.state, excised.source, excised.result) == (State.CLOSED, "surgery", PathologyClass.INVASIVE)
    page.goto(live_server.url + reverse("recall", args=[recall.pk]))
    for said in ("Dr. Sample-Surgeon, Hillside Sample Hospital", "Surgery, Hillside Sample Hospital"):
        assert said in page.content()
