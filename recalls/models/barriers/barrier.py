"""Models of what keeps a patient from coming, and of the help with it; rows are only ever added."""

from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from recalls.enums.barriers import BarrierEnd, BarrierKind, BarrierSource
from recalls.models.barriers.resource import BarrierResource
from recalls.models.recall import Recall
from recalls.models.signed_record import SignedRecord


class BarrierQuerySet(models.QuerySet[Any]):
    def unsettled(self) -> Self:
        """Those of which nobody has said what came of them."""
        return self.exclude(Exists(BarrierHelp.objects.filter(barrier=OuterRef("pk")).exclude(outcome="")))


class Barrier(SignedRecord):
    """One thing that somebody said is in the way of a patient's visit, and who said it."""

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="barriers", verbose_name=_("recall"))
    kind = models.CharField(_("what is in the way"), max_length=12, choices=BarrierKind)
    source = models.CharField(_("who said it"), max_length=12, choices=BarrierSource)
    words = models.CharField(_("in their words"), max_length=300, blank=True)

    PERSONAL_COLUMNS = ("words",)

    objects = BarrierQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("barrier")
        verbose_name_plural = _("barriers")

    def __str__(self) -> str:
        return str(self.get_kind_display())

    @property
    def is_unsettled(self) -> bool:
        """No query when the help is prefetched."""
        return not any(one.outcome for one in self.helps.all())


class BarrierHelp(SignedRecord):
    """What was offered against a barrier, and what came of it; without an outcome the barrier is still there."""

    barrier = models.ForeignKey(Barrier, models.PROTECT, related_name="helps", verbose_name=_("barrier"))
    resource = models.ForeignKey(
        BarrierResource, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("help of the site")
    )
    offered = models.CharField(_("what was offered"), max_length=300, blank=True)
    outcome = models.CharField(_("what came of it"), max_length=12, choices=BarrierEnd, blank=True)

    PERSONAL_COLUMNS = ("offered",)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("help with a barrier")
        verbose_name_plural = _("help with barriers")

    def __str__(self) -> str:
        return f"#{self.pk}"
