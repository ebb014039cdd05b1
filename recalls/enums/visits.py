"""Names visits, the rooms they need and what became of them."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class VisitKind(models.TextChoices):
    DIAGNOSTIC = "diagnostic", _("Diagnostic mammogram")
    DIAGNOSTIC_ULTRASOUND = "diagnostic_us", _("Diagnostic mammogram and ultrasound")
    ULTRASOUND = "ultrasound", _("Ultrasound")
    MRI = "mri", _("MRI")
    CEM = "cem", _("Contrast mammography")
    REPEAT_VIEW = "repeat_view", _("Repeat of one view")
    FOLLOW_UP = "follow_up", _("Short-interval follow-up")
    # Fluid is drawn off and nothing goes to pathology as a rule: it is booked like an imaging visit, not as a biopsy.
    ASPIRATION = "aspiration", _("Cyst aspiration")
    CLINICAL_EXAM = "clinical_exam", _("Clinical exam")
    SURGICAL_CONSULT = "surgical_consult", _("Surgical consult")
    BIOPSY = "biopsy", _("Biopsy")


# No images are made at these visits: what is said of a visit with images would be false.
VISITS_WITHOUT_IMAGES = frozenset({VisitKind.CLINICAL_EXAM, VisitKind.SURGICAL_CONSULT})


class Modality(models.TextChoices):
    """What a room is for."""

    MAMMOGRAPHY = "mammography", _("Mammography")
    ULTRASOUND = "ultrasound", _("Ultrasound")
    MRI = "mri", _("MRI")
    CEM = "cem", _("Contrast mammography")
    CONSULTING = "consulting", _("Consultation and clinical exam")
    BIOPSY = "biopsy", _("Biopsy")


class SpokenLanguage(models.TextChoices):
    """Languages besides English that are spoken most in the homes of the United States (American Community Survey)."""

    SPANISH = "es", pgettext_lazy("spoken", "Spanish")
    CHINESE = "zh", pgettext_lazy("spoken", "Chinese")
    TAGALOG = "tl", pgettext_lazy("spoken", "Tagalog")
    VIETNAMESE = "vi", pgettext_lazy("spoken", "Vietnamese")
    ARABIC = "ar", pgettext_lazy("spoken", "Arabic")
    FRENCH = "fr", pgettext_lazy("spoken", "French")
    KOREAN = "ko", pgettext_lazy("spoken", "Korean")
    RUSSIAN = "ru", pgettext_lazy("spoken", "Russian")
    PORTUGUESE = "pt", pgettext_lazy("spoken", "Portuguese")
    HAITIAN = "ht", pgettext_lazy("spoken", "Haitian Creole")
    HINDI = "hi", pgettext_lazy("spoken", "Hindi")
    POLISH = "pl", pgettext_lazy("spoken", "Polish")


# In which kind of room a visit takes place; an ultrasound that follows the pictures is done from the same booking.
MODALITY_BY_VISIT_KIND: dict[VisitKind, Modality] = dict.fromkeys(VisitKind, Modality.MAMMOGRAPHY) | {
    VisitKind.ULTRASOUND: Modality.ULTRASOUND,
    VisitKind.MRI: Modality.MRI,
    VisitKind.CEM: Modality.CEM,
    VisitKind.ASPIRATION: Modality.ULTRASOUND,
    **dict.fromkeys(VISITS_WITHOUT_IMAGES, Modality.CONSULTING),
    VisitKind.BIOPSY: Modality.BIOPSY,
}


class DurationComponent(models.TextChoices):
    """What a visit's length is made of: its kind, and what makes it longer."""

    DIAGNOSTIC = VisitKind.DIAGNOSTIC.value, VisitKind.DIAGNOSTIC.label
    DIAGNOSTIC_ULTRASOUND = VisitKind.DIAGNOSTIC_ULTRASOUND.value, VisitKind.DIAGNOSTIC_ULTRASOUND.label
    ULTRASOUND = VisitKind.ULTRASOUND.value, VisitKind.ULTRASOUND.label
    MRI = VisitKind.MRI.value, VisitKind.MRI.label
    CEM = VisitKind.CEM.value, VisitKind.CEM.label
    REPEAT_VIEW = VisitKind.REPEAT_VIEW.value, VisitKind.REPEAT_VIEW.label
    FOLLOW_UP = VisitKind.FOLLOW_UP.value, VisitKind.FOLLOW_UP.label
    ASPIRATION = VisitKind.ASPIRATION.value, VisitKind.ASPIRATION.label
    CLINICAL_EXAM = VisitKind.CLINICAL_EXAM.value, VisitKind.CLINICAL_EXAM.label
    SURGICAL_CONSULT = VisitKind.SURGICAL_CONSULT.value, VisitKind.SURGICAL_CONSULT.label
    BIOPSY = VisitKind.BIOPSY.value, VisitKind.BIOPSY.label
    INTERPRETER = "interpreter", _("added for an interpreter")
    IMPLANTS = "implants", _("added for implants")


class AppointmentStatus(models.TextChoices):
    BOOKED = "booked", _("Booked")
    CONFIRMED = "confirmed", _("Confirmed")
    ATTENDED = "attended", _("Attended")
    MISSED = "missed", _("Missed")
    CANCELLED = "cancelled", _("Cancelled")
    # Booked by mistake and undone within seconds: it never was.
    ENTERED_IN_ERROR = "taken_back", _("Taken back")


ACTIVE_APPOINTMENT_STATUSES = (AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED)


# A visit that began early still has its room until it ends.
ROOM_OCCUPYING_STATUSES = (*ACTIVE_APPOINTMENT_STATUSES, AppointmentStatus.ATTENDED)


class CancelReason(models.TextChoices):
    """Why patients cancel a visit, in their own words; each opens the task that helps."""

    FEAR = "fear", _("I am afraid of it")
    COST = "cost", _("The cost")
    RIDE = "ride", _("I have no ride")
    WORK = "work", _("I cannot leave work")
    CARE = "care", _("I look after somebody")
    ELSEWHERE = "elsewhere", _("I go to another clinic")
    UNWELL = "unwell", _("I do not feel well")
    OTHER = "other", _("Another reason")
