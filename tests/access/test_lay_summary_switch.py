"""Tests of the switch by which a site takes over the lay summaries."""

from datetime import date

import pytest
from time_machine import TimeMachineFixture

from clinic.models import Site, User
from tests.support.admin_pages import change_url, signed_in_client, site_form_data

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_tuesday(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2026-11-10T15:00Z", tick=False)


def save_site(user: User, site: Site, **changes: str) -> str:
    answer = signed_in_client(user).post(change_url(site), site_form_data(site, **changes))
    site.refresh_from_db()
    return str(answer.content.decode()) if answer.status_code == 200 else ""


def test_turned_on_it_begins_today_and_never_reaches_back_by_itself(administrator_ada: User, shadyside: Site) -> None:
    save_site(administrator_ada, shadyside, sends_lay_summaries="on")
    assert (shadyside.sends_lay_summaries, shadyside.lay_summaries_from) == (True, date(2026, 11, 10))
    save_site(administrator_ada, shadyside)
    assert (shadyside.sends_lay_summaries, shadyside.lay_summaries_from) == (False, None)


def test_it_may_begin_some_days_back_but_not_years(administrator_ada: User, shadyside: Site) -> None:
    page = save_site(administrator_ada, shadyside, sends_lay_summaries="on", lay_summaries_from="2016-11-10")
    assert "Choose a day of the last 30 days" in page
    assert not shadyside.sends_lay_summaries
    save_site(administrator_ada, shadyside, sends_lay_summaries="on", lay_summaries_from="2026-10-20")
    assert shadyside.lay_summaries_from == date(2026, 10, 20)


def test_a_day_of_years_ago_stays_when_something_else_is_changed(
    administrator_ada: User, shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    save_site(administrator_ada, shadyside, sends_lay_summaries="on")
    time_machine.move_to("2028-11-10T15:00Z", tick=False)
    save_site(
        administrator_ada, shadyside, sends_lay_summaries="on", lay_summaries_from="2026-11-10", phone="412 555 0199"
    )
    assert (shadyside.phone, shadyside.lay_summaries_from) == ("412 555 0199", date(2026, 11, 10))


def test_the_form_says_what_the_switch_does(administrator_ada: User, shadyside: Site) -> None:
    page = signed_in_client(administrator_ada).get(change_url(shadyside)).text
    for words in ("also a negative one", "counts as sent when somebody says", "no other system sends these summaries"):
        assert words in page


def test_a_summary_names_the_facility_by_its_legal_name_and_else_by_its_name(shadyside: Site) -> None:
    assert shadyside.facility_name == "Shadyside Sample Imaging"
    shadyside.legal_name = "Shadyside Breast Center, Inc."
    assert shadyside.facility_name == "Shadyside Breast Center, Inc."
