"""Single sign-on with a real provider on this machine: it says who comes and in which groups."""

from collections.abc import Sequence

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from clinic.accounts.models import SecurityEvent
from clinic.factories import UserFactory
from clinic.models import Site, User
from clinic.roles import Role, get_roles
from tests.accounts.house_sign_in import come_in, set_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sign_in_at_the_house(house: str) -> None:
    """Every test here has it."""


def _map(settings: Settings, **groups: str) -> None:
    settings.SSO_GROUPS = {name.replace("_", "-"): role for name, role in groups.items()}


def _roles(names: Sequence[Role], user: User) -> bool:
    return set(get_roles(User.objects.get(pk=user.pk))) == set(names)


def test_an_account_is_found_by_a_verified_address_and_then_by_the_person(
    client: Client, provider_url: str, scheduler_ana: User
) -> None:
    set_person(provider_url, "u1", email="ana@example.org", email_verified=True)
    assert come_in(client, "u1").status_code == 302
    assert client.get(reverse("queue")).status_code == 200
    set_person(provider_url, "u1", email="ana.new@example.org", email_verified=True)
    again = Client()
    assert come_in(again, "u1").status_code == 302
    assert again.get(reverse("queue")).status_code == 200


def test_an_address_that_the_provider_did_not_verify_opens_no_account(
    client: Client, provider_url: str, scheduler_ana: User
) -> None:
    set_person(provider_url, "u2", email="ana@example.org", email_verified=False)
    assert come_in(client, "u2").status_code == 403
    assert client.get(reverse("queue")).status_code == 302
    assert SecurityEvent.objects.filter(detail__startswith="single sign-on").exists()


def test_nobody_makes_an_account_by_signing_in_where_groups_are_not_mapped(client: Client, provider_url: str) -> None:
    UserFactory.create(username="first")
    set_person(provider_url, "u3", email="eve@example.org", email_verified=True)
    assert come_in(client, "u3").status_code == 403
    assert User.objects.count() == 1


def test_roles_follow_the_groups_of_the_directory_and_what_was_open_ends(
    client: Client, provider_url: str, scheduler_ana: User, settings: Settings
) -> None:
    _map(settings, recall_schedulers="scheduler", recall_navigators="navigator")
    set_person(provider_url, "u4", email="ana@example.org", email_verified=True, groups=["recall-schedulers", "staff"])
    come_in(client, "u4")
    assert _roles([Role.SCHEDULER], scheduler_ana)
    set_person(provider_url, "u4", email="ana@example.org", email_verified=True, groups=["recall-navigators"])
    later = Client()
    come_in(later, "u4")
    assert _roles([Role.NAVIGATOR], scheduler_ana)
    assert client.get(reverse("queue")).status_code == 302
    assert later.get(reverse("queue")).status_code == 200


def test_somebody_new_of_a_mapped_group_has_the_role_and_sees_no_patient_before_a_site_is_given(
    client: Client, provider_url: str, settings: Settings, shadyside: Site
) -> None:
    UserFactory.create(username="first")
    _map(settings, recall_schedulers="scheduler")
    set_person(provider_url, "u5", email="sol@example.org", preferred_username="sol", groups=["recall-schedulers"])
    assert come_in(client, "u5").status_code == 302
    sol = User.objects.get(username="sol")
    assert _roles([Role.SCHEDULER], sol)
    assert not sol.sites.exists()


def test_whoever_is_in_no_mapped_group_does_not_come_in(
    client: Client, provider_url: str, scheduler_ana: User, settings: Settings
) -> None:
    _map(settings, recall_schedulers="scheduler")
    set_person(provider_url, "u6", email="ana@example.org", email_verified=True, groups=["kitchen"])
    assert come_in(client, "u6").status_code == 403
    assert _roles([Role.SCHEDULER], scheduler_ana)


def test_an_ended_account_does_not_come_in_either(client: Client, provider_url: str, scheduler_ana: User) -> None:
    User.objects.filter(pk=scheduler_ana.pk).update(is_active=False)
    set_person(provider_url, "u7", email="ana@example.org", email_verified=True)
    assert come_in(client, "u7").status_code == 403
    assert client.get(reverse("queue")).status_code == 302


def test_without_the_settings_the_sign_in_page_offers_no_such_way(client: Client, settings: Settings) -> None:
    settings.SSO_NAME = ""
    UserFactory.create(username="first")
    assert not client.get(reverse("sign_in")).context["sso_url"]
