"""The token endpoint (RFC 6749, section 4.4), and the page by which SMART clients find it."""

import base64
import binascii
from urllib.parse import unquote_plus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from exchange.fhir.access.auth import check_unknown_callers, count_unknown_caller, find_client
from exchange.fhir.access.clients import TOKEN_LIFETIME, issue_token
from exchange.fhir.access.rate_limit import count_request
from exchange.fhir.http import FORM, check_content_type, read_body
from exchange.fhir.outcome import FhirError
from exchange.fhir.scopes import ALL_SCOPES, narrow_scopes
from exchange.fhir.views.base import FhirView

# RFC 6749, section 5.2: what goes wrong here is told in OAuth's own form, which every client library reads.
_ERROR_BY_STATUS = {400: "invalid_request", 401: "invalid_client", 413: "invalid_request", 415: "invalid_request"}


class TokenView(FhirView):
    """Gives a token for a client's id and secret, by HTTP basic authentication or in the form."""

    is_public = True

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            check_content_type(request, FORM)
            read_body(request)
            check_unknown_callers(request)
            return _give_token(request)
        except FhirError as error:
            code = _ERROR_BY_STATUS.get(error.status, "temporarily_unavailable")
            return _refuse(OAuthError(error.status, code, error.issues[0].message, dict(error.headers)))
        except OAuthError as error:
            return _refuse(error)


def _give_token(request: HttpRequest) -> HttpResponse:
    if request.POST.get("grant_type") != "client_credentials":
        raise OAuthError(400, "unsupported_grant_type", "Only client_credentials is given here.")
    client = find_client(*_read_credentials(request))
    if client is None:
        count_unknown_caller(request)
        raise OAuthError(401, "invalid_client", "Unknown client or secret.", {"WWW-Authenticate": "Basic"})
    use = count_request(f"client:{client.pk}")
    if use.requests > client.requests_per_minute:
        message = "Too many requests in this minute."
        raise OAuthError(429, "temporarily_unavailable", message, {"Retry-After": str(use.seconds_left)})
    asked = request.POST.get("scope", "").split()
    scopes = narrow_scopes(client.scopes, asked) if asked else list(client.scopes)
    if not scopes:
        raise OAuthError(400, "invalid_scope", "The client has none of these scopes.")
    _row, token = issue_token(client, scopes)
    told = {"access_token": token, "token_type": "bearer", "scope": " ".join(scopes)}
    return JsonResponse({**told, "expires_in": int(TOKEN_LIFETIME.total_seconds())}, headers={"Pragma": "no-cache"})


def _refuse(error: "OAuthError") -> HttpResponse:
    told = {"error": error.code, "error_description": error.message}
    return JsonResponse(told, status=error.status, headers=error.headers)


class OAuthError(Exception):
    """A refusal in the form of RFC 6749, section 5.2."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}
        super().__init__(message)


def _read_credentials(request: HttpRequest) -> tuple[str, str]:
    scheme, _space, told = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return request.POST.get("client_id", ""), request.POST.get("client_secret", "")
    try:
        name, _colon, secret = base64.b64decode(told, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError(400, "invalid_request", "The Authorization header cannot be read.") from None
    return unquote_plus(name), unquote_plus(secret)


class SmartConfigurationView(FhirView):
    """Where the token endpoint is, after SMART App Launch 2."""

    is_public = True

    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse(
            {
                "token_endpoint": request.build_absolute_uri(reverse("fhir:token")),
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "scopes_supported": list(ALL_SCOPES),
                "capabilities": ["client-confidential-symmetric", "permission-v1"],
            }
        )
