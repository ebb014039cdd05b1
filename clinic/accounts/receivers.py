"""Receivers that keep in the security log what Django and its libraries tell of sign-ins."""

from typing import Any

from allauth.mfa import signals as mfa_signals
from allauth.mfa.models import Authenticator
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from clinic.accounts.mfa_forms import WRONG_CODE
from clinic.accounts.models import SecurityEvent
from clinic.accounts.second_factor import GIVEN
from clinic.accounts.security_log import find_account, record
from clinic.models import User

Kind = SecurityEvent.Kind


def connect() -> None:
    uid = "clinic.accounts"
    user_logged_in.connect(_record_sign_in, dispatch_uid=uid)
    user_logged_out.connect(_record_sign_out, dispatch_uid=uid)
    user_login_failed.connect(_record_failure, dispatch_uid=uid)
    user_locked_out.connect(_record_lock_out, dispatch_uid=uid)
    mfa_signals.authenticator_used.connect(_note_second_factor, dispatch_uid=uid)
    mfa_signals.authenticator_added.connect(_record_new_factor, dispatch_uid=uid)
    mfa_signals.authenticator_reset.connect(_record_new_codes, dispatch_uid=uid)
    mfa_signals.authenticator_removed.connect(_record_removed_factor, dispatch_uid=uid)
    mfa_signals.authentication_failed.connect(_record_wrong_code, dispatch_uid=uid)


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


def _note_second_factor(request: HttpRequest, user: User, **_signal: Any) -> None:
    request.session[GIVEN] = user.pk


def _record_new_factor(request: HttpRequest, user: User, authenticator: Authenticator, **_signal: Any) -> None:
    """Whoever sets up an app or a key proves at once that it is theirs; codes to print prove nothing."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        request.session[GIVEN] = user.pk
    record(Kind.SECOND_FACTOR, request=request, user=user, by=user, detail=f"added: {authenticator.type}")


def _record_new_codes(request: HttpRequest, user: User, **_signal: Any) -> None:
    record(Kind.SECOND_FACTOR, request=request, user=user, by=user, detail="new recovery codes")


def _record_removed_factor(request: HttpRequest, user: User, authenticator: Authenticator, **_signal: Any) -> None:
    record(Kind.SECOND_FACTOR, request=request, user=user, by=user, detail=f"removed: {authenticator.type}")


def _record_wrong_code(request: HttpRequest, user: User, **_signal: Any) -> None:
    record(Kind.SIGN_IN_FAILED, request=request, user=user, detail=WRONG_CODE)
