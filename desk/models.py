"""A form that was sent after its writer's session had ended, kept for a short while."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import User


class KeptForm(models.Model):
    """The fields of one form, for the person who typed them and the browser they typed in, and for nobody else."""

    # The browser holds the token in a cookie; here is its hash alone.
    token_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("typed by"))
    path = models.CharField(max_length=300)
    query = models.TextField(blank=True)  # what stood behind the path, without its question mark
    fields = models.JSONField()  # name -> list of texts, as the browser sent them
    kept_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("kept form")
        verbose_name_plural = _("kept forms")

    def __str__(self) -> str:
        return f"{self.path} {self.kept_at:%Y-%m-%d %H:%M}"
