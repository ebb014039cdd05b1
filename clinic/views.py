"""Views for signing in, for the own sessions, for the start page of each role, and for pages that cannot be shown."""

from collections.abc import Iterable
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.http import require_safe

from clinic.accounts.models import SecurityEvent
from clinic.accounts.security_log import find_account, record
from clinic.accounts.sessions import end_other_sessions, end_own_session, list_sessions
from clinic.accounts.sign_in import sign_in
from clinic.accounts.throttles import is_slowed
from clinic.models import User
from clinic.roles import Role, get_roles


class SignInView(LoginView):
    template_name = "registration/sign_in.html"
    redirect_authenticated_user = True

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Where nobody has an account yet, the first one is made."""
        if not User.objects.exists():
            return redirect("first_account")
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The limits say the same of a name that is no account's."""
        name = request.POST.get("username", "")
        if is_slowed(request, name):
            record(SecurityEvent.Kind.LOCKED_OUT, request=request, user=find_account(name), detail="limit of the hour")
            return render(request, "registration/slowed_down.html", status=429)
        return super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        url = reverse("openid_connect_login", args=["sso"]) if settings.SSO_NAME else ""
        return super().get_context_data(**kwargs) | {"sso_url": url, "sso_name": settings.SSO_NAME}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user: Any = form.get_user()
        return sign_in(self.request, user, self.get_success_url())


class ChangePasswordView(SuccessMessageMixin[PasswordChangeForm], PasswordChangeView):
    """Everybody who signs in may change their own password; their other sessions end with it."""

    template_name = "registration/change_password.html"
    success_url = reverse_lazy("home")
    success_message = _("Your password is changed.")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        answer = super().form_valid(form)
        end_other_sessions(self.request)
        record(SecurityEvent.Kind.PASSWORD, user=form.user, by=form.user, detail="changed")
        return answer


@method_decorator(reauthentication_required(allow_get=True), name="dispatch")
class SessionsView(View):
    """Where the person is signed in; one session, or all but this one, is ended by a button."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "registration/sessions.html", {"sessions": list_sessions(request)})

    def post(self, request: HttpRequest) -> HttpResponse:
        number = request.POST.get("session", "")
        if number.isdecimal():
            end_own_session(request, int(number))
        else:
            end_other_sessions(request)
        user: Any = request.user
        record(SecurityEvent.Kind.SESSIONS_ENDED, request=request, user=user, by=user)
        messages.success(request, _("Ended: nobody works there under your name any more."))
        return redirect("sessions")


class SignOutView(LogoutView):
    """Only by POST: a link that was followed for a user must not sign them out."""


def get_start_page(roles: Iterable[Role]) -> str:
    """The URL name of the desk a person starts at; empty for an account without a desk.

    Somebody with several roles starts where most of the day's work is: calling before reading before looking after.
    """
    held = frozenset(roles)
    if held & {Role.SCHEDULER, Role.NAVIGATOR}:
        return "queue"
    if Role.RADIOLOGIST in held:
        return "worklist"
    if held & {Role.MANAGER, Role.ADMINISTRATOR}:
        return "board"
    return "access_log" if Role.PRIVACY_OFFICER in held else ""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    desk = get_start_page(get_roles(request.user))
    return redirect(desk) if desk else render(request, "no_role.html")


@require_safe
def keyboard_shortcuts(request: HttpRequest) -> HttpResponse:
    """What each key does, for whoever looks it up without a script."""
    return render(request, "recalls/keyboard_shortcuts.html")
