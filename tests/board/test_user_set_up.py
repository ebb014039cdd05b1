"""Holds that an account has a role and a site before it signs in, and that roles are named as people say them."""

import pytest

from clinic.models import Site, User
from clinic.roles import Role
from tests.board.conftest import page_text
from tests.support.admin_pages import change_url, signed_in_client

pytestmark = pytest.mark.django_db
ADD = "/admin/clinic/user/add/"
NO_ROLE = "Choose at least one role: without one the account opens no page."
NO_SITE = "Choose at least one site: without one the account sees no patient."


def _new_account(**changes: object) -> dict[str, object]:
    secret = {"password1": "a long sentence 12", "password2": "a long sentence 12", "usable_password": "true"}
    return {"username": "pat", "first_name": "Pat", "last_name": "Example-Birch", **secret, **changes}


def test_an_account_without_role_and_site_is_not_saved_and_the_form_says_why(
    administrator_ada: User, shadyside: Site
) -> None:
    page = page_text(signed_in_client(administrator_ada).post(ADD, _new_account()).text)
    assert NO_ROLE in page
    assert NO_SITE in page
    assert not User.objects.filter(username="pat").exists()


def test_an_account_with_role_and_site_is_saved(administrator_ada: User, shadyside: Site) -> None:
    role = administrator_ada.groups.model.objects.get(name=Role.SCHEDULER)
    answer = signed_in_client(administrator_ada).post(ADD, _new_account(groups=[role.pk], sites=[shadyside.pk]))
    assert answer.status_code == 302
    assert User.objects.get(username="pat").sites.get() == shadyside


@pytest.mark.ignore_template_errors  # Django's own widget of the password reads a variable that may be missing
def test_the_last_role_is_not_taken_from_somebody_who_still_signs_in(
    administrator_ada: User, scheduler_ana: User, shadyside: Site
) -> None:
    ada, kept = signed_in_client(administrator_ada), {"username": "ana", "sites": [shadyside.pk]}
    assert NO_ROLE in page_text(ada.post(change_url(scheduler_ana), kept | {"is_active": "on"}).text)
    assert scheduler_ana.groups.exists()
    assert ada.post(change_url(scheduler_ana), kept).status_code == 302  # who left needs none
    assert not User.objects.get(username="ana").is_active


def test_roles_are_named_by_their_labels(administrator_ada: User) -> None:
    page = page_text(signed_in_client(administrator_ada).get(ADD).text)
    for role in ("Scheduler", "Navigator", "Radiologist", "Manager", "Administrator"):
        assert role in page
    assert "scheduler" not in page
