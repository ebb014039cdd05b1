"""A phone number is corrected during a call without leaving it, in three keys beyond the digits at most."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from patients.models import ContactPoint
from recalls.models import ContactAttempt
from recalls.testing.factories import RecallFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]

DIGITS = "4125550166"


class CountingKeyboard:
    """Presses keys one by one and counts them."""

    def __init__(self, page: Page) -> None:
        self.page, self.pressed = page, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1


def test_a_number_takes_two_keys_beside_its_digits_and_the_call_goes_on(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, patient__mobile="412 555 0165")
    page = sign_in(scheduler_ana)
    page.goto(live_server.url + reverse("recall", args=[recall.pk]))
    page.wait_for_selector("html[data-desk-keys]")
    page.fill("[name=note]", "Moved in May.")
    page.keyboard.press("Escape")
    keyboard = CountingKeyboard(page)
    keyboard.press("p", *DIGITS, "Enter")
    expect(page.locator("#reach [role=status]")).to_have_text("Saved: Mobile phone.")
    assert keyboard.pressed - len(DIGITS) <= 3
    expect(page.locator("a.phone").first).to_have_attribute("href", "tel:+14125550166")
    expect(page.locator("[name=note]")).to_have_value("Moved in May.")
    keyboard.press("4", "Enter")
    page.wait_for_url(lambda url: "/contact/" not in url and f"/recalls/{recall.pk}/" not in url)
    assert ContactPoint.objects.get(patient=recall.patient, kind="mobile").value == "+14125550166"
    assert ContactAttempt.objects.get(recall=recall).note == "Moved in May."


def test_a_number_that_cannot_work_is_refused_beside_its_field_which_keeps_the_focus(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, patient__mobile="412 555 0167")
    page = sign_in(scheduler_ana)
    page.goto(live_server.url + reverse("recall", args=[recall.pk]))
    page.wait_for_selector("html[data-desk-keys]")
    CountingKeyboard(page).press("p", *"41255", "Enter")
    expect(page.locator("#reach .invalid-feedback")).to_be_visible()
    expect(page.locator("[name=contact-mobile]")).to_be_focused()
    expect(page.locator("[name=contact-mobile]")).to_have_value("41255")
    assert ContactPoint.objects.get(patient=recall.patient, kind="mobile").value == "+14125550167"
