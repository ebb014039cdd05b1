"""Names the editions of BI-RADS by which a reading can be made."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class BiradsEdition(models.TextChoices):
    """A category means what its edition says: an assessment is stored together with it."""

    FIFTH = "5", _("BI-RADS 5th edition (2013)")
    V2025 = "v2025", _("BI-RADS v2025")
