"""Writes the security log: who signed in or failed to, what was refused, which rights were given."""

from typing import Any

from allauth.core import context
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from clinic.accounts.models import SecurityEvent
from clinic.models import User

_DETAIL_LENGTH = 300


def name_key(name: str) -> str:
    """The same for the same name; it tells nobody which name it was."""
    return salted_hmac("clinic.security_log", name.strip().lower(), algorithm="sha256").hexdigest()


def record(
    kind: SecurityEvent.Kind,
    *,
    request: HttpRequest | None = None,
    user: User | None = None,
    by: User | None = None,
    name: str = "",
    detail: str = "",
) -> None:
    """One row; the address is that of the request in hand where there is one."""
    SecurityEvent.objects.create(
        kind=kind,
        user=user,
        by=by,
        address=address_of(request or context.request),
        name_key=name_key(name) if name else "",
        detail=detail[:_DETAIL_LENGTH],
    )


def address_of(request: HttpRequest | None) -> str | None:
    """The person's own address; a proxy's was put right by `TrustedProxyMiddleware`. A unix socket has none."""
    return (request.META.get("REMOTE_ADDR") or None) if request is not None else None


def find_account(name: Any) -> User | None:
    return User.objects.filter(username=name).first() if isinstance(name, str) else None
