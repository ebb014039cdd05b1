"""Says what a result rests on, who was told it and how a report came from elsewhere."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class OutcomeBasis(models.TextChoices):
    """What an outcome rests on."""

    VISIT = "visit", _("Diagnostic visit")
    PRIORS = "priors", _("Prior images")
    OUTSIDE = "outside", _("Work-up elsewhere")


class DisclosureMethod(models.TextChoices):
    """How a patient was told a result."""

    AT_VISIT = "at_visit", _("In person, at the visit")
    IN_PERSON = "in_person", _("In person, another day")
    PHONE = "phone", _("By phone")
    VIDEO = "video", _("By video")
    IN_WRITING = "in_writing", _("In writing")
    REFERRER = "referrer", _("By the referring doctor")
    OUTSIDE = "outside", _("By the clinic that did the test")


class Listener(models.TextChoices):
    """Who was told."""

    PATIENT = "patient", _("The patient")
    PROXY = "proxy", _("The person the patient named")


class OutsideReportKind(models.TextChoices):
    """What was done elsewhere."""

    IMAGING = "imaging", _("Imaging work-up")
    BIOPSY = "biopsy", _("Biopsy")
    SURGERY = "surgery", _("Surgery")
    FIRST_VISIT = "visit", _("First visit at the treatment")


class ReportSource(models.TextChoices):
    """How an outside report reached the clinic."""

    FAX = "fax", _("Fax")
    MAIL = "mail", _("Mail")
    PORTAL = "portal", _("Portal or exchange")
    PHONE = "phone", _("Phone")
    PATIENT = "patient", _("Brought by the patient")
