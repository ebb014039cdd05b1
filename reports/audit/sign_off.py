"""The audit interpreting physician of a site, and the yearly audit that this person signs."""

from collections.abc import Sequence
from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic.models import Site, User
from clinic.roles import Page, Role, can_open_page, get_roles
from recalls.assignment import display_name
from reports.audit.documents import build_document
from reports.audit.figures import compute_audit
from reports.audit.scope import AUDIT_BREAKDOWNS, AuditScope
from reports.models import AuditPhysician, SignedAudit


def sees_every_reader(user: User, sites: Sequence[Site]) -> bool:
    """By role, or as the audit interpreting physician of all these sites. One query for a reader."""
    if can_open_page(user, Page.ALL_READERS):
        return True
    own = AuditPhysician.objects.filter(user=user, site__in=[site.pk for site in sites]).count()
    return bool(sites) and own == len(sites)


def name_physician(site: Site, user: User, *, by: User) -> None:
    """Raises ValidationError for who is no radiologist of the site."""
    if Role.RADIOLOGIST not in get_roles(user) or site.pk not in user.site_ids or not user.is_active:
        raise ValidationError(_("The audit interpreting physician is a radiologist of the site."))
    AuditPhysician.objects.update_or_create(site=site, defaults={"user": user, "named_by": by})


@transaction.atomic
def sign_audit(site: Site, year: int, note: str, *, by: User, today: date) -> SignedAudit:
    """Freeze every breakdown of the year with its definitions. Only the site's audit interpreting physician may.

    Everything is counted now, also in a clinic whose workers keep months: a cancer of an hour ago is in what is signed.
    Signed again, it is a further row: the earlier one stays as it was. Raises ValidationError for a year to come.
    """
    if not AuditPhysician.objects.filter(site=site, user=by).exists():
        raise PermissionDenied(_("Only the audit interpreting physician of the site signs its audit."))
    if year > today.year:
        raise ValidationError({"year": _("That year has not begun.")})
    scope = AuditScope.of_year([site], year)
    documents = {
        one.value: build_document(compute_audit(scope, one, today, counts_anew=True), today) for one in AUDIT_BREAKDOWNS
    }
    return SignedAudit.objects.create(
        site=site, year=year, documents=documents, note=note.strip(), user=by, by=display_name(by)
    )
