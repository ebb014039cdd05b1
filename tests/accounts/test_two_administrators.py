"""Rights and passwords are given by two people: one administrator asks, a second one confirms."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from clinic.factories import UserFactory
from clinic.models import AccountRequest, Site, User
from clinic.roles import Role, get_roles
from tests.accounts.conftest import PASSWORD, SignIn

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient")]


@pytest.fixture(autouse=True)
def _mail_is_caught(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def _roles(user: User) -> set[Role]:
    return set(get_roles(User.objects.get(pk=user.pk)))


def _ask_for(browser: Client, person: User, *roles: Role, sites: tuple[Site, ...] = (), email: str = "") -> Any:
    fields = {"roles": [role.value for role in roles], "sites": [site.pk for site in sites]}
    typed = fields | {"email": email or person.email}
    return browser.post(reverse("setup_account", args=[person.pk]), typed, follow=True)


def _decide(browser: Client, decision: str = "confirm") -> Any:
    waiting = AccountRequest.objects.get(decision="")
    return browser.post(reverse("setup_account_decide", args=[waiting.pk]), {"decision": decision})


def test_a_role_is_given_only_once_a_second_administrator_confirms(
    sign_in: SignIn, administrator_ida: User, administrator_bo: User, scheduler_ana: User, shadyside: Site
) -> None:
    ida = sign_in(administrator_ida)
    page = _ask_for(ida, scheduler_ana, Role.SCHEDULER, Role.RADIOLOGIST, sites=(shadyside,))
    assert "A second administrator must confirm" in page.text
    assert _decide(ida).status_code == 403
    assert _roles(scheduler_ana) == {Role.SCHEDULER}
    assert _decide(sign_in(administrator_bo)).status_code == 302
    assert _roles(scheduler_ana) == {Role.SCHEDULER, Role.RADIOLOGIST}


def test_a_refused_role_is_not_given_and_cannot_be_confirmed_afterwards(
    sign_in: SignIn, administrator_ida: User, administrator_bo: User, scheduler_ana: User, shadyside: Site
) -> None:
    _ask_for(sign_in(administrator_ida), scheduler_ana, Role.SCHEDULER, Role.MANAGER, sites=(shadyside,))
    bo, asked = sign_in(administrator_bo), AccountRequest.objects.get()
    _decide(bo, "refuse")
    late = bo.post(reverse("setup_account_decide", args=[asked.pk]), {"decision": "confirm"})
    assert late.status_code == 404
    assert _roles(scheduler_ana) == {Role.SCHEDULER}


def test_an_administrator_changes_neither_own_roles_nor_own_sites(
    sign_in: SignIn, administrator_ida: User, foothills: Site
) -> None:
    ida = sign_in(administrator_ida)
    everything = {"roles": [role.value for role in Role], "sites": [foothills.pk], "email": ""}
    assert ida.post(reverse("setup_account", args=[administrator_ida.pk]), everything).status_code == 404
    admin_page = reverse("admin:clinic_user_change", args=[administrator_ida.pk])
    groups = administrator_ida.groups.model.objects.values_list("pk", flat=True)
    forced = {"first_name": "Ida", "groups": list(groups), "sites": [foothills.pk], "is_superuser": "on"}
    assert ida.post(admin_page, forced).status_code == 302
    administrator_ida.refresh_from_db()
    assert _roles(administrator_ida) == {Role.ADMINISTRATOR}
    assert foothills not in administrator_ida.sites.all()
    assert not administrator_ida.is_superuser


def test_nobody_confirms_what_was_asked_for_themselves(
    sign_in: SignIn, administrator_ida: User, administrator_bo: User, shadyside: Site
) -> None:
    _ask_for(sign_in(administrator_ida), administrator_bo, Role.ADMINISTRATOR, Role.RADIOLOGIST, sites=(shadyside,))
    assert _decide(sign_in(administrator_bo)).status_code == 403
    assert _roles(administrator_bo) == {Role.ADMINISTRATOR}
    with pytest.raises(IntegrityError), transaction.atomic():
        AccountRequest.objects.update(decision="confirmed", decided_by=administrator_bo)


def test_an_administrator_gives_only_own_sites(
    sign_in: SignIn, administrator_ida: User, scheduler_ana: User, shadyside: Site, foothills: Site
) -> None:
    ida = sign_in(administrator_ida)
    page = ida.post(
        reverse("setup_account", args=[scheduler_ana.pk]),
        {"roles": ["scheduler"], "sites": [shadyside.pk, foothills.pk], "email": scheduler_ana.email},
    )
    assert page.context["form"].errors["sites"]
    assert not AccountRequest.objects.exists()


def test_accounts_of_another_site_are_out_of_reach(
    sign_in: SignIn, administrator_ida: User, other_site_scheduler: User
) -> None:
    ida = sign_in(administrator_ida)
    for name in ("setup_account", "setup_new_password"):
        assert ida.post(reverse(name, args=[other_site_scheduler.pk]), {}).status_code == 404
    for page in ("change", "history", "delete"):
        address = reverse(f"admin:clinic_user_{page}", args=[other_site_scheduler.pk])
        assert ida.get(address).status_code in (302, 403, 404)
    assert "stranger" not in ida.get(reverse("admin:clinic_user_changelist")).text


def test_who_also_works_elsewhere_gets_no_role_from_one_of_the_sites(
    sign_in: SignIn, administrator_ida: User, scheduler_ana: User, shadyside: Site, foothills: Site
) -> None:
    """A role holds at every site of an account."""
    scheduler_ana.sites.add(foothills)
    ida = sign_in(administrator_ida)
    _ask_for(ida, scheduler_ana, Role.SCHEDULER, Role.RADIOLOGIST, sites=(shadyside,))
    assert not AccountRequest.objects.exists()
    assert ida.post(reverse("setup_new_password", args=[scheduler_ana.pk])).status_code == 403


def test_nobody_sets_the_password_of_another_person(
    sign_in: SignIn, administrator_ida: User, radiologist_rao: User
) -> None:
    ida = sign_in(administrator_ida)
    address = f"/admin/clinic/user/{radiologist_rao.pk}/password/"
    typed = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    assert ida.post(address, typed).status_code in (302, 404)
    assert ida.get("/admin/clinic/user/add/").status_code == 403
    assert not User.objects.get(pk=radiologist_rao.pk).check_password(PASSWORD)


def test_a_new_password_is_chosen_by_the_person_by_a_mailed_link_after_two_people_agreed(
    sign_in: SignIn, administrator_ida: User, administrator_bo: User, shadyside: Site
) -> None:
    rao = UserFactory.create(username="rao", role=Role.RADIOLOGIST, sites=[shadyside], password=PASSWORD)
    desk, ida = sign_in(rao), sign_in(administrator_ida)
    ida.post(reverse("setup_new_password", args=[rao.pk]))
    assert User.objects.get(pk=rao.pk).check_password(PASSWORD)  # asking alone changes nothing
    answer = _decide(sign_in(administrator_bo))
    assert not User.objects.get(pk=rao.pk).has_usable_password()
    assert desk.get(reverse("worklist")).status_code == 302
    links = [message for message in mail.outbox if "/setup/invitation/" in message.body]
    assert [message.to for message in links] == [[rao.email]]
    assert "/setup/invitation/" not in answer.content.decode()


def test_where_there_is_no_address_the_link_is_shown_to_the_second_administrator_alone(
    sign_in: SignIn, administrator_ida: User, administrator_bo: User, scheduler_ana: User
) -> None:
    User.objects.filter(pk=scheduler_ana.pk).update(email="")
    ida = sign_in(administrator_ida)
    asked = ida.post(reverse("setup_new_password", args=[scheduler_ana.pk]), follow=True)
    assert "/setup/invitation/" not in asked.text
    assert "/setup/invitation/" in _decide(sign_in(administrator_bo)).text


def test_the_address_to_which_links_go_is_changed_by_two_people_too(
    sign_in: SignIn, administrator_ida: User, administrator_bo: User, scheduler_ana: User, shadyside: Site
) -> None:
    ida = sign_in(administrator_ida)
    _ask_for(ida, scheduler_ana, Role.SCHEDULER, sites=(shadyside,), email="mine@elsewhere.example")
    ida.post(reverse("admin:clinic_user_change", args=[scheduler_ana.pk]), {"email": "mine@elsewhere.example"})
    scheduler_ana.refresh_from_db()
    assert scheduler_ana.email == "ana@example.org"
    assert "mine@elsewhere.example" in sign_in(administrator_bo).get(reverse("setup_account_requests")).text


def test_managers_and_the_person_are_told(
    sign_in: SignIn, administrator_ida: User, administrator_bo: User, scheduler_ana: User, manager_mo: User,
    shadyside: Site, foothills: Site,
) -> None:  # fmt: skip
    UserFactory.create(username="far", role=Role.MANAGER, sites=[foothills])
    _ask_for(sign_in(administrator_ida), scheduler_ana, Role.SCHEDULER, Role.NAVIGATOR, sites=(shadyside,))
    assert mail.outbox == []
    _decide(sign_in(administrator_bo))
    assert sorted(message.to[0] for message in mail.outbox) == ["ana@example.org", "mo@example.org"]
    assert "Navigator" in mail.outbox[0].body


def test_taking_a_role_away_needs_one_person_and_ends_what_is_open(
    sign_in: SignIn, administrator_ida: User, shadyside: Site
) -> None:
    nia = UserFactory.create(username="nia", roles=[Role.NAVIGATOR, Role.MANAGER], sites=[shadyside], password=PASSWORD)
    desk = sign_in(nia)
    _ask_for(sign_in(administrator_ida), nia, Role.NAVIGATOR, sites=(shadyside,))
    assert _roles(nia) == {Role.NAVIGATOR}
    assert not User.objects.get(pk=nia.pk).is_staff
    assert desk.get(reverse("queue")).status_code == 302


def test_an_hour_after_signing_in_the_password_is_asked_for_once_more_and_then_it_is_done(
    sign_in: SignIn, administrator_ida: User, scheduler_ana: User
) -> None:
    ida = sign_in(administrator_ida)
    address = reverse("setup_new_password", args=[scheduler_ana.pk])
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        asks = ida.post(address)
        assert asks.headers["Location"].startswith(reverse("account_reauthenticate"))
        assert not AccountRequest.objects.exists()
        wrong = ida.post(asks.headers["Location"], {"password": "not it at all"})
        assert wrong.status_code == 200
        assert not AccountRequest.objects.exists()
        assert ida.post(asks.headers["Location"], {"password": PASSWORD, "next": address}).status_code == 302
        assert AccountRequest.objects.get().account == scheduler_ana


def test_a_clinic_with_one_administrator_asks_the_operator_of_the_server(
    sign_in: SignIn, administrator_ida: User, scheduler_ana: User, shadyside: Site
) -> None:
    _ask_for(sign_in(administrator_ida), scheduler_ana, Role.SCHEDULER, Role.NAVIGATOR, sites=(shadyside,))
    asked, out = AccountRequest.objects.get(), StringIO()
    call_command("account_requests", stdout=out)
    assert f"{asked.pk}  ana: Navigator." in out.getvalue()
    call_command("account_requests", confirm=asked.pk, operator="Kim of IT", stdout=out)
    assert _roles(scheduler_ana) == {Role.SCHEDULER, Role.NAVIGATOR}
    asked.refresh_from_db()
    assert "Kim of IT" in asked.decided_words
    with pytest.raises(CommandError, match="No such request"):
        call_command("account_requests", confirm=asked.pk)


def test_a_new_colleague_has_no_role_no_site_and_no_invitation_before_the_second_administrator(
    sign_in: SignIn, administrator_ida: User, administrator_bo: User, shadyside: Site
) -> None:
    typed = {
        "first_name": "Sol", "last_name": "Example-Sage", "email": "sol@example.org", "username": "sol",
        "roles": ["radiologist"], "sites": [shadyside.pk],
    }  # fmt: skip
    sign_in(administrator_ida).post(reverse("setup_staff"), typed)
    sol = User.objects.get(username="sol")
    assert (_roles(sol), list(sol.sites.all()), mail.outbox) == (set(), [], [])
    _decide(sign_in(administrator_bo))
    assert _roles(sol) == {Role.RADIOLOGIST}
    assert any("/setup/invitation/" in message.body for message in mail.outbox)


def test_a_superuser_gives_no_rights_alone_either(
    sign_in: SignIn, scheduler_ana: User, shadyside: Site, foothills: Site
) -> None:
    root = User.objects.create_superuser("root", password=PASSWORD)
    root.sites.add(shadyside)
    browser = sign_in(root)
    _ask_for(browser, scheduler_ana, Role.SCHEDULER, Role.RADIOLOGIST, sites=(shadyside,))
    assert _decide(browser).status_code == 403
    assert _roles(scheduler_ana) == {Role.SCHEDULER}
    own = {"groups": [1, 2, 3], "sites": [foothills.pk], "first_name": "Root"}
    browser.post(reverse("admin:clinic_user_change", args=[root.pk]), own)
    assert (_roles(root), list(root.sites.all())) == (set(), [shadyside])
