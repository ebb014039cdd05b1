"""What may be known of a patient's background; nothing but the figures of who waits asks it, and nobody has to say."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Race(models.TextChoices):
    """The minimum categories of the OMB, as US Core has them."""

    AMERICAN_INDIAN = "american_indian", _("American Indian or Alaska Native")
    ASIAN = "asian", _("Asian")
    BLACK = "black", _("Black or African American")
    PACIFIC = "pacific", _("Native Hawaiian or other Pacific Islander")
    WHITE = "white", _("White")
    MULTIPLE = "multiple", _("More than one")
    OTHER = "other", _("Another")
    DECLINED = "declined", _("Does not want to say")


class Ethnicity(models.TextChoices):
    HISPANIC = "hispanic", _("Hispanic or Latino")
    NOT_HISPANIC = "not_hispanic", _("Not Hispanic or Latino")
    DECLINED = "declined", _("Does not want to say")


class Insurance(models.TextChoices):
    """Who pays first."""

    PRIVATE = "private", _("Private")
    MEDICARE = "medicare", _("Medicare")
    MEDICAID = "medicaid", _("Medicaid")
    OTHER_PUBLIC = "other_public", _("Other public")
    NONE = "none", _("None")


BACKGROUND_FIELDS = ("race", "ethnicity", "insurance", "distance_miles")
MAX_DISTANCE_MILES = 3000  # more is a slip of the pen
