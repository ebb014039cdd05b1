"""Model of a work item: a small task about a patient or a recall."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from patients.models import Patient
from recalls.enums import WorkItemKind
from recalls.models.recall import Recall


def in_a_day() -> datetime:
    """Where nobody says by when, as for a task that another program makes."""
    return timezone.now() + timedelta(days=1)


# When a work item last changed: opened, given to somebody, or done.
WORK_ITEM_CHANGED = Greatest("opened_at", Coalesce("assigned_at", "opened_at"), Coalesce("done_at", "opened_at"))


class WorkItem(models.Model):
    """One task for a person; the same task is never open twice for the same recall (or patient without one).

    A second reason for it joins the first, newest first.
    """

    REASON_LENGTH = 1000  # characters, of all reasons together
    REASON_SEPARATOR = " | "

    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site"))
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="work_items", verbose_name=_("patient"))
    recall = models.ForeignKey(
        Recall,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="work_items",
        verbose_name=_("recall"),
    )
    kind = models.CharField(_("task"), max_length=24, choices=WorkItemKind)
    reason = models.CharField(_("why"), max_length=REASON_LENGTH)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    due_at = models.DateTimeField(_("due"), default=in_a_day)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("assigned to")
    )
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("assigned by"),
    )
    assigned_at = models.DateTimeField(_("assigned"), null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("done by"),
    )

    class Meta:
        ordering = ["pk"]
        verbose_name = _("work item")
        verbose_name_plural = _("work items")
        constraints = [
            models.UniqueConstraint(
                fields=["recall", "kind"],
                condition=Q(done_at__isnull=True, recall__isnull=False),
                name="work_item_open_once_per_recall",
            ),
            models.UniqueConstraint(
                fields=["patient", "kind"],
                condition=Q(done_at__isnull=True, recall__isnull=True),
                name="work_item_open_once_per_patient",
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True, done_by__isnull=True) | Q(done_at__isnull=False),
                name="work_item_done_has_time",
            ),
        ]
        indexes = [
            # Serves the open list of a site, by due time, keyset-paged.
            models.Index(
                fields=["site", "due_at", "id"],
                condition=Q(done_at__isnull=True),
                name="work_item_open",
            ),
            # Serves what each person did.
            models.Index(
                fields=["done_at"],
                condition=Q(done_by__isnull=False),
                name="work_item_done",
            ),
            # Serves the top of the queue: patients who asked for something and wait for an answer.
            models.Index(
                fields=["site", "opened_at"],
                condition=Q(done_at__isnull=True, kind=WorkItemKind.PATIENT_REQUEST),
                name="work_item_asked",
            ),
            # Serves the navigator's list: what is in the way and nobody has solved.
            models.Index(
                fields=["site", "due_at", "id"],
                condition=Q(done_at__isnull=True, kind=WorkItemKind.BARRIER),
                name="work_item_barrier",
            ),
            # Serves FHIR: what changed since, in that order.
            models.Index(WORK_ITEM_CHANGED, "id", name="work_item_by_change"),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())

    @property
    def reasons(self) -> list[str]:
        """Each reason for the task, newest first."""
        return self.reason.split(self.REASON_SEPARATOR)
