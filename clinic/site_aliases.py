"""Keeps the codes and assigning authorities that a site had before, so that a new name makes no new patients."""

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from clinic.models import Site


class SiteAlias(models.Model):
    """A former code or assigning authority: files that still bear it lead to the site and its patients."""

    class Kind(models.TextChoices):
        CODE = "code", _("Code")
        AUTHORITY = "authority", _("Assigning authority")

    site = models.ForeignKey("clinic.Site", models.CASCADE, related_name="aliases", verbose_name=_("site"))
    kind = models.CharField(_("kind"), max_length=9, choices=Kind)
    value = models.CharField(_("former name"), max_length=60)
    replaced_at = models.DateTimeField(_("replaced"), default=timezone.now)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("former name of a site")
        verbose_name_plural = _("former names of sites")
        constraints = [
            models.UniqueConstraint(fields=["site", "kind", "value"], name="site_alias_once"),
            models.UniqueConstraint(fields=["value"], condition=Q(kind="code"), name="former_code_once"),
        ]

    def __str__(self) -> str:
        return self.value


def keep_former_names(site: "Site", stored: "Site | None") -> None:
    """Store what `stored` was called where `site` is called otherwise now; a name taken back is former no more."""
    if stored is None:
        return
    pairs = (
        (SiteAlias.Kind.CODE, stored.code, site.code),
        (SiteAlias.Kind.AUTHORITY, stored.mrn_authority, site.mrn_authority),
    )
    for kind, before, after in pairs:
        if before != after:
            SiteAlias.objects.filter(site=site, kind=kind, value=after).delete()
            SiteAlias.objects.get_or_create(site=site, kind=kind, value=before)


def check_code_is_unused(site: "Site") -> None:
    """Raise ValidationError for the former code of another site: its old files would land here."""
    former = SiteAlias.objects.filter(kind=SiteAlias.Kind.CODE, value=site.code).exclude(site=site.pk)
    owner = former.select_related("site").first()
    if owner is not None:
        words = _("%(site)s had this code before, and files may still bear it. Choose another.")
        raise ValidationError({"code": words % {"site": owner.site}})
