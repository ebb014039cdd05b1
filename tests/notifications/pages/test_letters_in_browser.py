"""Tests printing the day's letters in a real browser, wide and on a phone, with the accessibility checker."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine
from django.conf import LazySettings
from playwright.sync_api import Page, expect
from pypdf import PdfReader
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind, NotificationState
from notifications.letter_batches import jobs
from notifications.models import BatchLetter
from patients.factories import PatientFactory
from recalls.testing.factories import RecallFactory
from tests.browser.conftest import axe_violations, has_horizontal_scroll, sign_in  # noqa: F401  (a fixture)
from tests.notifications.clock import latest_notification

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]


def _look(page: Page, where: str) -> list[str]:
    found = []
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{where} at {width}: {barrier}" for barrier in axe_violations(page)]
        found += [f"{where} at {width}: must be scrolled sideways"] if has_horizontal_scroll(page) else []
    return found


def test_several_letters_become_one_pdf_and_then_printed(
    sign_in: SignIn,  # noqa: F811
    live_server: LiveServer,
    scheduler_ana: User,
    shadyside: Site,
    tmp_path: Path,
) -> None:
    recalls = [
        RecallFactory.create(patient=PatientFactory.create(site=shadyside, no_email=True, family_name=name))
        for name in ("Sample-Oak", "Sample-Elm", "Sample-Fir")
    ]
    rows = [latest_notification(recall, NotificationKind.RECALL_NOTICE) for recall in recalls]
    with time_machine.travel(max(row.due_at for row in rows), tick=False):
        send_due(5)
    page = sign_in(scheduler_ana)
    page.get_by_role("link", name="Letters").click()
    found = _look(page, "waiting")
    page.get_by_label("Sample-Fir").uncheck()
    with page.expect_download() as download:
        page.get_by_role("button", name="Make a PDF of the chosen letters").click()
    download.value.save_as(tmp_path / "letters.pdf")
    sheets = PdfReader(tmp_path / "letters.pdf").pages[::2]  # each letter begins on a sheet of its own
    assert ["Sample-Oak" in sheets[0].extract_text(), "Sample-Elm" in sheets[1].extract_text()] == [True, True]
    assert len(sheets) == 2
    page.reload()
    found += _look(page, "in a PDF")
    page.get_by_role("button", name="The chosen letters are printed").click()
    expect(page.get_by_text("2 letters are noted as printed.")).to_be_visible()
    found += _look(page, "printed")
    assert found == []
    for row in rows:
        row.refresh_from_db()
    assert [row.state for row in rows].count(NotificationState.ACCEPTED) == 2
    page.get_by_role("table").last.get_by_role("link", name="Sample-Oak").click()
    page.get_by_role("link", name="Letter: Please come back").click()
    expect(page.get_by_role("link", name="The letter as PDF")).to_be_visible()
    assert _look(page, "the letter's own page") == []


def test_the_letters_list_fits_a_phone_with_long_names_and_tracking_numbers(
    sign_in: SignIn,  # noqa: F811
    scheduler_ana: User,
    shadyside: Site,
    settings: LazySettings,
    tmp_path: Path,
) -> None:
    settings.LETTER_DIR = tmp_path / "letters"
    names = ("Sample-Featherstonehaugh de la Invented y Ejemplo", "Sample-Elm", "Sample-Fir")
    recalls = [
        RecallFactory.create(patient=PatientFactory.create(site=shadyside, no_email=True, family_name=name))
        for name in names
    ]
    rows = [latest_notification(recall, NotificationKind.RECALL_NOTICE) for recall in recalls]
    with time_machine.travel(max(row.due_at for row in rows), tick=False):
        send_due(5)
        batch = jobs.queue_batch(scheduler_ana, shadyside)
        assert batch is not None
        jobs.work_on_batch(batch.pk)
        BatchLetter.objects.filter(batch=batch, position__lt=3).delete()
        jobs.queue_posted(batch, by=scheduler_ana)
        jobs.work_on_batch(batch.pk)
        batch.letters.update(tracking_number="9407100000000000000018")
        page = sign_in(scheduler_ana)
        page.get_by_role("link", name="Letters").click()
        page.get_by_label("Tracking number").fill("9407 1000 0000 0000 0000 18")
        page.get_by_role("button", name="Find the letter").click()
        expect(page.get_by_role("heading", name="Letters found")).to_be_visible()
        assert _look(page, "the list") == []
        page.screenshot(path=os.environ.get("LETTERS_SHOT", str(tmp_path / "shot.png")), full_page=True)
