"""The header: as many pages as fit, the others in a menu, and every icon that a page asks for."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from clinic.models import Site, User
from tests.desk.conftest import ClientFor

ICON_IN_TEMPLATE = re.compile(r"{% icon \"([a-z-]+)\" %}")
MENU = re.compile(r'<nav class="site-nav".*?</nav>', re.DOTALL)
MORE = re.compile(r'<nav class="menu-sheet".*?</nav>', re.DOTALL)
ON_PHONE = re.compile(r'<nav aria-label="All pages".*?</nav>', re.DOTALL)


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["scheduler_ana", "radiologist_rao", "manager_mo"])
def test_no_role_has_more_links_in_the_header_than_fit_and_none_is_lost(
    who: str, request: pytest.FixtureRequest, client_for: ClientFor, shadyside: Site
) -> None:
    user: User = request.getfixturevalue(who)
    page = client_for(user).get(reverse("queue")).content.decode()
    header, more, phone = (one.findall(page)[0].count("<a ") for one in (MENU, MORE, ON_PHONE))
    assert header == 5
    assert more >= 2
    assert phone == header + more


def test_every_icon_that_a_page_asks_for_is_in_the_sprite_and_no_other() -> None:
    templates = Path(settings.BASE_DIR) / "templates"
    asked = {name for one in templates.rglob("*.html") for name in ICON_IN_TEMPLATE.findall(one.read_text())}
    sprite = (Path(settings.BASE_DIR) / "static/vendor/bootstrap-icons/sprite.svg").read_text()
    assert set(re.findall(r'<symbol id="([a-z-]+)"', sprite)) == asked
