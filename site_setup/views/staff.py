"""Page of the staff: who is here in which role, a new colleague, and the invitation to choose a password."""

import smtplib
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.models import User
from clinic.roles import STAFF_ROLES, Role
from desk.views import current_user
from site_setup.forms.accounts import StaffForm
from site_setup.settings_log import log_form
from site_setup.views.base import SetupView

MAX_STAFF = 200  # rows of the list; further accounts are found in the administration


class StaffView(SetupView):
    """Adds a colleague and shows the invitation once: it is not stored."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return _show(request, StaffForm(user=current_user(request)))

    def post(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        form = StaffForm(request.POST, user=user)
        if not form.is_valid():
            return _show(request, form)
        colleague = form.save()
        log_form(user, colleague, form, is_new=True)
        return _invite(request, colleague)


class InviteAgainView(SetupView):
    """A new invitation for a colleague who has no password yet; the earlier one still ends after three days."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        colleagues = User.objects.filter(sites__in=current_user(request).site_ids, is_active=True).distinct()
        colleague = get_object_or_404(colleagues, pk=pk, last_login=None, is_superuser=False)
        return _invite(request, colleague)


def _invite(request: HttpRequest, colleague: User) -> HttpResponse:
    """A link with Django's own token for a new password, mailed where there is an address, and shown."""
    uid = urlsafe_base64_encode(force_bytes(colleague.pk))
    path = reverse("invitation", args=[uid, default_token_generator.make_token(colleague)])
    link = f"{settings.PUBLIC_URL}{path}"
    if colleague.email:
        _send_invitation(request, colleague, link)
    return _show(request, StaffForm(user=current_user(request)), {"invited": colleague, "link": link})


def _send_invitation(request: HttpRequest, colleague: User, link: str) -> None:
    days = settings.PASSWORD_RESET_TIMEOUT // (24 * 60 * 60)
    words = _(
        "You have an account at Recall Desk. Your user name is %(username)s. Choose your password here within "
        "%(days)d days:\n\n%(link)s\n"
    ) % {"username": colleague.username, "days": days, "link": link}
    try:
        send_mail(_("Your account at Recall Desk"), words, None, [colleague.email])
    except (OSError, smtplib.SMTPException):
        messages.warning(request, _("The invitation could not be mailed: hand over the link below."))
    else:
        messages.success(request, _("The invitation was mailed."))


def _show(request: HttpRequest, form: StaffForm, invited: dict[str, Any] | None = None) -> HttpResponse:
    user = current_user(request)
    found = User.objects.filter(sites__in=user.site_ids).distinct().prefetch_related("groups", "sites")
    staff = list(found.order_by("last_name", "first_name", "pk")[:MAX_STAFF])
    days = settings.PASSWORD_RESET_TIMEOUT // (24 * 60 * 60)
    context = {
        "form": form,
        "staff": [_staff_row(one, user) for one in staff],
        "valid_for": ngettext("%(days)d day", "%(days)d days", days) % {"days": days},
        "has_sites": bool(user.site_ids),
    }
    return render(request, "site_setup/staff.html", context | (invited or {}))


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
        "may_end": user != reader and not user.is_superuser,
    }
