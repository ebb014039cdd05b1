"""Holds that the page tells of the day of each kind of visit what is true of that kind."""

import pytest

from clinic.models import Site
from recalls.enums import FindingKind, Side, VisitKind
from recalls.testing.factories import RecallFactory
from tests.portal.conftest import PageOf

pytestmark = pytest.mark.django_db


def test_the_day_of_a_mammogram_tells_of_the_extra_pictures_for_the_finding_and_of_implants(
    page_of: PageOf, shadyside: Site
) -> None:
    findings = [(FindingKind.CALCIFICATIONS, Side.LEFT)]
    page = page_of(RecallFactory.create(site=shadyside, booked=True, exam__findings=findings))
    assert "Close-up mammogram pictures." in page
    assert "If you have breast implants, please tell us before the visit." in page
    assert "A 3D mammogram." not in page


def test_the_day_of_an_ultrasound_alone_tells_of_no_x_ray(page_of: PageOf, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, booked=True)
    recall.appointments.update(kind=VisitKind.ULTRASOUND)
    page = page_of(recall)
    assert "Close-up mammogram pictures." not in page
    assert "breast implants, please" not in page


@pytest.mark.parametrize("kind", [VisitKind.CLINICAL_EXAM, VisitKind.SURGICAL_CONSULT])
def test_the_day_of_a_talk_with_a_doctor_promises_no_pictures_and_no_full_payment(
    kind: VisitKind, page_of: PageOf, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, booked=True)
    recall.appointments.update(kind=kind)
    page = page_of(recall)
    assert "The doctor talks with you" in page
    assert "We take a few pictures" not in page
    assert "must now pay the full cost" not in page


def test_a_contrast_mammogram_tells_of_implants_like_any_mammogram(page_of: PageOf, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, booked=True)
    recall.appointments.update(kind=VisitKind.CEM)
    assert "If you have breast implants, please tell us before the visit." in page_of(recall)
