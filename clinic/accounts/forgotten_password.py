"""A forgotten password: whoever asks learns nothing about accounts, and the account's own address gets a link.

The page writes down one row whoever is asked for; the worker mails. So neither words nor time tell who has an account.
"""

from datetime import UTC, datetime, timedelta

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.http import base36_to_int

from clinic.access.rate_limit import count, digest_address
from clinic.accounts.models import SecurityEvent
from clinic.accounts.one_time_links import mail_forgotten_link
from clinic.accounts.security_log import record
from clinic.models import User

LINK_LASTS = timedelta(hours=1)
MAX_LINKS_AN_HOUR = 3  # to one account
MAX_ASKED_AN_HOUR = 20  # at one network address: an office asks behind one
_WAITS_AT_MOST = timedelta(minutes=15)
_TOKENS_EPOCH = datetime(2001, 1, 1, tzinfo=UTC)
Kind = SecurityEvent.Kind


class HourTokenGenerator(PasswordResetTokenGenerator):
    """A link that one asked for oneself ends sooner than an invitation, and is not taken for one."""

    key_salt = "clinic.accounts.forgotten_password"

    def check_token(self, user: User | None, token: str | None) -> bool:
        return bool(super().check_token(user, token)) and _is_fresh(token or "")


TOKENS = HourTokenGenerator()


def _is_fresh(token: str) -> bool:
    made_at = _TOKENS_EPOCH + timedelta(seconds=base36_to_int(token.partition("-")[0]))
    return timezone.now() - made_at <= LINK_LASTS


def asks_too_often(request: HttpRequest) -> bool:
    """By address alone: a limit for a name would tell that it is one."""
    return count(f"forgotten:{digest_address(request)}", int(timedelta(hours=1).total_seconds())) > MAX_ASKED_AN_HOUR


def ask(request: HttpRequest, name: str) -> None:
    """Write down who asked. A name of nobody leaves a row just so, with a keyed hash of what was typed."""
    account = _find_account(name)
    record(Kind.LINK_ASKED, request=request, user=account, name=name, detail="" if account else "no such account")


def _find_account(name: str) -> User | None:
    """By user name, or by an address that is one account's alone."""
    rows = list(User.objects.filter(Q(username=name) | Q(email__iexact=name)).exclude(email="")[:2])
    return rows[0] if len(rows) == 1 and may_have_link(rows[0]) else None


def may_have_link(account: User) -> bool:
    """Superusers are the operator's, programs and people of the house's sign-in have no password to forget."""
    return bool(account.is_active and account.email and account.has_usable_password() and not account.is_superuser)


def mail_due_links() -> int:
    """Mail a link to each account for which one was asked; how many left."""
    asked = SecurityEvent.objects.filter(kind=Kind.LINK_ASKED, at__gte=timezone.now() - _WAITS_AT_MOST)
    accounts = asked.exclude(user=None).order_by().values_list("user", flat=True).distinct()
    return sum(_mail_link(number) for number in sorted(accounts))


def _mail_link(number: int) -> bool:
    """Written down before it is sent: a worker that dies sends none twice, and the person asks again.

    The worker's role may not change accounts, so their rows are not locked; two links at once do no harm.
    """
    account, events = User.objects.get(pk=number), SecurityEvent.objects.filter(user=number)
    asked_at = events.filter(kind=Kind.LINK_ASKED).latest("at").at
    sent = events.filter(kind=Kind.LINK_SENT, at__gte=timezone.now() - timedelta(hours=1))
    if sent.filter(at__gte=asked_at).exists() or sent.count() >= MAX_LINKS_AN_HOUR or not may_have_link(account):
        return False
    record(Kind.LINK_SENT, user=account)
    return mail_forgotten_link(account, TOKENS.make_token(account))
