"""Every page of the staff gives back what was typed before the session ended, also where its own form cannot."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from clinic import calendar
from clinic.models import Closure, Site, User
from config.env import PROJECT_ROOT
from desk.kept_forms import DISCARD_FIELD, TYPIST_FIELD
from desk.models import KeptForm
from notifications.models import MessageText
from tests.desk.conftest import page_text
from tests.notifications.rendering.test_clinic_texts import OWN, typed

pytestmark = pytest.mark.django_db

REASON = "Inventario anual, también el sótano"
# Buttons without a word of one's own, passwords, and the sign-in itself.
WITHOUT_WORDS = {
    "503.html", "_header.html", "_session_warning.html", "_user_menu.html", "base.html",
    "notifications/letter_list.html", "notifications/_printed_letter_rows.html",
    "notifications/_letter_batch_progress.html", "notifications/lay_summary_batch.html",
    "notifications/lay_summary_list.html", "notifications/letter_batch.html", "notifications/unsubscribe.html",
    "exchange/cancers.html", "exchange/hl7_messages.html", "exchange/uploads.html", "recalls/_appointment_row.html",
    "recalls/_queue_filters.html", "recalls/earlier_times.html", "recalls/recall.html", "recalls/work_items.html",
    "records/merge_find.html", "records/patient.html", "registration/change_password.html", "registration/sign_in.html",
    "mfa/authenticate.html", "mfa/reauthenticate.html", "mfa/totp/activate_form.html",
    "mfa/totp/deactivate_form.html", "mfa/recovery_codes/generate.html", "mfa/webauthn/add_form.html",
    "mfa/webauthn/authenticator_confirm_delete.html", "mfa/webauthn/edit_form.html", "mfa/webauthn/reauthenticate.html",
    "registration/sessions.html", "account/reauthenticate.html", "site_setup/account_requests.html",
    "site_setup/first_account.html", "site_setup/invitation.html", "registration/forgotten_password.html",
    "notifications/series.html", "recalls/navigator_list.html",
    "recalls/_held_time.html", "recalls/_lane.html", "recalls/lane_day.html", "retention/due_list.html",
}  # fmt: skip


def _send_too_late(user: User, address: str, fields: dict[str, Any]) -> Client:
    """The browser of somebody whose session had ended when they saved, and who has signed in again."""
    browser = Client()
    browser.force_login(user)
    found = re.search(rf'name="{TYPIST_FIELD}" value="([^"]+)"', browser.get(address).text)
    assert found
    browser.cookies.pop(settings.SESSION_COOKIE_NAME)
    answer = browser.post(address, {**fields, TYPIST_FIELD: found[1]})
    assert answer.headers["Location"].startswith("/sign-in/?next=")
    browser.force_login(user)
    return browser


def _fields_to_save(page: str) -> dict[str, list[str]]:
    """What the button that saves sends."""
    form = page[page.index("<dl>") :].split("</form>")[0]
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        fields.setdefault(name, []).append(unescape(value))
    return fields


def _close_a_day(site: Site) -> dict[str, Any]:
    return {"first": str(calendar.next_open_day(site, calendar.today(site))), "reason": REASON, "sites": [site.pk]}


def test_a_setting_typed_too_late_is_shown_and_saved_by_one_button(administrator_ada: User, shadyside: Site) -> None:
    address = reverse("setup_closed_days")
    browser = _send_too_late(administrator_ada, address, _close_a_day(shadyside))
    assert not Closure.objects.exists()
    page = browser.get(address)
    assert "You were signed out before you saved this page." in page_text(page)
    assert REASON in page_text(page)
    assert browser.post(address, _fields_to_save(page.text)).status_code == 302
    assert Closure.objects.get().reason == REASON
    assert not KeptForm.objects.exists()
    assert "Throw it away" not in page_text(browser.get(address))


def test_words_of_a_message_typed_in_the_administration_come_back_word_for_word(administrator_ada: User) -> None:
    address = f"{reverse('admin:notifications_messagetext_add')}?name=please_call&language=en"
    browser = _send_too_late(administrator_ada, address, typed(body=OWN))
    bare = browser.get(reverse("admin:notifications_messagetext_add"))
    assert "Throw it away" not in page_text(bare)
    page = browser.get(address)
    assert "We would like to see you soon." in page_text(page)
    assert browser.post(address, _fields_to_save(page.text)).status_code == 302
    assert MessageText.objects.get().body.splitlines() == OWN.splitlines()


def test_what_is_thrown_away_is_gone(administrator_ada: User, shadyside: Site) -> None:
    address = reverse("setup_closed_days")
    browser = _send_too_late(administrator_ada, address, _close_a_day(shadyside))
    assert browser.post(address, {DISCARD_FIELD: "1"}).headers["Location"] == address
    assert "Throw it away" not in page_text(browser.get(address))
    assert not KeptForm.objects.exists()
    assert not Closure.objects.exists()


def test_another_person_at_that_screen_sees_the_plain_page(
    administrator_ada: User, shadyside: Site, client: Client
) -> None:
    other = User.objects.create_user("max")
    other.groups.set(administrator_ada.groups.all())
    other.sites.set([shadyside])
    browser = _send_too_late(administrator_ada, reverse("setup_closed_days"), _close_a_day(shadyside))
    browser.force_login(other)
    assert REASON not in browser.get(reverse("setup_closed_days")).text


def test_a_password_typed_too_late_is_not_kept(administrator_ada: User) -> None:
    fields = {"username": "new", "password1": "Correct-Horse-1", "password2": "Correct-Horse-1"}
    _send_too_late(administrator_ada, reverse("setup_staff"), fields)
    assert KeptForm.objects.get().fields == {"username": ["new"]}


@pytest.mark.no_database
def test_every_form_of_the_staff_with_words_in_it_says_who_typed_them() -> None:
    templates = PROJECT_ROOT / "templates"
    names = {str(path.relative_to(templates)): path for path in Path(templates).rglob("*.html")}
    silent = {
        name
        for name, path in names.items()
        if 'method="post"' in path.read_text("utf-8")
        and "{% typist_field %}" not in path.read_text("utf-8")
        and not name.startswith("portal/")
    }
    assert silent - WITHOUT_WORDS == set()
    assert silent >= WITHOUT_WORDS
