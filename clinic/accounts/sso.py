"""Single sign-on by OpenID Connect: the provider says who it is and in which groups; sites are given here.

An account is found by what the provider calls the person, else by a verified email address. Where groups are mapped,
the directory gives the roles: they follow it at each sign-in, and whoever is in no mapped group does not come in.
"""

import time
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render
from django.utils.crypto import constant_time_compare

from clinic.accounts.models import SecurityEvent
from clinic.accounts.oidc import AnswerRefused
from clinic.accounts.second_factor import GIVEN
from clinic.accounts.security_log import record
from clinic.accounts.sessions import end_sessions
from clinic.models import User
from clinic.roles import ADMIN_ROLES, STAFF_ROLES, Role

# What a provider calls a sign-in with more than a password (RFC 8176).
_STRONG_METHODS = frozenset({"mfa", "otp", "hwk", "swk", "fpt", "face", "sc"})
_CLOCKS_DIFFER_SECONDS = 60


class SignOnRefused(Exception):
    """Why somebody whom the provider knows does not come in here; for the log, not for the page."""


class StaffSocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Lets in whom the directory knows; nobody signs up."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        claims = _claims_of(sociallogin)
        try:
            _check_sign_in(sociallogin)
            with transaction.atomic():
                user = self._let_in(request, sociallogin, claims)
        except SignOnRefused as refused:  # kept after what was begun is undone
            _record_refusal(request, str(refused))
            page = render(request, "registration/sso_refused.html", status=403)
            raise ImmediateHttpResponse(page) from refused
        if _gave_second_factor(sociallogin):
            request.session[GIVEN] = user.pk

    def on_authentication_error(self, request: HttpRequest, provider: Any, **details: Any) -> None:
        """An answer that is none: its kind goes into the log, its words do not."""
        fault = details.get("exception")
        told = str(fault) if isinstance(fault, AnswerRefused) else type(fault).__name__
        _record_refusal(request, told if fault else "no answer to a request of this browser")

    def _let_in(self, request: HttpRequest, sociallogin: Any, claims: dict[str, Any]) -> User:
        roles = _roles_from(claims)
        if roles is not None and not roles:
            raise SignOnRefused("no mapped group")
        if not sociallogin.is_existing:
            sociallogin.connect(request, self._find_or_make(claims, roles))
        user: User = User.objects.get(pk=sociallogin.user.pk)
        if not user.is_active:
            raise SignOnRefused("the account is ended")
        if user.is_superuser:
            raise SignOnRefused("a superuser signs in with password and second factor")
        if roles is not None:
            _follow_directory(user, roles)
        sociallogin.user = user
        return user

    def _find_or_make(self, claims: dict[str, Any], roles: frozenset[Role] | None) -> User:
        email = str(claims.get("email") or "")
        if email and claims.get("email_verified") in (True, "true"):
            found = list(User.objects.filter(email__iexact=email)[:2])
            if len(found) == 1:
                return found[0]
        name = str(claims.get("preferred_username") or email or claims["sub"])[:150]
        if roles is None or User.objects.filter(username__iexact=name).exists():
            raise SignOnRefused("no account, or its name is another one's")
        return User.objects.create_user(
            name,
            email,
            first_name=str(claims.get("given_name") or "")[:150],
            last_name=str(claims.get("family_name") or "")[:150],
        )


def _check_sign_in(sociallogin: Any) -> None:
    """The ID token answers this very request, and the person proved who they are within the hours of a session."""
    token = sociallogin.account.extra_data["id_token"]
    nonce = sociallogin.state.get("nonce") or ""
    if not nonce or not constant_time_compare(str(token.get("nonce") or ""), nonce):
        raise SignOnRefused("the ID token answers another request")
    if (signed_in_at := _auth_time(token)) and signed_in_at < time.time() - _most_seconds():
        raise SignOnRefused("the sign-in at the provider is too old")


def _gave_second_factor(sociallogin: Any) -> bool:
    """The signed token says by which methods, and how long ago; without both it is asked for here."""
    token = sociallogin.account.extra_data["id_token"]
    methods = token.get("amr")
    return isinstance(methods, list) and bool(_STRONG_METHODS & set(map(str, methods))) and _auth_time(token) > 0


def _auth_time(token: dict[str, Any]) -> float:
    """When the person last proved who they are; 0 where the provider does not say."""
    told = token.get("auth_time")
    return float(told) if isinstance(told, (int, float)) else 0.0


def _most_seconds() -> float:
    return float(settings.SESSION_ABSOLUTE_TIMEOUT.total_seconds()) + _CLOCKS_DIFFER_SECONDS


def _record_refusal(request: HttpRequest, words: str) -> None:
    record(SecurityEvent.Kind.SIGN_IN_FAILED, request=request, detail=f"single sign-on: {words}")


def _claims_of(sociallogin: Any) -> dict[str, Any]:
    told: dict[str, Any] = sociallogin.account.extra_data
    return {**(told.get("userinfo") or {}), **(told.get("id_token") or {})}


def _roles_from(claims: dict[str, Any]) -> frozenset[Role] | None:
    """The roles of the groups; None where no groups are mapped and roles are given here."""
    if not settings.SSO_GROUPS:
        return None
    groups = claims.get(settings.SSO_GROUPS_CLAIM) or ()
    names = {groups} if isinstance(groups, str) else set(map(str, groups))
    given = {settings.SSO_GROUPS[name] for name in names if name in settings.SSO_GROUPS}
    return frozenset(role for role in STAFF_ROLES if role.value in given)


def _follow_directory(user: User, roles: frozenset[Role]) -> None:
    held = set(user.groups.values_list("name", flat=True))
    wanted = {role.value for role in roles}
    if held == wanted:
        return
    user.groups.set(Group.objects.filter(name__in=wanted))
    user.is_staff = bool(ADMIN_ROLES & roles)
    user.save(update_fields=["is_staff"])
    words = f"by the directory: {', '.join(sorted(wanted))}; before: {', '.join(sorted(held)) or 'none'}"
    record(SecurityEvent.Kind.RIGHTS, user=user, detail=words)
    end_sessions(user)
