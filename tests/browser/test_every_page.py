"""Every page is accessible: wide, on a phone, enlarged, in the dark, without scripts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from clinic.factories import get_site_staff
from clinic.models import Site, User
from portal.session import cookie_name
from recalls.testing.factories import RecallFactory
from tests.browser import page_catalog
from tests.browser.conftest import axe_violations, has_horizontal_scroll, session_cookie
from tests.browser.page_catalog import ClinicData, PageCheck
from tests.portal.conftest import give_birth_date, make_link

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.long]
SignIn = Callable[[User], Page]

# What may go wrong by size and colour alone; names, roles and order are the same at every size.
COLOUR_RULES = ("color-contrast", "link-in-text-block")
LAYOUT_RULES = (*COLOUR_RULES, "scrollable-region-focusable", "target-size")
WIDE = {"width": 1280, "height": 900}
ZOOMED = {"width": 640, "height": 450}  # what 1280 by 900 shows at 200 %
PHONE = {"width": 360, "height": 740}
MAX_LAYOUT_SHIFT = 0.01
ADMIN = "/admin/"  # Django's own scripts put clocks and calendars beside its fields
# What moved by itself while the page was loading; a change of the window's size and what follows a key do not count.
OBSERVE_SHIFTS_JS = """new PerformanceObserver(list => list.getEntries().filter(entry => !entry.hadRecentInput)
    .forEach(entry => window.shifted = (window.shifted ?? 0) + entry.value))
    .observe({type: "layout-shift", buffered: true})"""
# The browser tells of them with the next picture it draws.
LAYOUT_SHIFT_JS = """() => new Promise(done =>
    requestAnimationFrame(() => requestAnimationFrame(() => done(window.shifted ?? 0))))"""
OPEN_DETAILS_JS = "document.querySelectorAll('main details, #container details').forEach(more => more.open = true)"
# A colour that is still fading from light to dark is the right one a moment later.
DISABLE_TRANSITIONS_JS = """const style = new CSSStyleSheet(); style.replaceSync('* { transition: none !important }');
    document.adoptedStyleSheets = [style]"""
# Less the number of the key, which is shown where keys work, and the breaks that only a style sheet makes.
BUTTON_LABELS_JS = """[...document.querySelectorAll('button[type=submit], input[type=submit]')]
    .filter(one => one.checkVisibility()).map(one => (one.innerText || one.value).replace(/^[\\dA-Z]\\s/, "")
        .replace(/\\s+/g, " ").replace(/ :/g, ":").trim())"""


class PageAudit:
    """Two browsers of one person, one with scripts and one without; `found` is what stands in somebody's way."""

    def __init__(self, browser: Browser, home: str, cookies: list[Any]) -> None:
        self.home, self.found = home, list[str]()
        self._contexts = [
            browser.new_context(device_scale_factor=2, reduced_motion="reduce", java_script_enabled=scripts)
            for scripts in (True, False)
        ]
        for context in self._contexts:
            context.add_cookies(cookies)
        self._page, self._plain = (context.new_page() for context in self._contexts)
        self._page.add_init_script(OBSERVE_SHIFTS_JS)

    def visit(self, stops: list[PageCheck]) -> list[str]:
        for stop in stops:
            self._check_page(stop)
        for context in self._contexts:
            context.close()
        return self.found

    def _check_page(self, stop: PageCheck) -> None:
        page, where = self._page, stop.address
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        answer = page.goto(self.home + where)
        assert answer is not None
        if stop.status and answer.status != stop.status:
            self.found.append(f"{where}: answers {answer.status}")
        with_scripts = page.evaluate(BUTTON_LABELS_JS)
        for key in stop.keys:
            page.keyboard.press(key)
        if page.evaluate(LAYOUT_SHIFT_JS) > MAX_LAYOUT_SHIFT and not where.startswith(ADMIN):
            self.found.append(f"{where}: moves while it loads")
        page.evaluate(f"{OPEN_DETAILS_JS}; {DISABLE_TRANSITIONS_JS}")
        if not stop.is_alike:
            self._record(where, "wide", axe_violations(page))
            page.emulate_media(color_scheme="dark")
            self._record(where, "wide in the dark", axe_violations(page, COLOUR_RULES))
            page.emulate_media(color_scheme="light")
        page.set_viewport_size(ZOOMED)  # type: ignore[arg-type]
        self._record(
            where,
            "at twice the size",
            [] if stop.is_alike else axe_violations(page, LAYOUT_RULES),
            has_horizontal_scroll(page),
        )
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        self._record(where, "on a phone", axe_violations(page), has_horizontal_scroll(page))
        page.emulate_media(color_scheme="dark")
        self._record(where, "on a phone in the dark", axe_violations(page, COLOUR_RULES), has_horizontal_scroll(page))
        page.emulate_media(color_scheme="light")
        self._check_without_scripts(where, with_scripts)

    def _check_without_scripts(self, where: str, with_scripts: list[str]) -> None:
        """The page opens, says what it is, and has every button that it has with scripts."""
        self._plain.goto(self.home + where, wait_until="domcontentloaded")
        if not self._plain.locator("h1").first.is_visible():
            self.found.append(f"{where} without scripts: no heading")
        # Capitals are the style sheet's, which may not have come yet.
        plain = {name.casefold() for name in self._plain.evaluate(BUTTON_LABELS_JS)}
        missing = [name for name in with_scripts if name.casefold() not in plain]
        self.found += [f"{where} without scripts: no button {name!r}" for name in sorted(missing)]

    def _record(self, where: str, how: str, faults: list[str], wide: bool = False) -> None:
        self.found += [f"{where} {how}: {fault}" for fault in faults]
        self.found += [f"{where} {how}: must be scrolled sideways"] * wide


@pytest.fixture
def clinic_data(shadyside: Site, settings: LazySettings, tmp_path: Path) -> ClinicData:
    cache.clear()
    settings.UPLOAD_DIR, settings.LETTER_DIR = tmp_path / "uploads", tmp_path / "letters"
    settings.EDUCATION_FROM_EMAIL = "texts@clinic.example.org"
    settings.EMAIL_BACKEND, settings.MAIL_INBOX_DIR = "notifications.backends.maildir.EmailBackend", tmp_path / "mail"
    return page_catalog.create_clinic_data(shadyside)


USERS = {
    "scheduler": page_catalog.scheduler_pages,
    "radiologist": page_catalog.radiologist_pages,
    "manager": page_catalog.manager_pages,
    "administrator": page_catalog.administrator_pages,
}
# The longest walks are shared out, so that workers that run side by side end together.
PARTS_BY_ROLE = {"scheduler": 3, "administrator": 2}


@pytest.mark.ignore_template_errors  # Django's own page of an account leaves a variable to its default
@pytest.mark.parametrize(
    ("role", "part"), [(role, part) for role in USERS for part in range(PARTS_BY_ROLE.get(role, 1))]
)
def test_every_page_of_a_role_serves_everybody(
    role: str, part: int, browser: Browser, live_server: LiveServer, clinic_data: ClinicData, administrator_ada: User
) -> None:
    user = administrator_ada if role == "administrator" else getattr(get_site_staff(clinic_data.site), role)
    stops = USERS[role](clinic_data, user)[part :: PARTS_BY_ROLE.get(role, 1)]
    found = PageAudit(browser, live_server.url, [session_cookie(user, live_server)]).visit(stops)
    assert not found, "\n".join(found)


def test_every_page_of_a_patient_and_of_a_stranger_serves_everybody(
    browser: Browser, live_server: LiveServer, clinic_data: ClinicData, client: Client
) -> None:
    patient = clinic_data.recall("booked").patient
    link = make_link(patient)
    found = PageAudit(browser, live_server.url, []).visit(page_catalog.anonymous_pages(clinic_data, link))
    give_birth_date(client, link, patient)
    cookie = {"name": cookie_name(), "value": client.cookies[cookie_name()].value, "url": live_server.url}
    found += PageAudit(browser, live_server.url, [cookie]).visit(page_catalog.patient_pages())
    assert not found, "\n".join(found)


def test_a_form_sent_back_stands_in_nobodys_way_and_leads_to_the_field(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = sign_in(scheduler_ana)
    page.goto(live_server.url + reverse("step", args=[recall.pk, "hold"]))
    page.fill("[name=note]", "Is away.")
    page.fill("[name=until]", "2020-01-06")
    page.get_by_role("button", name="Put on hold").click()
    assert axe_violations(page) == []
    page.get_by_role("link", name="Until: Choose a day after today.").click()
    assert page.locator("[name=until]").evaluate("element => element === document.activeElement")
    assert page.input_value("[name=note]") == "Is away."
