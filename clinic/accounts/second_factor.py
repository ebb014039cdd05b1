"""The second factor: from whom it is required, and the middleware that lets nobody work before it is given."""

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from clinic.accounts.models import SecurityEvent
from clinic.accounts.security_log import record
from clinic.accounts.sessions import end_sessions
from clinic.models import User
from clinic.roles import STAFF_ROLES, get_roles

EVERYBODY, NOBODY = "all", "none"
GIVEN = (
    "second_factor_given_by"  # in the session, whose: by a code or key at the sign-in, or when the first one was set up
)
_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
_OPEN_WITHOUT = frozenset({"account_reauthenticate", "sign_out", "still_here", "set_language", "keyboard_shortcuts"})


def is_required_of(user: User) -> bool:
    """By role, as the installation's settings say."""
    required = settings.SECOND_FACTOR_ROLES
    return EVERYBODY in required or any(role.value in required for role in get_roles(user))


def has_second_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type__in=_FACTORS).exists())


def remove_second_factors(user: User) -> None:
    """Two administrators agreed: the person lost it, and sets up a new one at the next sign-in."""
    Authenticator.objects.filter(user=user).delete()
    end_sessions(user)


class SecondFactorMiddleware:
    """Whoever must have a second factor sets it up before any other page opens; no query where it was given."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        if unknown := settings.SECOND_FACTOR_ROLES - {EVERYBODY, NOBODY, *(role.value for role in STAFF_ROLES)}:
            raise ImproperlyConfigured(f"SECOND_FACTOR_ROLES: no such role: {', '.join(sorted(unknown))}")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], _args: object, _kwargs: object
    ) -> HttpResponse | None:
        if not getattr(view, "login_required", True):
            return None
        user = request.user
        if not isinstance(user, User) or request.session.get(GIVEN) == user.pk or not is_required_of(user):
            return None
        if has_second_factor(user):  # a session that began without it, whatever the way in
            record(SecurityEvent.Kind.REFUSED, request=request, user=user, detail="session without the second factor")
            logout(request)
            return redirect(settings.LOGIN_URL)
        name = (request.resolver_match.url_name or "") if request.resolver_match else ""
        if name in _OPEN_WITHOUT or name.startswith("mfa_"):
            return None
        messages.info(request, _("Before you go on, set up a second factor: your role requires it."))
        return redirect("mfa_index")
