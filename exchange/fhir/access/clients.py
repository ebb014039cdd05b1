"""Makes and revokes service clients and their tokens; a secret is returned once and stored as a hash."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from clinic.models import Site, User
from clinic.roles import Role
from exchange.fhir.models import AccessToken, ServiceClient

TOKEN_LIFETIME = timedelta(minutes=15)  # of a token from the token endpoint
LASTING_TOKEN_LIFETIME = timedelta(days=365)  # of one that staff hand over


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def create_client(
    name: str, sites: Iterable[Site], scopes: list[str], *, by: User | None, expires_at: datetime | None = None
) -> tuple[ServiceClient, str]:
    """A client with an account of its own, and its secret. `by` is None where an operator made it at the server."""
    client_id = secrets.token_urlsafe(16)
    account = User(username=f"client-{client_id}", first_name=name[:150])
    account.set_unusable_password()
    account.save()
    account.groups.set(Group.objects.filter(name=Role.INTEGRATION.value))
    account.sites.set(sites)
    secret = secrets.token_urlsafe(32)
    client = ServiceClient(
        account=account,
        name=name,
        client_id=client_id,
        secret_hash=hash_secret(secret),
        scopes=scopes,
        created_by=by,
        expires_at=expires_at,
    )
    client.full_clean()
    client.save()
    return client, secret


@transaction.atomic
def renew_secret(client: ServiceClient) -> str:
    """A new secret; the old one and every token end with it."""
    secret = secrets.token_urlsafe(32)
    client.secret_hash = hash_secret(secret)
    client.save(update_fields=["secret_hash"])
    _revoke_tokens(client)
    return secret


@transaction.atomic
def revoke_client(client: ServiceClient) -> None:
    """End the client, its account and every token at once."""
    client.revoked_at = client.revoked_at or timezone.now()
    client.save(update_fields=["revoked_at"])
    User.objects.filter(pk=client.account_id).update(is_active=False)
    _revoke_tokens(client)


def _revoke_tokens(client: ServiceClient) -> None:
    client.tokens.filter(revoked_at=None).update(revoked_at=timezone.now())


def issue_token(
    client: ServiceClient,
    scopes: list[str] | None = None,
    *,
    by: User | None = None,
    lifetime: timedelta = TOKEN_LIFETIME,
) -> tuple[AccessToken, str]:
    """A token for all of the client's scopes or some of them, and never beyond the client's own end."""
    now, token = timezone.now(), secrets.token_urlsafe(32)
    expires_at = min(now + lifetime, client.expires_at or now + lifetime)
    row = AccessToken.objects.create(
        client=client,
        token_hash=hash_secret(token),
        scopes=client.scopes if scopes is None else scopes,
        created_by=by,
        expires_at=expires_at,
    )
    return row, token
