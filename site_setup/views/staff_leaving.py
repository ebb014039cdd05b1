"""Page that ends a colleague's account and hands their open work over, and the button that opens it again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from clinic.accounts.models import SecurityEvent
from clinic.accounts.security_log import record
from clinic.accounts.sessions import end_sessions
from clinic.models import User
from desk.views import current_user
from recalls.actions import hand_over_work
from recalls.assignment import count_open_work, display_name
from site_setup.forms.accounts import LeavingForm
from site_setup.settings_log import log_words
from site_setup.views.base import SetupView


class LeaveView(SetupView):
    """Says what is still in the person's hands and asks to whom it goes; then the account opens no page any more."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = _colleague(request, pk)
        return _ask(request, person, LeavingForm(person))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user, person = current_user(request), _colleague(request, pk)
        form = LeavingForm(person, request.POST)
        if not form.is_valid():
            return _ask(request, person, form)
        heir = form.cleaned_data.get("assignee")
        User.objects.filter(pk=person.pk).update(is_active=False)
        end_sessions(person)
        given = hand_over_work(person, heir, by=user)
        record(SecurityEvent.Kind.RIGHTS, user=person, by=user, detail="account ended")
        to = display_name(heir) if heir else _("everybody")
        log_words(user, person, f"deactivated; {given} recalls and tasks given to {to}.")
        words = _("The account of %(who)s is ended. Recalls and tasks given to %(to)s: %(count)d.")
        messages.success(request, words % {"who": display_name(person), "to": to, "count": given})
        return redirect("setup_staff")


class ComeBackView(SetupView):
    """Opens an ended account again, with its roles and sites as they were; the work stays where it is."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        colleagues = User.objects.filter(sites__in=user.permanent_site_ids, is_superuser=False).distinct()
        person = get_object_or_404(colleagues, pk=pk, is_active=False)
        User.objects.filter(pk=person.pk).update(is_active=True)
        record(SecurityEvent.Kind.RIGHTS, user=person, by=user, detail="account opened again")
        log_words(user, person, "active again.")
        messages.success(request, _("The account of %(who)s is open again.") % {"who": display_name(person)})
        return redirect("setup_staff")


def _colleague(request: HttpRequest, pk: int) -> User:
    """An active account at one of the user's sites, not their own and not a superuser's."""
    user = current_user(request)
    colleagues = User.objects.filter(sites__in=user.permanent_site_ids, is_active=True, is_superuser=False)
    found: User = get_object_or_404(colleagues.exclude(pk=user.pk).distinct(), pk=pk)
    return found


def _ask(request: HttpRequest, person: User, form: LeavingForm) -> HttpResponse:
    recalls, tasks = count_open_work(person)
    context = {"person": person, "form": form, "recalls": recalls, "tasks": tasks}
    return render(request, "site_setup/leave.html", context)
