"""Models of the set-up: the code for the first visitor, test mails, and who reviewed the texts."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SetupCode(models.Model):
    """The one code that makes the first account; only its hash is stored, and it ends with that account."""

    code_hash = models.CharField(_("hash"), max_length=128)
    wrong_tries = models.PositiveSmallIntegerField(_("wrong tries"), default=0)
    created_at = models.DateTimeField(_("made"), default=timezone.now)

    class Meta:
        verbose_name = _("set-up code")
        verbose_name_plural = _("set-up codes")

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M}"


class MailTest(models.Model):
    """One test message and what the mail server answered; the address is not kept."""

    at = models.DateTimeField(_("when"), default=timezone.now)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who"))
    was_accepted = models.BooleanField(_("accepted"))
    answer = models.CharField(_("answer of the mail server"), max_length=400, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("test message")
        verbose_name_plural = _("test messages")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class TextsReview(models.Model):
    """Somebody said that the texts to patients were read and fit this clinic."""

    at = models.DateTimeField(_("when"), default=timezone.now)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who"))

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("review of the texts")
        verbose_name_plural = _("reviews of the texts")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
