"""Model of the access log: one row each time a person opens something about a patient, or a list of them."""

from typing import Any

from django.conf import settings
from django.db import connection, models
from django.utils.translation import gettext_lazy as _


class AccessLogQuerySet(models.QuerySet["AccessLog"]):
    def showing(self, patient_ids: list[int]) -> "AccessLogQuerySet":
        """Rows that show one of these patients, by itself or in a list; each half by its own index."""
        in_lists = models.Q(pk__in=())
        for number in patient_ids:
            in_lists |= _holds_number(number)
        return self.filter(models.Q(patient_id__in=patient_ids) | in_lists)


def _holds_number(number: int) -> Any:
    if connection.vendor == "postgresql":
        return models.Q(patient_ids__contains=[number])
    return models.Q(_HoldsNumber("patient_ids", models.Value(number)))


class _HoldsNumber(models.Func):
    """Whether a list of numbers holds one, where the database has no operator for it."""

    template = "EXISTS (SELECT 1 FROM json_each(%(expressions)s))"
    arg_joiner = ") AS one WHERE one.value = ("
    output_field = models.BooleanField()


class AccessLog(models.Model):
    """One row each time a person opens something about a patient, or a list of them; written before it is shown."""

    class Alarm(models.TextChoices):
        OWN_RECORD = "own_record", _("perhaps the person's own record")
        SAME_SURNAME = "surname", _("a patient with the person's family name")

    at = models.DateTimeField(_("when"), auto_now_add=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("who"), related_name="+")
    page = models.CharField(_("page"), max_length=60)
    # One of these: a patient by itself, those on a list, or a number of what names a person who may be no patient.
    patient_id = models.BigIntegerField(_("patient number"), null=True)
    patient_ids = models.JSONField(_("patient numbers on the list"), null=True)
    # A program of the version before writes none of these.
    subject = models.CharField(_("what else"), max_length=60, blank=True, db_default="")
    sites = models.CharField(_("numbers of the person's sites"), max_length=200, blank=True, db_default="")
    address = models.GenericIPAddressField(_("address"), null=True)
    # A digest: it opens nothing.
    session = models.CharField(_("session"), max_length=16, blank=True, db_default="")
    filter = models.CharField(_("search or filter"), max_length=16, blank=True, db_default="")  # a keyed digest
    why = models.CharField(_("why"), max_length=300, blank=True, db_default="")
    alarm = models.CharField(_("alarm"), max_length=10, choices=Alarm, blank=True, db_default="")

    objects = AccessLogQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("page view")
        verbose_name_plural = _("page views")
        indexes = [
            # Serves "who has looked at this patient", newest first; those on lists have an index of PostgreSQL's own.
            models.Index(fields=["patient_id", "-id"], name="accesslog_by_patient"),
            # Who opened many in the last hours, and a day of the log.
            models.Index(fields=["at"], name="accesslog_by_time"),
            models.Index(fields=["-id"], condition=~models.Q(alarm=""), name="accesslog_alarms"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.page}"
