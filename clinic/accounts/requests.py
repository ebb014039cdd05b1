"""What an administrator asks for an account, and the second administrator who confirms it.

Taking roles and sites away is one person's act; giving them, changing where an account's mail goes, and a new password
are two people's. Until the first patient is entered there is nothing to guard, and whoever sets up the clinic does so
alone; a clinic with a single administrator asks the operator of the server (`manage.py account_requests`).
"""

from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.accounts.models import AccountRequest, SecurityEvent
from clinic.accounts.second_factor import remove_second_factors
from clinic.accounts.security_log import record
from clinic.accounts.sessions import end_sessions
from clinic.models import User
from clinic.roles import ADMIN_ROLES, Role, get_roles

Decision, Kind = AccountRequest.Decision, AccountRequest.Kind


def manageable_accounts(user: User) -> QuerySet[User]:
    """The accounts that this administrator may touch: colleagues at the own sites, never the own one or a superuser."""
    return User.objects.filter(sites__in=user.permanent_site_ids, is_superuser=False).exclude(pk=user.pk).distinct()


def is_whole_reach(user: User, account: User) -> bool:
    """Whether the person has every site of the account: its roles and its password count at all of them."""
    return set(account.sites.values_list("pk", flat=True)) <= user.permanent_site_ids


@transaction.atomic
def ask(
    account: User,
    kind: AccountRequest.Kind,
    *,
    by: User,
    roles: Collection[str] = (),
    sites: Collection[int] = (),
    email: str = "",
) -> AccountRequest:
    """Write down what is asked for; an earlier request of its kind ends. In an empty clinic it holds at once."""
    _check_asker(account, kind, by, roles, sites, email)
    account.account_requests.filter(kind=kind, decision=Decision.OPEN).update(
        decision=Decision.WITHDRAWN, decided_by=by, decided_at=timezone.now()
    )
    added: dict[str, Any] = {"roles": sorted(roles), "sites": sorted(sites), "email": email}
    asked = AccountRequest.objects.create(
        account=account, kind=kind, asked_by=by, changes={name: value for name, value in added.items() if value}
    )
    _record(asked, by, "asked")
    if not apps.get_model("patients", "Patient").objects.exists():
        _confirm(asked, None, _("No patient was entered yet"))
    return asked


def _check_asker(
    account: User, kind: AccountRequest.Kind, by: User, roles: Collection[str], sites: Collection[int], email: str
) -> None:
    needs_whole_reach = bool(kind != Kind.GRANT or roles or email)
    is_refused = (
        account.pk == by.pk
        or account.is_superuser
        or not _may_manage(by)
        or not set(sites) <= by.permanent_site_ids
        or (needs_whole_reach and not is_whole_reach(by, account))
    )
    if is_refused:
        raise PermissionDenied


def may_decide(asked: AccountRequest, user: User) -> bool:
    """A second administrator, who has every site that the account has or is to get."""
    others = user.pk not in (asked.asked_by_id, asked.account_id) and _may_manage(user)
    return (
        others
        and set(asked.changes.get("sites", ())) <= user.permanent_site_ids
        and is_whole_reach(user, asked.account)
    )


def confirm(asked: AccountRequest, *, by: User) -> None:
    """The second administrator says yes, and it holds."""
    with transaction.atomic():
        locked = _lock_open(asked)
        if not may_decide(locked, by):
            raise PermissionDenied
        _confirm(locked, by, "")


def confirm_on_server(asked: AccountRequest, operator: str) -> None:
    """The operator of the server stands in for a second administrator; the name given there is kept."""
    with transaction.atomic():
        _confirm(_lock_open(asked), None, _("On the server by %(operator)s") % {"operator": operator})


def refuse(asked: AccountRequest, *, by: User) -> None:
    """The second administrator says no, or whoever asked takes it back."""
    with transaction.atomic():
        locked = _lock_open(asked)
        if locked.asked_by_id != by.pk and not may_decide(locked, by):
            raise PermissionDenied
        locked.decision = Decision.WITHDRAWN if locked.asked_by_id == by.pk else Decision.REFUSED
        locked.decided_by, locked.decided_at = by, timezone.now()
        locked.save()
        _record(locked, by, locked.decision)


@transaction.atomic
def take_away(account: User, *, roles: Collection[str] = (), sites: Collection[int] = (), by: User) -> None:
    """Roles and sites end at once, and with them what the person has open."""
    if account.pk == by.pk or account.is_superuser or not _may_manage(by) or not set(sites) <= by.permanent_site_ids:
        raise PermissionDenied
    if roles and not is_whole_reach(by, account):
        raise PermissionDenied
    account.groups.remove(*Group.objects.filter(name__in=roles))
    account.sites.remove(*sites)
    words = ", ".join([*sorted(roles), *(f"site {pk}" for pk in sorted(sites))])
    record(SecurityEvent.Kind.RIGHTS, user=account, by=by, detail=f"taken away: {words}")
    _settle(account)


def _may_manage(user: User) -> bool:
    return Role.ADMINISTRATOR in get_roles(user) or user.is_superuser


def _lock_open(asked: AccountRequest) -> AccountRequest:
    found = AccountRequest.objects.select_for_update().filter(pk=asked.pk, decision=Decision.OPEN).first()
    if found is None:
        raise PermissionDenied(_("This request was decided already."))
    return found


def _confirm(asked: AccountRequest, by: User | None, words: str) -> None:
    asked.decision, asked.decided_by, asked.decided_words, asked.decided_at = (
        Decision.CONFIRMED, by, words, timezone.now(),
    )  # fmt: skip
    asked.save()
    _record(asked, by, f"confirmed {words}".strip())
    account = User.objects.select_for_update().get(pk=asked.account_id)
    asked.account = account
    if asked.kind == Kind.PASSWORD:
        account.set_unusable_password()
    if asked.kind == Kind.SECOND_FACTOR:
        remove_second_factors(account)
    account.email = asked.changes.get("email", account.email)
    account.save(update_fields=["password", "email"])
    account.groups.add(*Group.objects.filter(name__in=asked.changes.get("roles", ())))
    account.sites.add(*asked.changes.get("sites", ()))
    _settle(account)


def _record(asked: AccountRequest, by: User | None, what: str) -> None:
    given = ", ".join([*asked.changes.get("roles", ()), *(f"site {pk}" for pk in asked.changes.get("sites", ()))])
    address = "address" if "email" in asked.changes else ""
    words = f"request {asked.pk} {what}: {asked.kind} {given} {address}"
    record(SecurityEvent.Kind.RIGHTS, user=asked.account, by=by, detail=" ".join(words.split()))


def _settle(account: User) -> None:
    """Who may enter the administration follows from the roles; a session with other rights does not go on."""
    account.is_staff = account.groups.filter(name__in=ADMIN_ROLES).exists()
    account.save(update_fields=["is_staff"])
    end_sessions(account)


def managers_of(account: User, sites: Collection[int]) -> QuerySet[User, Any]:
    """Who is told of it: the managers of every site concerned, and of no other."""
    concerned = set(sites) | set(account.sites.values_list("pk", flat=True))
    is_told = models.Q(groups__name=Role.MANAGER, sites__in=concerned, is_active=True)
    return User.objects.filter(is_told).exclude(email="").exclude(pk=account.pk).distinct()
