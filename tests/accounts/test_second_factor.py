"""A password alone lets nobody in who has a second factor, whatever the way; roles that need one set it up first."""

import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.auth.tokens import default_token_generator
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from pytest_django import Settings

from clinic.accounts.mfa_forms import MAX_WRONG_CODES
from clinic.accounts.models import SecurityEvent
from clinic.accounts.second_factor import SecondFactorMiddleware
from clinic.models import AccountRequest, User
from tests.accounts.conftest import PASSWORD, SignIn

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("half_minute")]
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def ana_with_app(scheduler_ana: User) -> User:
    TOTP.activate(scheduler_ana, SECRET)
    return scheduler_ana


def _code(secret: str = SECRET, later: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later)))


def _give_password(browser: Client, address: str = "/sign-in/", name: str = "ana") -> Any:
    return browser.post(address, {"username": name, "password": PASSWORD})


def _give_code(browser: Client, code: str) -> Any:
    return browser.post(reverse("mfa_authenticate"), {"code": code})


def test_the_password_alone_opens_nothing_and_the_code_opens_the_page_that_was_asked_for(
    client: Client, ana_with_app: User
) -> None:
    answer = _give_password(client, "/sign-in/?next=/keys/")
    assert answer.headers["Location"] == reverse("mfa_authenticate")
    assert client.get(reverse("queue")).status_code == 302
    assert _give_code(client, "000000" if _code() != "000000" else "000001").status_code == 200
    assert client.get(reverse("queue")).status_code == 302
    assert _give_code(client, _code()).headers["Location"] == "/keys/"
    assert client.get(reverse("queue")).status_code == 200


def test_the_way_in_of_the_administration_asks_for_it_too(client: Client, administrator_ida: User) -> None:
    TOTP.activate(administrator_ida, SECRET)
    page: Any = client.get("/admin/", follow=True)
    address = page.redirect_chain[-1][0]
    assert address.startswith("/sign-in/")
    _give_password(client, address, "ida")
    assert client.get("/admin/").status_code == 302
    assert _give_code(client, _code()).headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_one_time_link_for_a_new_password_does_not_pass_over_it(client: Client, ana_with_app: User) -> None:
    uid = urlsafe_base64_encode(force_bytes(ana_with_app.pk))
    link = reverse("invitation", args=[uid, default_token_generator.make_token(ana_with_app)])
    page: Any = client.get(link, follow=True)
    chosen = {"new_password1": "nine quiet harbours", "new_password2": "nine quiet harbours"}
    assert client.post(page.redirect_chain[-1][0], chosen).headers["Location"] == reverse("mfa_authenticate")
    assert client.get(reverse("queue")).status_code == 302


def test_a_code_lets_in_once_in_whatever_process(client: Client, ana_with_app: User) -> None:
    _give_password(client)
    code = _code()
    assert _give_code(client, code).status_code == 302
    cache.clear()  # another web process remembers nothing of this one
    thief = Client()
    _give_password(thief)
    assert _give_code(thief, code).status_code == 200
    assert thief.get(reverse("queue")).status_code == 302


def test_a_code_of_an_app_counts_for_its_half_minute_alone(client: Client, ana_with_app: User) -> None:
    for later in (-1, 1):
        _give_password(client)
        assert _give_code(client, _code(later=later)).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(seconds=29), tick=False):
        old = _code()
    with time_machine.travel(timezone.now() + timedelta(seconds=31), tick=False):
        assert _give_code(client, old).status_code == 200
        assert _give_code(client, _code()).status_code == 302


def test_after_ten_wrong_codes_the_right_one_is_not_taken_either(client: Client, ana_with_app: User) -> None:
    SecurityEvent.objects.bulk_create(
        SecurityEvent(kind=SecurityEvent.Kind.SIGN_IN_FAILED, user=ana_with_app, detail="second factor")
        for _ in range(MAX_WRONG_CODES - 1)
    )
    _give_password(client)
    _give_code(client, "abcdef")
    assert _give_code(client, _code()).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        cache.clear()
        _give_password(client)
        assert _give_code(client, _code()).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_a_role_that_needs_it_sets_it_up_before_any_other_page(
    sign_in: SignIn, scheduler_ana: User, settings: Settings
) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset({"scheduler"})
    desk = sign_in(scheduler_ana)
    for page in (reverse("queue"), "/search/", reverse("password_change")):
        assert desk.get(page).headers["Location"] == reverse("mfa_index")
    assert desk.get(reverse("mfa_index")).status_code == 200
    secret = desk.get(reverse("mfa_activate_totp")).context["form"].secret
    set_up = desk.post(reverse("mfa_activate_totp"), {"code": _code(secret)})
    assert set_up.headers["Location"] == reverse("mfa_view_recovery_codes")
    assert desk.get(reverse("queue")).status_code == 200
    events = SecurityEvent.objects.filter(kind=SecurityEvent.Kind.SECOND_FACTOR, user=scheduler_ana)
    assert {event.detail for event in events} == {"added: totp", "added: recovery_codes"}


def test_other_roles_go_on_without(sign_in: SignIn, scheduler_ana: User, settings: Settings) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset({"administrator"})
    assert sign_in(scheduler_ana).get(reverse("queue")).status_code == 200


def test_a_session_that_began_past_the_second_factor_ends(ana_with_app: User, settings: Settings) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset({"all"})
    browser = Client()
    browser.force_login(ana_with_app)
    assert browser.get(reverse("queue")).headers["Location"] == "/sign-in/"
    assert browser.get(reverse("mfa_index")).status_code == 302


def test_a_wrong_name_of_a_role_stops_the_start(settings: Settings) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset({"radiologists"})
    with pytest.raises(ImproperlyConfigured, match="radiologists"):
        SecondFactorMiddleware(lambda _request: None)  # type: ignore[arg-type,return-value]


def test_a_recovery_code_lets_in_once_and_codes_are_shown_once(
    sign_in: SignIn, scheduler_ana: User, client: Client
) -> None:
    desk = sign_in(scheduler_ana)
    secret = desk.get(reverse("mfa_activate_totp")).context["form"].secret
    desk.post(reverse("mfa_activate_totp"), {"code": _code(secret)})
    code = desk.get(reverse("mfa_view_recovery_codes")).context["unused_codes"][0]
    assert code not in desk.get(reverse("mfa_view_recovery_codes")).text
    _give_password(client)
    assert _give_code(client, code).status_code == 302
    again = Client()
    _give_password(again)
    assert _give_code(again, code).status_code == 200


def test_the_last_factor_stays_where_the_role_needs_one(client: Client, ana_with_app: User, settings: Settings) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset({"all"})
    _give_password(client)
    _give_code(client, _code())
    answer = client.post(reverse("mfa_deactivate_totp"))
    assert "add another one first" in answer.text
    assert Authenticator.objects.filter(user=ana_with_app, type="totp").exists()


def test_the_secret_of_an_app_is_not_readable_in_the_database(ana_with_app: User) -> None:
    assert SECRET not in str(Authenticator.objects.get(user=ana_with_app).data)


@pytest.mark.usefixtures("patient")
def test_a_lost_factor_is_removed_by_two_administrators(
    sign_in: SignIn, client: Client, ana_with_app: User, administrator_ida: User, administrator_bo: User
) -> None:  # fmt: skip
    _give_password(client)
    _give_code(client, _code())
    sign_in(administrator_ida).post(reverse("setup_lost_factor", args=[ana_with_app.pk]))
    assert Authenticator.objects.filter(user=ana_with_app).exists()
    asked = AccountRequest.objects.get()
    sign_in(administrator_bo).post(reverse("setup_account_decide", args=[asked.pk]), {"decision": "confirm"})
    assert not Authenticator.objects.filter(user=ana_with_app).exists()
    assert client.get(reverse("queue")).status_code == 302
    assert User.objects.get(pk=ana_with_app.pk).check_password(PASSWORD)
