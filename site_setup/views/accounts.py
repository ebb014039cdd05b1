"""Pages on which roles, sites and new passwords are asked for, and on which a second administrator decides."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _

from clinic.accounts import requests
from clinic.accounts.models import AccountRequest
from clinic.models import Site, User
from desk.views import current_user
from site_setup.account_news import announce, decider_of, deliver_link, describe, needs_link
from site_setup.forms.accounts import AccountForm
from site_setup.settings_log import log_words
from site_setup.views.base import SetupView

MAX_DECIDED = 50  # on the page of requests

asks_again = method_decorator(reauthentication_required(allow_get=True), name="dispatch")


@asks_again
class AccountView(SetupView):
    """Roles, sites and address of one colleague."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        user, account = current_user(request), _colleague(request, pk)
        return _show(request, account, AccountForm(account, user))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user, account = current_user(request), _colleague(request, pk)
        form = AccountForm(account, user, request.POST)
        if not form.is_valid():
            return _show(request, account, form)
        with transaction.atomic():
            _take_away(user, account, form)
            asked = _ask(user, account, form)
        if asked is None:
            messages.success(request, _("Saved."))
            return redirect("setup_staff")
        return tell_what_becomes_of(request, asked) or redirect("setup_staff")


class _ResetView(SetupView):
    """Asks for what lets a colleague come in anew."""

    kind: AccountRequest.Kind

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user, account = current_user(request), _colleague(request, pk)
        asked = requests.ask(account, self.kind, by=user)
        log_words(user, account, f"asked for: {describe(asked)}.")
        return tell_what_becomes_of(request, asked) or redirect("setup_staff")


@asks_again
class NewPasswordView(_ResetView):
    """Asks for a one-time link by which a colleague chooses a new password."""

    kind = AccountRequest.Kind.PASSWORD


@asks_again
class LostFactorView(_ResetView):
    """Asks that a lost second factor is removed, so that the colleague can set up a new one."""

    kind = AccountRequest.Kind.SECOND_FACTOR


class AccountRequestsView(SetupView):
    """What waits for a second administrator, and what was decided lately."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return _show_requests(request)


@asks_again
class DecideView(SetupView):
    """A second administrator confirms or refuses; whoever asked may take it back."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        asked = get_object_or_404(AccountRequest.objects.select_related("account", "asked_by"), pk=pk, decision="")
        if not (_concerns(asked, user) or requests.may_decide(asked, user)):
            raise Http404  # as for a number that is no request's
        if request.POST.get("decision") != "confirm":
            requests.refuse(asked, by=user)
            log_words(user, asked.account, f"request {asked.pk} not confirmed.")
            return redirect("setup_account_requests")
        requests.confirm(asked, by=user)
        log_words(user, asked.account, f"confirmed what {asked.asked_by} asked for: {describe(asked)}.")
        asked.refresh_from_db()
        return tell_what_becomes_of(request, asked) or redirect("setup_account_requests")


def _colleague(request: HttpRequest, pk: int) -> User:
    accounts = requests.manageable_accounts(current_user(request)).prefetch_related("groups", "sites")
    found: User = get_object_or_404(accounts, pk=pk, is_active=True)
    return found


def _take_away(user: User, account: User, form: AccountForm) -> None:
    if not form.removed_roles and not form.removed_sites:
        return
    requests.take_away(account, roles=form.removed_roles, sites=form.removed_sites, by=user)
    names = Site.objects.filter(pk__in=form.removed_sites).values_list("name", flat=True)
    log_words(user, account, f"taken away: {', '.join([*sorted(form.removed_roles), *names])}.")


def _ask(user: User, account: User, form: AccountForm) -> AccountRequest | None:
    if not (form.added_roles or form.added_sites or form.new_email):
        return None
    asked = requests.ask(
        account,
        AccountRequest.Kind.GRANT,
        roles=form.added_roles,
        sites=form.added_sites,
        email=form.new_email,
        by=user,
    )
    log_words(user, account, f"asked for: {describe(asked)}.")
    return asked


def tell_what_becomes_of(request: HttpRequest, asked: AccountRequest) -> HttpResponse | None:
    """A page where a link must be handed over, else None with a message."""
    if asked.decision == AccountRequest.Decision.OPEN:
        messages.info(request, _("A second administrator must confirm this; until then nothing is changed."))
        return None
    announce(asked)
    if needs_link(asked):
        return _show_requests(request, deliver_link(request, asked.account))
    messages.success(request, _("Confirmed: it holds from now on."))
    return None


def _show(request: HttpRequest, account: User, form: AccountForm) -> HttpResponse:
    return render(request, "site_setup/account.html", {"account": account, "form": form})


def _show_requests(request: HttpRequest, delivered: dict[str, Any] | None = None) -> HttpResponse:
    user = current_user(request)
    own = AccountRequest.objects.select_related("account", "asked_by", "decided_by")
    rows = [one for one in own.filter(decision="") if _concerns(one, user)]
    decided = [one for one in own.exclude(decision="")[: MAX_DECIDED * 2] if _concerns(one, user)][:MAX_DECIDED]
    context = {
        "open": [
            {"asked": one, "words": describe(one), "may_decide": requests.may_decide(one, user),
             "is_own": one.asked_by_id == user.pk}
            for one in rows
        ],
        "decided": [{"asked": one, "words": describe(one), "decider": decider_of(one)} for one in decided],
    }  # fmt: skip
    return render(request, "site_setup/account_requests.html", context | (delivered or {}))


def _concerns(asked: AccountRequest, user: User) -> bool:
    sites = {*asked.changes.get("sites", ()), *(site.pk for site in asked.account.sites.all())}
    return asked.asked_by_id == user.pk or bool(sites & user.permanent_site_ids)
