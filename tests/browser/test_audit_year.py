"""The audit interpreting physician reviews and signs a year; a cancer that becomes known later changes it no more."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from recalls.enums import Assessment
from recalls.models import ScreeningExam
from tests.audit.histories import History, write_histories
from tests.browser.conftest import axe_violations, has_horizontal_scroll, session_cookie

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]


def _become(page: Page, user: User, live_server: LiveServer) -> None:
    page.context.clear_cookies()
    page.context.add_cookies([session_cookie(user, live_server)])


def _false_negatives(page: Page) -> str:
    row = page.get_by_role("row").filter(has_text="False negatives").first
    return row.get_by_role("cell").first.inner_text()


def _tell_of_cancer(page: Page, address: str, exam: ScreeningExam) -> None:
    page.goto(address)
    for name, text in {
        "family_name": exam.patient.family_name, "given_name": exam.patient.given_name, "mrn": exam.patient.mrn,
        "birth_date": exam.patient.birth_date.isoformat(),
        "diagnosed_on": (exam.exam_date + timedelta(days=40)).isoformat(),
    }.items():  # fmt: skip
        page.locator(f"[name={name}]").fill(text)
    page.locator("[name=result]").select_option("invasive")
    page.locator("main button[type=submit]").last.click()


def test_a_year_is_named_reviewed_signed_and_stays_as_it_was(
    page: Page, sign_in: SignIn, live_server: LiveServer, manager_mo: User, radiologist_rao: User, shadyside: Site
) -> None:
    year = timezone.now().year - 1
    day = date(year, 5, 6)
    negative = [History(day, Assessment.NEGATIVE, reader=radiologist_rao) for _number in range(9)]
    exams = write_histories(shadyside, [*negative, History(day, Assessment.NEED_IMAGING, reader=radiologist_rao)])
    living, signed_list = f"{live_server.url}/audit/?year={year}", f"{live_server.url}/audit/signed/"
    sign_in(manager_mo)
    page.goto(signed_list)
    page.get_by_label("Audit interpreting physician of").select_option(label=radiologist_rao.get_full_name())
    page.get_by_role("button", name="Name").click()

    _become(page, radiologist_rao, live_server)
    page.goto(living)
    assert _false_negatives(page) == "0 of 10"
    page.get_by_role("link", name="Signed", exact=True).click()
    page.get_by_label("Year of the screenings").select_option(str(year))
    page.get_by_label("Conclusions").fill("Reviewed with the group.")
    page.get_by_role("button", name="Sign the audit").click()
    expect(page.get_by_role("heading", name=f"Audit of {year}, as signed")).to_be_visible()
    frozen = page.url
    assert _false_negatives(page) == "0 of 10"
    assert axe_violations(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="the whole audit as PDF").click()
    assert download.value.suggested_filename == f"signed-audit-SHADY-{year}.pdf"

    _become(page, manager_mo, live_server)
    _tell_of_cancer(page, f"{live_server.url}/cancers/new/SHADY/", exams[0])
    page.goto(living)
    assert _false_negatives(page) == "1 of 10"
    page.goto(frozen)
    assert _false_negatives(page) == "0 of 10"

    _become(page, radiologist_rao, live_server)
    page.goto(f"{live_server.url}/audit/cases/")
    page.get_by_label("What does the review of the images show?").fill("Nothing to be seen, also now.")
    page.get_by_role("button", name="Keep the review").click()
    expect(page.get_by_text("You and the audit physician can read it.")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 800})
    assert not has_horizontal_scroll(page)
    assert axe_violations(page) == []
