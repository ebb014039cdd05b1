"""Selects the patients whom an account may see."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from clinic.models import User
from patients.models import Patient
from recalls.models import ScreeningExam


def patients_of(user: User) -> QuerySet[Patient]:
    """The patients of the user's sites: whose record is kept there, or who had an exam there."""
    exams = ScreeningExam.objects.filter(patient=OuterRef("pk"), site_id__in=user.site_ids)
    return Patient.objects.filter(Q(site_id__in=user.site_ids) | Exists(exams))
