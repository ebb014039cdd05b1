"""Pages on which a person without a working password asks for a link, and those that such links open."""

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from clinic.accounts import forgotten_password
from clinic.accounts.models import SecurityEvent
from clinic.accounts.security_log import record
from clinic.accounts.sessions import end_sessions
from clinic.accounts.sign_in import sign_in
from clinic.models import User


class ForgottenForm(forms.Form):
    """One field for both, so that nobody has to know which it was."""

    name = forms.CharField(
        label=_("User name or email address"), max_length=254, widget=forms.TextInput({"autocomplete": "username"})
    )


@method_decorator([login_not_required, never_cache, sensitive_post_parameters()], name="dispatch")
class ForgottenPasswordView(View):
    """Says the same to everybody."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, form=ForgottenForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ForgottenForm(request.POST)
        if not form.is_valid():
            return self._show(request, form=form)
        if forgotten_password.asks_too_often(request):
            return render(request, "429.html", status=429)
        forgotten_password.ask(request, form.cleaned_data["name"])
        return self._show(request, is_asked=True)

    def _show(self, request: HttpRequest, **context: Any) -> HttpResponse:
        return render(request, "registration/forgotten_password.html", context)


@method_decorator([login_not_required, never_cache], name="dispatch")
class ChooseByLinkView(PasswordResetConfirmView):
    """Whoever opens the one-time link chooses the own password and signs in with it, second factor included."""

    def form_valid(self, form: "SetPasswordForm[User]") -> HttpResponse:
        user = form.save()
        self.request.session.pop(INTERNAL_RESET_SESSION_TOKEN, None)
        end_sessions(user)
        record(SecurityEvent.Kind.PASSWORD, user=user, by=user, detail="by a one-time link")
        return sign_in(self.request, user, reverse("home"))


class ForgottenChooseView(ChooseByLinkView):
    """The link that one asked for oneself; it lasts an hour."""

    template_name = "registration/forgotten_password_choose.html"
    token_generator = forgotten_password.TOKENS
