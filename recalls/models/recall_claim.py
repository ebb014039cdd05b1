"""Model of who has a recall open: one claim for each recall."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recalls.models.recall import Recall


class RecallClaim(models.Model):
    """The person at whom a recall lies; old ones stay until the next person opens it (see `recalls.edit_presence`)."""

    recall = models.OneToOneField(Recall, models.CASCADE, related_name="claim", verbose_name=_("recall"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="claims", verbose_name=_("opened by")
    )
    claimed_at = models.DateTimeField(_("opened"), default=timezone.now)
    last_seen_at = models.DateTimeField(_("last sign of life"), default=timezone.now)

    class Meta:
        verbose_name = _("open recall")
        verbose_name_plural = _("open recalls")

    def __str__(self) -> str:
        return f"#{self.recall_id}"
