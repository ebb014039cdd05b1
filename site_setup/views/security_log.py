"""Page of the security log: sign-ins, failures, refusals and rights given, newest first."""

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from clinic.accounts.models import SecurityEvent
from clinic.models import User
from clinic.roles import Page
from desk.views import DeskView, current_user

PAGE_LENGTH = 100


class SecurityLogFilter(forms.Form):
    kind = forms.ChoiceField(
        label=_("What"), choices=[("", _("Everything")), *SecurityEvent.Kind.choices], required=False
    )
    username = forms.CharField(label=_("User name"), max_length=150, required=False)
    address = forms.GenericIPAddressField(label=_("Address"), required=False)
    before = forms.IntegerField(required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput)


class SecurityLogView(DeskView):
    """Of the accounts at the reader's sites, and of names that are no account's."""

    page = Page.SECURITY_LOG

    def get(self, request: HttpRequest) -> HttpResponse:
        form = SecurityLogFilter(request.GET)
        rows = list(_find_rows(current_user(request), form)[: PAGE_LENGTH + 1])
        older = ""
        if len(rows) > PAGE_LENGTH:
            asked = request.GET.copy()
            asked["before"] = str(rows[PAGE_LENGTH - 1].pk)
            older = asked.urlencode()
        context = {"form": form, "rows": rows[:PAGE_LENGTH], "older": older}
        return render(request, "site_setup/security_log.html", context)


def _find_rows(reader: User, form: SecurityLogFilter) -> QuerySet[SecurityEvent]:
    own = User.objects.filter(sites__in=reader.site_ids)
    rows = SecurityEvent.objects.filter(user__in=own) | SecurityEvent.objects.filter(user=None)
    if form.is_valid():
        asked = form.cleaned_data
        wanted = {"kind": asked["kind"], "user__username": asked["username"], "address": asked["address"]}
        rows = rows.filter(**{name: value for name, value in wanted.items() if value})
        rows = rows.filter(pk__lt=asked["before"]) if asked["before"] else rows
    return rows.select_related("user", "by")
