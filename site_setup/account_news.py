"""Tells managers and the person of a changed account, and brings one-time links to where they belong."""

import logging
import smtplib
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.mail import send_mail
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.accounts.models import AccountRequest
from clinic.accounts.one_time_links import mail_link, make_link
from clinic.accounts.requests import managers_of
from clinic.models import Site, User
from clinic.roles import Role

log = logging.getLogger(__name__)


def describe(asked: AccountRequest) -> str:
    """What is asked for, in words."""
    if asked.kind == AccountRequest.Kind.PASSWORD:
        return _("a one-time link for a new password")
    if asked.kind == AccountRequest.Kind.SECOND_FACTOR:
        return _("the second factor is lost: it is removed, and a new one is set up at the next sign-in")
    words = [str(Role(name).label) for name in asked.changes.get("roles", ())]
    words += Site.objects.filter(pk__in=asked.changes.get("sites", ())).values_list("name", flat=True)
    if email := asked.changes.get("email"):
        words.append(_("the address %(email)s") % {"email": email})
    return ", ".join(words)


def decider_of(asked: AccountRequest) -> str:
    """Who decided, by name, or what took the place of a second administrator."""
    decider = asked.decided_by
    return (decider.get_full_name() or decider.username) if decider else asked.decided_words


def needs_link(asked: AccountRequest) -> bool:
    """A new password was confirmed, or the first rights of somebody who has not come in yet."""
    is_new = asked.account.last_login is None and not asked.account.has_usable_password()
    return asked.kind == AccountRequest.Kind.PASSWORD or is_new


def announce(asked: AccountRequest) -> None:
    """Write to the managers of every site concerned and to the person; the page of requests keeps it too."""
    told = _(
        "An account at Recall Desk was given rights or a new password.\n\nAccount: %(account)s\nWhat: %(what)s\n"
        "Asked by: %(asked)s\nConfirmed by: %(decided)s\n\nIf you did not expect this, tell your administrator now.\n"
    ) % {
        "account": asked.account.username,
        "what": describe(asked),
        "asked": asked.asked_by.get_full_name() or asked.asked_by.username,
        "decided": decider_of(asked),
    }
    sites = asked.changes.get("sites", ())
    addresses = {person.email for person in managers_of(asked.account, sites)} | {asked.account.email}
    for address in sorted(addresses - {""}):
        try:
            send_mail(_("An account at Recall Desk was changed"), told, None, [address])
        except (OSError, smtplib.SMTPException) as error:
            log.warning("the news of request %s could not be mailed: %s", asked.pk, type(error).__name__)


def deliver_link(request: HttpRequest, account: User) -> dict[str, Any]:
    """Mail the one-time link to the person alone; where there is no address it is shown once, to be handed over."""
    link = make_link(account)
    if account.email:
        if mail_link(account, link):
            messages.success(request, _("The one-time link was mailed to %(email)s.") % {"email": account.email})
        else:
            messages.error(request, _("The one-time link could not be mailed. Look at Set-up, Mail, and try again."))
        return {}
    days = settings.PASSWORD_RESET_TIMEOUT // (24 * 60 * 60)
    return {
        "invited": account,
        "link": link,
        "valid_for": ngettext("%(days)d day", "%(days)d days", days) % {"days": days},
    }
