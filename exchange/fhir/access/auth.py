"""Says which client a request comes from and what it may do; anything else is refused."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NoReturn

from django.contrib.auth.models import Group
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from clinic.access import page_views
from clinic.actors import Actor, actor_for
from clinic.models import User
from clinic.roles import cache_roles
from exchange.fhir.access.clients import hash_secret
from exchange.fhir.access.rate_limit import UNKNOWN_CALLERS_PER_MINUTE, count_request, get_use
from exchange.fhir.models import AccessToken, ServiceClient
from exchange.fhir.outcome import FhirError
from exchange.fhir.scopes import expand_scopes

CHALLENGE = 'Bearer realm="fhir"'
_LAST_USED_RESOLUTION = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """The client behind a request: whom it may see comes from its account's sites, what it may do from its scopes."""

    client: ServiceClient
    account: User
    allowed: frozenset[tuple[str, str]]
    site_ids: frozenset[int] = field(default_factory=frozenset)

    def require(self, resource_type: str, verb: str) -> None:
        """Raise FhirError 403 unless a scope allows it."""
        if not self.may(resource_type, verb):
            message = f"This client has no scope system/{resource_type}.{verb}."
            raise FhirError.of(403, message, WWW_Authenticate=f'{CHALLENGE}, error="insufficient_scope"')

    @property
    def actor(self) -> Actor:
        """Who takes the steps that it asks for."""
        return actor_for(self.account)

    def may(self, resource_type: str, verb: str) -> bool:
        return (resource_type, verb) in self.allowed

    def log_access(self, page: str, patient_ids: Iterable[int]) -> None:
        """One row for each patient of whom something is about to be shown. Not one is shown where this fails."""
        page_views.record(self.account, page, sorted(set(patient_ids)))


def authenticate(request: HttpRequest) -> Caller:
    """The caller by its bearer token. Raises FhirError 401, or 429 for one who asks too often. Five queries."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise FhirError.of(401, "Send a bearer token in the Authorization header.", WWW_Authenticate=CHALLENGE)
    row = _find_token(token.strip())
    if row is None:
        refuse_unknown(request, 'error="invalid_token"', "The token is unknown, expired or revoked.")
    client = row.client
    use = count_request(f"client:{client.pk}")
    if use.requests > client.requests_per_minute:
        raise FhirError.of(429, "Too many requests in this minute.", Retry_After=str(use.seconds_left))
    _record_use(client, timezone.now())
    account = client.account
    cache_roles(account, Group.objects.filter(user=account).values_list("name", flat=True))
    allowed = expand_scopes(row.scopes) & expand_scopes(client.scopes)
    return Caller(client, account, allowed, account.site_ids)


def _find_token(token: str) -> AccessToken | None:
    now = timezone.now()
    rows = AccessToken.objects.select_related("client__account").filter(
        Q(client__expires_at=None) | Q(client__expires_at__gt=now),
        token_hash=hash_secret(token),
        revoked_at=None,
        expires_at__gt=now,
    )
    row = rows.first()
    return row if row is not None and row.client.is_usable_at(now) else None


def find_client(client_id: str, secret: str) -> ServiceClient | None:
    """The client of that id and secret, if it may come in."""
    client = ServiceClient.objects.select_related("account").filter(client_id=client_id).first()
    is_right = hmac.compare_digest(client.secret_hash if client else "", hash_secret(secret))
    return client if client is not None and is_right and client.is_usable_at(timezone.now()) else None


def refuse_unknown(request: HttpRequest, error: str, message: str) -> NoReturn:
    """Raise FhirError 401, or 429 to an address that was wrong too often in this minute."""
    check_unknown_callers(request)
    count_unknown_caller(request)
    raise FhirError.of(401, message, WWW_Authenticate=f"{CHALLENGE}, {error}")


def count_unknown_caller(request: HttpRequest) -> None:
    """A token or secret from this address was wrong."""
    count_request(_address_key(request))


def check_unknown_callers(request: HttpRequest) -> None:
    """Raise FhirError 429 to an address from which too many wrong secrets came in this minute."""
    use = get_use(_address_key(request))
    if use.requests >= UNKNOWN_CALLERS_PER_MINUTE:
        raise FhirError.of(429, "Too many wrong tokens or secrets.", Retry_After=str(use.seconds_left))


def _address_key(request: HttpRequest) -> str:
    return f"address:{hash_secret(request.META.get('REMOTE_ADDR', ''))[:32]}"


def _record_use(client: ServiceClient, now: datetime) -> None:
    if client.last_used_at is None or now - client.last_used_at >= _LAST_USED_RESOLUTION:
        ServiceClient.objects.filter(pk=client.pk).update(last_used_at=now)
