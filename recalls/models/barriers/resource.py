"""Model of the help that a site can name against a barrier, in a language, as it was reviewed."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from clinic.validators import validate_link_host
from recalls.enums.barriers import BarrierKind


class BarrierResource(models.Model):
    """A sentence or two, a phone number and a link, said on the phone and shown on the patient's page.

    Nothing of it is said or shown until somebody has put a name and a day to its review.
    """

    site = models.ForeignKey(Site, models.PROTECT, related_name="barrier_resources", verbose_name=_("site"))
    kind = models.CharField(_("helps where this is in the way"), max_length=12, choices=BarrierKind)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    text = models.CharField(
        _("text"),
        max_length=300,
        help_text=_(
            "One or two short sentences to the patient, such as: We can send you a taxi. It costs you nothing."
        ),
    )
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    link = models.CharField(
        _("link"),
        max_length=300,
        blank=True,
        validators=[URLValidator(schemes=["https"]), validate_link_host],
        help_text=_("Only to hosts that the operator allows for links in texts."),
    )
    reviewer = models.CharField(_("reviewed by"), max_length=150, blank=True)
    reviewed_on = models.DateField(_("reviewed on"), null=True, blank=True)
    in_use = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["site", "kind", "language", "pk"]
        verbose_name = _("help against a barrier")
        verbose_name_plural = _("help against barriers")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(reviewer="", reviewed_on=None)
                | (~models.Q(reviewer="") & models.Q(reviewed_on__isnull=False)),
                name="barrier_resource_review_has_name_and_day",
                violation_error_message=_("A review has a name and a day, or neither."),
            )
        ]
        indexes = [models.Index(fields=["site", "kind"], condition=models.Q(in_use=True), name="barrier_resource_used")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.language}): {self.text[:60]}"

    def clean(self) -> None:
        """The link has a field of its own, where its host is checked."""
        if "://" in self.text or "www." in self.text.lower():
            raise ValidationError({"text": _("Put the link into the field of its own.")})

    @property
    def is_reviewed(self) -> bool:
        return bool(self.reviewer) and self.reviewed_on is not None
