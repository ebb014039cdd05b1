"""Pages hold no inline scripts or styles, and errors are shown as sentences."""

import re

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from clinic.models import Site, User
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, page_text

INLINE_CODE = re.compile(r"""<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|javascript:""", re.IGNORECASE)
EXTERNAL_URL = re.compile(r"""(?:src|href)="(?:https?:)?//""", re.IGNORECASE)


@pytest.mark.django_db
@pytest.mark.parametrize("story", ["three_attempts", "attended", "awaiting_concordance", "closed_benign"])
def test_no_page_of_the_desks_holds_a_script_a_style_or_anything_of_another_host(
    story: str, client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, **{story: True})
    browser = client_for(radiologist_rao)
    addresses = [reverse(name) for name in ("queue", "worklist", "work_items", "search")]
    addresses += [reverse("recall", args=[recall.pk]), reverse("step", args=[recall.pk, "void"])]
    for address in addresses:
        page = page_text(browser.get(address))
        assert INLINE_CODE.findall(page) + EXTERNAL_URL.findall(page) == []


@pytest.mark.parametrize(
    ("template", "sentence"),
    [("500.html", "What you were saving was not saved"), ("400.html", "nothing was changed")],
)
def test_an_error_page_says_what_became_of_the_users_work(template: str, sentence: str) -> None:
    page = render_to_string(template)
    assert sentence in page
    assert INLINE_CODE.findall(page) == []


@pytest.mark.django_db
def test_a_form_from_a_forgotten_tab_is_answered_in_words(client_for: ClientFor, scheduler_ana: User) -> None:
    browser = client_for(scheduler_ana)
    browser.handler.enforce_csrf_checks = True
    answer = browser.post(reverse("search"), {"q": "x"})
    assert answer.status_code == 403
    assert "Go back, reload the page and send it again." in page_text(answer)
