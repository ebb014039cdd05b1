"""Receivers that keep in the security log what Django and its libraries tell of sign-ins."""

from typing import Any

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from clinic.accounts.models import SecurityEvent
from clinic.accounts.security_log import find_account, record
from clinic.models import User

Kind = SecurityEvent.Kind


def connect() -> None:
    uid = "clinic.accounts"
    user_logged_in.connect(_record_sign_in, dispatch_uid=uid)
    user_logged_out.connect(_record_sign_out, dispatch_uid=uid)
    user_login_failed.connect(_record_failure, dispatch_uid=uid)
    user_locked_out.connect(_record_lock_out, dispatch_uid=uid)


def _record_sign_in(request: HttpRequest | None, user: User, **_signal: Any) -> None:
    record(Kind.SIGNED_IN, request=request, user=user, by=user, name=user.username)


def _record_sign_out(request: HttpRequest | None, user: User | None, **_signal: Any) -> None:
    if user is not None:
        record(Kind.SIGNED_OUT, request=request, user=user, by=user)


def _record_failure(credentials: dict[str, Any], request: HttpRequest | None = None, **_signal: Any) -> None:
    """The typed name is kept only where it is an account's: it may be a password in the wrong field."""
    name = str(credentials.get("username") or "")
    record(Kind.SIGN_IN_FAILED, request=request, user=find_account(name), name=name)


def _record_lock_out(request: HttpRequest, username: str = "", **_signal: Any) -> None:
    record(Kind.LOCKED_OUT, request=request, user=find_account(username), name=username or "")
