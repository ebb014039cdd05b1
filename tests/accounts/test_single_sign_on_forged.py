"""Single sign-on takes only what the house's own provider signed, now, for this client, in answer to this browser."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import jwt
import pytest
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Client
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from clinic.accounts.models import SecurityEvent
from clinic.models import User
from tests.accounts.house_sign_in import choose, come_in, leave, set_person

pytestmark = pytest.mark.django_db
Tokens = dict[str, Any]
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def ana(house: str, scheduler_ana: User) -> User:
    set_person(house, "ana", email="ana@example.org", email_verified=True)
    return scheduler_ana


@pytest.fixture
def change_answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Tokens], None]], None]:
    """What the provider answers to the code is changed on its way, as somebody between the two would."""
    real = OAuth2Client.get_access_token

    def with_change(change: Callable[[Tokens], None]) -> None:
        def changed(self: OAuth2Client, *args: Any, **named: Any) -> Tokens:
            answer: Tokens = real(self, *args, **named)
            change(answer)
            return answer

        monkeypatch.setattr(OAuth2Client, "get_access_token", changed)

    return with_change


def _is_in(browser: Client) -> bool:
    return bool(browser.get(reverse("queue")).status_code == 200)


def _refusals() -> list[str]:
    return list(SecurityEvent.objects.filter(detail__startswith="single").values_list("detail", flat=True))


def _signed_anew(claims: dict[str, Any], **header: Any) -> str:
    """By a key that is not the provider's."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims, key, algorithm="RS256", headers=header)


def _claims(answer: Tokens) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(answer["id_token"], options={"verify_signature": False})
    return found


def test_it_begins_by_a_persons_button_and_never_by_a_link(client: Client, ana: User) -> None:
    assert client.get(reverse("openid_connect_login", args=["sso"])).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(reverse("openid_connect_login", args=["sso"])).status_code == 403
    away = parse_qs(urlsplit(leave(client)).query)
    assert away["code_challenge_method"] == ["S256"]
    assert len(away["state"][0]) >= 16
    assert len(away["nonce"][0]) >= 32
    assert client.post(reverse("openid_connect_login", args=["other"])).status_code == 404


def test_it_leads_to_the_page_that_was_asked_for_and_to_no_other_host(client: Client, ana: User) -> None:
    back = choose(leave(client, "/sign-in/?next=/keys/"), "ana")
    assert client.get(back).headers["Location"] == "/keys/"
    other = Client()
    other.get(reverse("sign_in"))
    leaving = other.post(reverse("openid_connect_login", args=["sso"]), {"next": "https://evil.example/"})
    assert other.get(choose(leaving.context["address"], "ana")).headers["Location"] == "/"


def test_an_answer_to_another_browsers_request_lets_nobody_in(client: Client, ana: User) -> None:
    theirs = choose(leave(Client()), "ana")
    assert client.get(theirs).status_code == 401
    assert not _is_in(client)
    leave(client)  # one that has a request of its own open takes it no more
    assert client.get(theirs).status_code == 401
    assert not _is_in(client)
    assert _refusals() == ["single sign-on: no answer to a request of this browser"] * 2


def test_a_code_of_somebody_elses_request_put_into_ones_own_lets_nobody_in(client: Client, ana: User) -> None:
    theirs = parse_qs(urlsplit(choose(leave(Client()), "ana")).query)
    own = urlsplit(choose(leave(client), "ana"))
    mixed = {**parse_qs(own.query), "code": theirs["code"]}
    answer = client.get(urlunsplit(own._replace(query=urlencode(mixed, doseq=True))))
    assert answer.status_code == 403
    assert not _is_in(client)
    assert "single sign-on: the ID token answers another request" in _refusals()


def test_an_answer_counts_once(client: Client, ana: User) -> None:
    back = choose(leave(client), "ana")
    assert client.get(back).status_code == 302
    client.post(reverse("sign_out"))
    assert client.get(back).status_code == 401
    assert not _is_in(client)


@pytest.mark.parametrize(
    "claims", [{"aud": "another-client"}, {"iss": "https://other.example"}, {"exp": 1_700_000_000}]
)
def test_a_token_for_another_client_of_another_issuer_or_past_its_end_lets_nobody_in(
    client: Client, house: str, ana: User, claims: dict[str, Any]
) -> None:
    set_person(house, "ana", email="ana@example.org", email_verified=True, **claims)
    assert come_in(client, "ana").status_code == 401
    assert not _is_in(client)
    assert len(_refusals()) == 1


def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(
    client: Client, ana: User, change_answer: Callable[[Callable[[Tokens], None]], None]
) -> None:
    def forge(answer: Tokens) -> None:
        number = jwt.get_unverified_header(answer["id_token"]).get("kid")
        answer["id_token"] = _signed_anew(_claims(answer), **({"kid": number} if number else {}))

    change_answer(forge)
    assert come_in(client, "ana").status_code == 401
    assert not _is_in(client)
    assert _refusals() == ["single sign-on: ID token: InvalidSignatureError"]


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_without_a_signature_or_with_a_shared_secret_lets_nobody_in(
    client: Client, ana: User, change_answer: Callable[[Callable[[Tokens], None]], None], algorithm: str
) -> None:
    def strip(answer: Tokens) -> None:
        secret = "" if algorithm == "none" else "sample" * 8
        answer["id_token"] = jwt.encode(_claims(answer), secret, algorithm=algorithm)

    change_answer(strip)
    assert come_in(client, "ana").status_code == 401
    assert not _is_in(client)


def test_an_answer_without_an_id_token_lets_nobody_in(
    client: Client, ana: User, change_answer: Callable[[Callable[[Tokens], None]], None]
) -> None:
    change_answer(lambda answer: answer.pop("id_token"))
    assert come_in(client, "ana").status_code == 401
    assert not _is_in(client)


def test_an_earlier_token_of_the_same_person_is_not_taken_again(
    client: Client, ana: User, change_answer: Callable[[Callable[[Tokens], None]], None]
) -> None:
    kept: list[str] = []
    change_answer(lambda answer: kept.append(answer["id_token"]))
    assert come_in(Client(), "ana").status_code == 302
    change_answer(lambda answer: answer.update(id_token=kept[0]))
    assert come_in(client, "ana").status_code == 403
    assert not _is_in(client)


def test_a_description_of_another_issuer_is_refused_before_anything_is_sent_there(
    client: Client, house: str, ana: User, settings: Settings
) -> None:
    app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
    app["settings"]["openid_configuration_overrides"] = {"issuer": "https://other.example"}
    client.get(reverse("sign_in"))
    assert client.post(reverse("openid_connect_login", args=["sso"])).status_code == 401
    assert _refusals() == ["single sign-on: the provider describes itself as another issuer than SSO_URL"]
    app["settings"].pop("openid_configuration_overrides")
    back = choose(leave(client), "ana")
    app["settings"]["openid_configuration_overrides"] = {"issuer": "https://other.example"}
    assert client.get(back).status_code == 401
    assert not _is_in(client)


def test_a_provider_that_is_away_is_told_plainly(client: Client, ana: User, settings: Settings) -> None:
    app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
    app["settings"]["server_url"] = "http://127.0.0.1:9"
    client.get(reverse("sign_in"))
    answer = client.post(reverse("openid_connect_login", args=["sso"]))
    assert answer.status_code == 401
    assert "gave no usable answer" in answer.text


def test_no_token_of_the_provider_is_kept(
    client: Client, ana: User, change_answer: Callable[[Callable[[Tokens], None]], None]
) -> None:
    given: Tokens = {}
    change_answer(given.update)
    assert come_in(client, "ana").status_code == 302
    tokens = [given[name] for name in ("access_token", "refresh_token", "id_token")]
    told = str([*SocialAccount.objects.values()])
    kept = f"{told} {dict(client.session)} {client.cookies}"
    assert "ana@example.org" in told
    assert [token for token in tokens if token in kept] == []
    assert SocialToken.objects.count() == 0


def test_a_second_factor_at_the_provider_counts_only_where_the_signed_token_says_so_and_when(
    house: str, ana: User, settings: Settings
) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset({"all"})
    told = {"email": "ana@example.org", "email_verified": True}
    now = int(time.time())
    for said, is_enough in (
        ({"amr": ["pwd", "otp"], "auth_time": now}, True),
        ({"amr": ["pwd"], "auth_time": now}, False),
        ({"amr": ["pwd", "otp"], "auth_time": None}, False),
        ({"auth_time": now}, False),
        ({"amr": "otp", "auth_time": now}, False),
    ):
        set_person(house, "ana", **told, **said)
        browser = Client()
        assert come_in(browser, "ana").status_code == 302
        assert _is_in(browser) is is_enough, said


def test_whoever_has_a_second_factor_here_is_asked_for_it_whatever_the_provider_says(
    client: Client, house: str, ana: User
) -> None:
    TOTP.activate(ana, SECRET)
    told = {"email": "ana@example.org", "email_verified": True, "amr": ["otp"], "auth_time": int(time.time())}
    set_person(house, "ana", **told)
    assert come_in(client, "ana").headers["Location"] == reverse("mfa_authenticate")
    assert not _is_in(client)


def test_a_sign_in_at_the_provider_that_is_older_than_a_session_may_be_lets_nobody_in(
    client: Client, house: str, ana: User, settings: Settings
) -> None:
    most = int(settings.SESSION_ABSOLUTE_TIMEOUT.total_seconds())
    assert parse_qs(urlsplit(leave(client)).query)["max_age"] == [str(most)]
    told = {"email": "ana@example.org", "email_verified": True}
    set_person(house, "ana", **told, auth_time=int(time.time()) - most - 300)
    assert come_in(client, "ana").status_code == 403
    assert not _is_in(client)
    set_person(house, "ana", **told, auth_time=int(time.time()) - most + 300)
    assert come_in(client, "ana").status_code == 302
