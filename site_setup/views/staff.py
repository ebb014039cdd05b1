"""Page of the staff: who is here in which role, a new colleague, and the invitation to choose a password."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from clinic.accounts import requests
from clinic.accounts.models import AccountRequest
from clinic.models import User
from clinic.roles import STAFF_ROLES, Role
from desk.views import current_user
from site_setup.account_news import deliver_link
from site_setup.forms.accounts import StaffForm
from site_setup.settings_log import log_form
from site_setup.views.accounts import asks_again, tell_what_becomes_of
from site_setup.views.base import SetupView

MAX_STAFF = 200  # rows of the list; further accounts are found in the administration


@asks_again
class StaffView(SetupView):
    """Adds a colleague; roles and sites are theirs, and the invitation leaves, once a second administrator agrees."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return _show(request, StaffForm(user=current_user(request)))

    def post(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        form = StaffForm(request.POST, user=user)
        if not form.is_valid():
            return _show(request, form)
        with transaction.atomic():
            colleague = form.save()
            roles, sites = form.cleaned_data["roles"], [site.pk for site in form.cleaned_data["sites"]]
            asked = requests.ask(colleague, AccountRequest.Kind.GRANT, roles=roles, sites=sites, by=user)
            log_form(user, colleague, form, is_new=True)
        return tell_what_becomes_of(request, asked) or redirect("setup_staff")


@asks_again
class InviteAgainView(SetupView):
    """A new invitation for a colleague who has no password yet; the earlier one still ends after three days.

    Mailed to the person. Where there is no address the link would be this administrator's to open: a second one
    confirms it and hands it over.
    """

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        colleagues = requests.manageable_accounts(user).filter(is_active=True, last_login=None)
        colleague = get_object_or_404(colleagues, pk=pk)
        if colleague.email:
            deliver_link(request, colleague)
            return redirect("setup_staff")
        asked = requests.ask(colleague, AccountRequest.Kind.PASSWORD, by=user)
        return tell_what_becomes_of(request, asked) or redirect("setup_staff")


def _show(request: HttpRequest, form: StaffForm) -> HttpResponse:
    user = current_user(request)
    found = User.objects.filter(sites__in=user.permanent_site_ids).distinct().prefetch_related("groups", "sites")
    staff = list(found.order_by("last_name", "first_name", "pk")[:MAX_STAFF])
    context = {
        "form": form,
        "staff": [_staff_row(one, user) for one in staff],
        "waiting": AccountRequest.objects.filter(decision="").count(),
        "has_sites": bool(user.permanent_site_ids),
    }
    return render(request, "site_setup/staff.html", context)


def _staff_row(user: User, reader: User) -> dict[str, Any]:
    names = {group.name for group in user.groups.all()}
    waits = user.is_active and user.last_login is None and not user.has_usable_password()
    return {
        "pk": user.pk,
        "name": user.get_full_name() or user.username,
        "username": user.username,
        "roles": ", ".join(str(role.label) for role in Role if role in STAFF_ROLES and role.value in names),
        "sites": ", ".join(site.name for site in user.sites.all()),
        "is_active": user.is_active,
        "waits": waits,
        "may_change": user != reader and not user.is_superuser,
        "may_end": user != reader and not user.is_superuser,
    }
