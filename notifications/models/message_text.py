"""Model of the texts that a clinic wrote in the place of shipped ones: versions that are never changed.

The newest version of a text speaks: a site's own before the one for all sites, and the shipped file where neither is in
use. Going back is a new version too, so that what was sent on a day can always be told.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site


class MessageText(models.Model):
    """One version of one text in one language. `name` is that of the shipped file: `recall_notice.detailed`.

    An explainer is named with its folder (`explainers/findings/mass`), and its title stands in `subject`.
    """

    name = models.CharField(_("message"), max_length=60)
    language = models.CharField(_("language"), max_length=10)
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("only for the site")
    )
    version = models.PositiveIntegerField(_("version"))
    subject = models.CharField(_("subject"), max_length=150, blank=True)
    body = models.TextField(_("text"))
    active = models.BooleanField(
        _("in use"),
        default=True,
        help_text=_("Take this away to send the shipped text again. What you wrote stays among the versions."),
    )
    reviewer = models.CharField(
        _("reviewed by"),
        max_length=120,
        blank=True,
        help_text=_(
            "A clinician, and for a translation a qualified translator. The blocks in the text are part of it."
        ),
    )
    reviewed_on = models.DateField(_("reviewed on"), null=True, blank=True)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("written by")
    )
    edited_at = models.DateTimeField(_("written"), default=timezone.now)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("message text")
        verbose_name_plural = _("message texts")
        constraints = [
            models.UniqueConstraint(fields=["name", "language", "site", "version"], name="text_version_once_per_site"),
            models.UniqueConstraint(
                fields=["name", "language", "version"], condition=Q(site=None), name="text_version_once_for_all_sites"
            ),
            models.CheckConstraint(
                condition=Q(reviewer="", reviewed_on=None) | (~Q(reviewer="") & Q(reviewed_on__isnull=False)),
                name="a_review_has_a_name_and_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.language}/{self.name} {self.version}"


def get_newest_version(name: str, language: str, site: Site | None) -> MessageText | None:
    """The newest version of one text, in use or not."""
    return MessageText.objects.filter(name=name, language=language, site=site).order_by("-version").first()
