"""Holds that all users can change their own password."""

import pytest
from django.test import Client
from django.urls import reverse

from clinic.factories import UserFactory
from clinic.roles import STAFF_ROLES, Role

pytestmark = pytest.mark.django_db
OLD, NEW = "willow-sample-41-lane", "harbour-sample-77-mill"


@pytest.mark.parametrize("role", sorted(STAFF_ROLES))
def test_everybody_may_change_their_own_password(role: Role) -> None:
    user = UserFactory.create(role=role, password=OLD)
    desk = Client()
    desk.force_login(user)
    answer = desk.post(reverse("password_change"), {"old_password": OLD, "new_password1": NEW, "new_password2": NEW})
    assert answer.status_code == 302
    user.refresh_from_db()
    assert user.check_password(NEW)


def test_a_changed_password_ends_the_users_other_sessions() -> None:
    user = UserFactory.create(role=Role.SCHEDULER, password=OLD)
    here, elsewhere = Client(), Client()
    here.force_login(user)
    elsewhere.force_login(user)
    here.post(reverse("password_change"), {"old_password": OLD, "new_password1": NEW, "new_password2": NEW})
    assert here.get(reverse("queue")).status_code == 200
    assert elsewhere.get(reverse("queue")).status_code == 302


def test_the_old_password_must_be_known() -> None:
    user = UserFactory.create(role=Role.RADIOLOGIST, password=OLD)
    desk = Client()
    desk.force_login(user)
    answer = desk.post(
        reverse("password_change"), {"old_password": "guess", "new_password1": NEW, "new_password2": NEW}
    )
    assert answer.status_code == 200
    assert "error-summary" in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password(OLD)
