"""A patient and a screening result are typed in on one page without the mouse."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from patients.models import Patient
from recalls.models import Recall, ScreeningExam
from tests.browser.conftest import axe_violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]

SECONDS_A_KEY = 0.2  # of somebody who types 60 words a minute
MOST_SECONDS = 25


class Typist:
    """Presses keys and counts them."""

    def __init__(self, page: Page) -> None:
        self.page, self.keys = page, 0

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.keys += len(text)

    def press(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press(key)
        self.keys += times

    def to(self, name: str) -> None:
        """Press Tab until the field has the focus."""
        for _ in range(40):
            if self.page.evaluate("document.activeElement.name") == name:
                return
            self.press("Tab")
        raise AssertionError(f"Tab does not lead to {name}")


def _type_result(typist: Typist, mrn: str, accession: str, exam_day: str) -> None:
    """What a card of a patient with a finding holds."""
    assert typist.page.evaluate("document.activeElement.name") == "mrn"
    typist.type(mrn)
    for name, text in (
        ("family_name", "Sample-Yew"),
        ("given_name", "Testa"),
        ("birth_date", "05091966"),
        ("phone_mobile", "4125550166"),
        ("email_consent", "n"),
        ("sms_consent", "y"),
        ("accession", accession),
        ("exam_date", exam_day),
        ("assessment", "4B"),
        ("finding_kind_1", "m"),
        ("finding_side_1", "l"),
    ):
        if text:
            typist.to(name)
            typist.type(text)
    typist.to("finding_place_1")  # Enter in a list of choices sends nothing
    typist.press("Enter")


def test_a_new_patient_with_a_result_takes_seconds_and_the_page_is_ready_for_the_next(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site
) -> None:
    page = sign_in(scheduler_ana)
    page.goto(live_server.url + reverse("entry"))
    first, second = Typist(page), Typist(page)
    day = timezone.localdate() - timedelta(days=3)
    _type_result(first, "K1001", "SC-20441", f"{day:%m%d%Y}")
    page.wait_for_selector("text=the recall is open")
    started = time.monotonic()
    _type_result(second, "K1002", "SC-20442", "")
    # One name, one birth date, another number: it is asked about once, and confirmed by keyboard.
    page.wait_for_selector("text=Is it one of these patients?")
    waited = time.monotonic() - started
    Typist(page).to("other_patient")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=the recall is open")
    seconds = second.keys * SECONDS_A_KEY + waited
    print(f"first patient {first.keys} keys, second {second.keys} keys: {seconds:.1f} s at {SECONDS_A_KEY} s a key")
    assert page.url == live_server.url + reverse("entry")
    assert Recall.objects.count() == Patient.objects.count() == 2
    assert set(ScreeningExam.objects.values_list("exam_date", flat=True)) == {day}
    assert first.keys < 90
    assert seconds < MOST_SECONDS


def test_whose_number_it_is_appears_while_typing_and_the_page_is_accessible(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site
) -> None:
    page = sign_in(scheduler_ana)
    Patient.objects.create(
        site=shadyside, assigning_authority="SHADY", mrn="K1003", family_name="Sample-Yew", given_name="Known",
        birth_date="1966-05-09",
    )  # fmt: skip
    page.goto(live_server.url + reverse("entry"))
    page.keyboard.type("K1003")
    page.keyboard.press("Tab")
    page.wait_for_selector("text=This number belongs to a known patient")
    assert page.locator("#number-owner").inner_text().count("Known Sample-Yew") == 1
    assert axe_violations(page) == []
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Please look at this again")
    assert axe_violations(page) == []
