"""Reads the supplemental tests that are advised and not done, and one of them for its page."""

from datetime import date
from typing import NamedTuple

from django.http import Http404

from clinic.models import User
from desk.keyset import rows_after
from recalls.enums import SupplementalStatus
from recalls.models import ScreeningExam, SupplementalScreening

PAGE_SIZE = 25
_ORDER = ("due_on", "pk")


class SupplementalCursor(NamedTuple):
    """Where one page ended."""

    due_on: date
    pk: int


def list_supplemental_to_do(user: User, after: SupplementalCursor | None) -> list[SupplementalScreening]:
    """One page and one row more of what is advised at the user's sites, first due first. One query."""
    rows = SupplementalScreening.objects.filter(site_id__in=user.site_ids, status=SupplementalStatus.ADVISED)
    rows = rows.filter(exam__patient__deceased_on=None).select_related("exam__patient")
    if after is not None:
        rows = rows.filter(rows_after(_ORDER, after))
    return list(rows.order_by(*_ORDER)[: PAGE_SIZE + 1])


def get_supplemental(user: User, pk: int) -> SupplementalScreening:
    """The test with its exam and patient; Http404 at a site that is not the user's. Two queries."""
    rows = SupplementalScreening.objects.select_related("exam__patient", "recall").filter(site_id__in=user.site_ids)
    row = rows.prefetch_related("exam__patient__contact_points", "exam__patient__consents").filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def find_exam(user: User, accession: str, birth_date: date) -> ScreeningExam | None:
    """The one exam of that number and birth date at the user's sites; None where there is none or more than one."""
    found = ScreeningExam.objects.select_related("patient", "site").filter(
        site_id__in=user.site_ids, accession=accession, patient__birth_date=birth_date
    )[:2]
    return found[0] if len(found) == 1 else None
