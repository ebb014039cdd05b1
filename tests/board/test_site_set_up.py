"""Holds that whoever sets a site up is asked for what most patients would otherwise never learn."""

from html import unescape

import pytest

from clinic.models import Site, User
from tests.board.conftest import page_text
from tests.support.admin_pages import change_url, signed_in_client, site_form_data

pytestmark = pytest.mark.django_db
ADVICE = "Emails of this site carry no link to the patient's page."


def _all_words(page: str) -> str:
    return " ".join(unescape(page).split())


def test_an_administrator_can_turn_the_link_to_the_patients_page_on(administrator_ada: User, shadyside: Site) -> None:
    ada = signed_in_client(administrator_ada)
    assert ada.post(change_url(shadyside), site_form_data(shadyside, page_link="on")).status_code == 302
    shadyside.refresh_from_db()
    assert shadyside.page_link
    assert ADVICE not in _all_words(ada.get("/admin/clinic/site/").text)


def test_a_site_saved_without_the_link_says_what_its_patients_will_not_learn(
    administrator_ada: User, shadyside: Site
) -> None:
    ada = signed_in_client(administrator_ada)
    assert "Turn the link to the patient's page on" in page_text(ada.get(change_url(shadyside)).text)
    ada.post(change_url(shadyside), site_form_data(shadyside))
    assert ADVICE in _all_words(ada.get("/admin/clinic/site/").text)
