"""The way to the house's OpenID Connect provider and back: begun by a person's button, each answer proved to be ours.

django-allauth keeps state and PKCE. What it leaves out is here: the signature of the ID token, a nonce against replay,
and that the provider's own description names the issuer of the settings.
"""

from typing import Any

import jwt
from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import get_random_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from requests import RequestException

# The provider signs with a key of its own; a shared secret, or none at all, proves nothing.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_ASKED_FOR = ["iss", "sub", "aud", "exp", "iat"]
_CLOCKS_DIFFER_SECONDS = 60
_NONCE_LENGTH = 32


class AnswerRefused(OAuth2Error):  # type: ignore[misc]
    """What the provider sent is not to be believed; its words may stand in the log."""


class HouseOpenIDAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """Believes the one issuer of the settings, and what that issuer signed for this client."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """Raises for the description of another issuer."""
        found: dict[str, Any] = super().openid_config
        ours = str(self.get_provider().app.settings["server_url"]).partition("/.well-known/")[0]
        if str(found.get("issuer", "")).rstrip("/") != ours.rstrip("/"):
            raise AnswerRefused("the provider describes itself as another issuer than SSO_URL")
        return found

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **kwargs: Any) -> Any:
        if not kwargs["response"].get("id_token"):
            raise AnswerRefused("no ID token")
        return super().complete_login(request, app, token, **kwargs)

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key=self._find_key(jwt.get_unverified_header(id_token).get("kid")),
                algorithms=_ALGORITHMS,
                issuer=self.openid_config["issuer"],
                audience=app.client_id,
                leeway=_CLOCKS_DIFFER_SECONDS,
                options={"require": _ASKED_FOR},
            )
        except jwt.PyJWTError as fault:
            raise AnswerRefused(f"ID token: {type(fault).__name__}") from fault
        return claims

    def _find_key(self, number: str | None) -> jwt.PyJWK:
        """The one key, or the one that the token names; fetched anew, so that a changed key counts at once."""
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
        keys = jwt.PyJWKSet.from_dict(answer.json()).keys
        found = [key for key in keys if key.key_id == number or (number is None and len(keys) == 1)]
        if not found:
            raise AnswerRefused("ID token: signed with a key that the provider does not name")
        return found[0]


@login_not_required
@require_POST
def begin_sign_on(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Leads to the provider by a page, since the browser's policy lets no form end at another host."""
    provider = _get_provider(request, provider_id)
    nonce = get_random_string(_NONCE_LENGTH)
    asked = {"nonce": nonce, "max_age": str(int(settings.SESSION_ABSOLUTE_TIMEOUT.total_seconds()))}
    try:
        away: HttpResponse = provider.redirect(
            request, AuthProcess.LOGIN, get_next_redirect_url(request), auth_params=asked, nonce=nonce
        )
    except (OAuth2Error, RequestException) as fault:
        return _tell_fault(request, provider, fault)
    leads_to = away.headers.get("Location")
    return render(request, "registration/sso_leave.html", {"address": leads_to}) if leads_to else away


@login_not_required
@never_cache
@require_safe
def end_sign_on(request: HttpRequest, provider_id: str) -> HttpResponse:
    provider = _get_provider(request, provider_id)
    try:
        view = OAuth2CallbackView.adapter_view(HouseOpenIDAdapter(request, provider_id))
        answer: HttpResponse = view(request)
    except (OAuth2Error, RequestException) as fault:
        return _tell_fault(request, provider, fault)
    return answer


def _get_provider(request: HttpRequest, provider_id: str) -> Any:
    try:
        provider = get_adapter().get_provider(request, provider_id)
    except SocialApp.DoesNotExist as unknown:
        raise Http404 from unknown
    provider.oauth2_adapter_class = HouseOpenIDAdapter
    return provider


def _tell_fault(request: HttpRequest, provider: Any, fault: Exception) -> HttpResponse:
    answer: HttpResponse = render_authentication_error(request, provider, exception=fault)
    return answer
