"""Holds what of an account the administration shows and changes: names, not rights."""

import pytest

from clinic.models import User
from tests.board.conftest import page_text
from tests.support.admin_pages import change_url, changelist_url, signed_in_client

pytestmark = pytest.mark.django_db


def test_roles_are_named_by_their_labels(administrator_ada: User, scheduler_ana: User) -> None:
    page = page_text(signed_in_client(administrator_ada).get(changelist_url(User)).text)
    assert "Scheduler" in page
    assert ">scheduler<" not in page


def test_names_and_absence_are_changed_and_nothing_else(administrator_ada: User, scheduler_ana: User) -> None:
    typed = {
        "first_name": "Anna", "last_name": "Example-Elm", "npi": "", "away_until": "", "username": "boss",
        "email": "elsewhere@example.org", "is_active": "", "is_staff": "on", "groups": [], "sites": [],
    }  # fmt: skip
    assert signed_in_client(administrator_ada).post(change_url(scheduler_ana), typed).status_code == 302
    kept = User.objects.get(pk=scheduler_ana.pk)
    assert (kept.first_name, kept.last_name) == ("Anna", "Example-Elm")
    assert (kept.username, kept.email, kept.is_active, kept.is_staff) == ("ana", "ana@example.org", True, False)
    assert kept.groups.exists()
    assert kept.sites.exists()
