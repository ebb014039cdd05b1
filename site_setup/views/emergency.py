"""Page on which emergency access to another site is opened, and on which a manager of that site reviews it."""

import logging
import smtplib
from typing import Any

from django import forms
from django.contrib import messages
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.accounts import emergency
from clinic.accounts.models import EmergencyAccess
from clinic.models import AccessLog, Site, User
from clinic.roles import Page, Role
from desk.views import DeskView, current_user
from site_setup.views.accounts import asks_again

log = logging.getLogger(__name__)
_LEAST_WORDS = 10  # characters


class EmergencyForm(forms.Form):
    site = forms.ModelChoiceField(label=gettext_lazy("Site"), queryset=Site.objects.none())
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        min_length=_LEAST_WORDS,
        max_length=250,
        help_text=gettext_lazy("Without a patient's name. A manager of that site reads it and what you opened."),
    )

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data)
        sites: Any = self.fields["site"]
        sites.queryset = emergency.other_sites(user)


@asks_again
class EmergencyView(DeskView):
    """Opens an hour at another site."""

    page = Page.EMERGENCY

    def get(self, request: HttpRequest) -> HttpResponse:
        return _show(request, EmergencyForm(current_user(request)))

    def post(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        form = EmergencyForm(user, request.POST)
        if not form.is_valid():
            return _show(request, form)
        access = emergency.open_access(user, form.cleaned_data["site"], form.cleaned_data["reason"])
        _tell_managers(access)
        messages.warning(request, _("For an hour you see the patients of %(site)s.") % {"site": access.site})
        return redirect("emergency")


class EmergencyReviewView(DeskView):
    """A manager of the site says what came of it."""

    page = Page.EMERGENCY

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        access = get_object_or_404(emergency.to_review(current_user(request)), pk=pk)
        words = request.POST.get("review", "").strip()[:300]
        if len(words) < _LEAST_WORDS:
            messages.error(request, _("Say in a few words what you found."))
        else:
            emergency.review(access, words, by=current_user(request))
            messages.success(request, _("Saved."))
        return redirect("emergency")


def _show(request: HttpRequest, form: EmergencyForm) -> HttpResponse:
    rows = [{"access": access, "views": _count_views(access)} for access in emergency.to_review(current_user(request))]
    return render(request, "site_setup/emergency.html", {"form": form, "rows": rows})


def _count_views(access: EmergencyAccess) -> int:
    """How many patients the person opened in that hour."""
    during = AccessLog.objects.filter(user=access.user, at__gte=access.began_at, at__lte=access.ends_at)
    return during.values("patient_id").distinct().count()


def _tell_managers(access: EmergencyAccess) -> None:
    managers = User.objects.filter(groups__name=Role.MANAGER, sites=access.site, is_active=True).exclude(email="")
    told = _("%(who)s opened emergency access to %(site)s for an hour. Please look at it under Emergency access.\n") % {
        "who": access.user.get_full_name() or access.user.username,
        "site": access.site,
    }
    for address in managers.exclude(pk=access.user_id).values_list("email", flat=True):
        try:
            send_mail(_("Emergency access at Recall Desk"), told, None, [address])
        except (OSError, smtplib.SMTPException) as error:
            log.warning("the news of emergency access %s could not be mailed: %s", access.pk, type(error).__name__)
