"""Model of the imaging that a report recommends, as the order of its recall."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recalls.enums import ActionableCategory, OrderedImaging
from recalls.models.recall import Recall


class ImagingOrder(models.Model):
    """What to image, and in which days, as the report says; `guideline` is what the report quotes for it."""

    recall = models.OneToOneField(Recall, models.PROTECT, related_name="imaging_order", verbose_name=_("recall"))
    imaging = models.CharField(_("imaging"), max_length=10, choices=OrderedImaging)
    earliest_on = models.DateField(_("not before"))
    latest_on = models.DateField(_("by"))
    category = models.CharField(_("urgency"), max_length=8, choices=ActionableCategory, blank=True)
    guideline = models.CharField(_("guideline"), max_length=200, blank=True)
    ordered_at = models.DateTimeField(_("taken over"), default=timezone.now)

    class Meta:
        verbose_name = _("imaging order")
        verbose_name_plural = _("imaging orders")
        constraints = [
            models.CheckConstraint(condition=Q(latest_on__gte=F("earliest_on")), name="an_order_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return str(self.get_imaging_display())
