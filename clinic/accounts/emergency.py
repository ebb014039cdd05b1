"""Emergency access, the broken glass: an hour at another site with a reason, on record, reviewed by a second person."""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from clinic.accounts.models import EmergencyAccess, SecurityEvent
from clinic.accounts.security_log import record
from clinic.models import Site, User
from clinic.roles import Page, Role, can_open_page, get_roles

LASTS = timedelta(minutes=60)


def other_sites(user: User) -> QuerySet[Site]:
    """Where the person has no right to be now."""
    return Site.objects.exclude(pk__in=user.site_ids)


@transaction.atomic
def open_access(user: User, site: Site, reason: str) -> EmergencyAccess:
    """The person's roles hold at that site too, for an hour."""
    if not can_open_page(user, Page.EMERGENCY):
        raise PermissionDenied
    access = EmergencyAccess.objects.create(user=user, site=site, reason=reason, ends_at=timezone.now() + LASTS)
    record(SecurityEvent.Kind.BREAK_GLASS, user=user, by=user, detail=f"{site.code}: {reason}")
    return access


def to_review(user: User) -> QuerySet[EmergencyAccess]:
    """What nobody has looked at yet, at the own sites of a manager; never one's own."""
    if Role.MANAGER not in get_roles(user):
        return EmergencyAccess.objects.none()
    own = user.sites.values("pk")
    return (
        EmergencyAccess.objects.filter(site__in=own, reviewed_at=None).exclude(user=user).select_related("user", "site")
    )


@transaction.atomic
def review(access: EmergencyAccess, words: str, *, by: User) -> None:
    """What a manager of the site found."""
    locked = to_review(by).select_for_update(of=("self",)).filter(pk=access.pk).first()
    if locked is None:
        raise PermissionDenied
    locked.reviewed_by, locked.reviewed_at, locked.review = by, timezone.now(), words
    locked.save(update_fields=["reviewed_by", "reviewed_at", "review"])
    record(SecurityEvent.Kind.BREAK_GLASS, user=locked.user, by=by, detail=f"reviewed: {words}")
