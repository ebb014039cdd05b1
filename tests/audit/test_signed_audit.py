"""Holds that the named physician signs the year, and that what was signed stays as it was."""

import csv
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from time_machine import TimeMachineFixture

from clinic.factories import UserFactory
from clinic.models import Site, User
from clinic.roles import Role
from patients.models import Patient
from recalls.enums import Assessment
from recalls.models import CancerDiagnosis
from reports.audit.scope import AUDIT_BREAKDOWNS
from reports.models import AuditPhysician, SignedAudit
from tests.audit.histories import RECORDED, History, write_histories

DAY = date(2025, 5, 6)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_spring(time_machine: TimeMachineFixture, shadyside: Site, radiologist_rao: User) -> None:
    time_machine.move_to("2027-03-16T15:00:00Z", tick=False)
    negative = [History(DAY, Assessment.NEGATIVE, reader=radiologist_rao) for _number in range(9)]
    write_histories(shadyside, [*negative, History(DAY, Assessment.NEED_IMAGING, reader=radiologist_rao)])


@pytest.fixture
def physician(client: Client, manager_mo: User, radiologist_rao: User) -> User:
    client.force_login(manager_mo)
    client.post("/audit/physician/SHADY/", {"physician": radiologist_rao.pk})
    assert AuditPhysician.objects.get().named_by == manager_mo
    return radiologist_rao


def _sign(client: Client, user: User, year: int = 2025) -> SignedAudit:
    client.force_login(user)
    answer: Any = client.post("/audit/sign/SHADY/", {"SHADY-year": year, "SHADY-note": "Reviewed with the group."})
    assert answer.status_code == 302
    return SignedAudit.objects.latest("pk")


def _false_negatives(client: Client, address: str) -> tuple[int, int]:
    document = client.get(address).context["document"]
    figure = document["sections"][0]["groups"][0]["figures"]["false_negatives"]
    return figure["numerator"], figure["denominator"]


def test_a_late_cancer_changes_the_living_audit_and_not_the_signed_one(
    client: Client, physician: User, shadyside: Site
) -> None:
    signed = _sign(client, physician)
    frozen, living = f"/audit/signed/{signed.pk}/", "/audit/?year=2025"
    assert _false_negatives(client, frozen) == _false_negatives(client, living) == (0, 10)
    missed = Patient.objects.filter(exams__assessment=Assessment.NEGATIVE).first()
    assert missed is not None
    CancerDiagnosis.objects.create(
        site=shadyside, patient=missed, diagnosed_on=date(2026, 1, 8), result="invasive", **RECORDED
    )
    assert _false_negatives(client, frozen) == (0, 10)
    assert _false_negatives(client, living) == (1, 10)
    again = _sign(client, physician)
    assert _false_negatives(client, f"/audit/signed/{again.pk}/") == (1, 10)
    assert _false_negatives(client, frozen) == (0, 10)


def test_a_signed_audit_says_who_signed_it_when_and_by_which_definitions(client: Client, physician: User) -> None:
    signed = _sign(client, physician)
    page = client.get(f"/audit/signed/{signed.pk}/").content.decode()
    assert physician.get_full_name() in page
    assert "Reviewed with the group." in page
    assert "21 CFR 900.12(f)" in page
    assert set(signed.documents) == {one.value for one in AUDIT_BREAKDOWNS}
    assert signed.documents["all"]["sections"][0]["definitions"][0]["numerator"]


def test_the_file_of_a_signed_audit_holds_its_figures(client: Client, physician: User) -> None:
    signed = _sign(client, physician)
    answer: Any = client.get(f"/audit/signed/{signed.pk}/csv/", {"by": "reader"})
    rows = list(csv.DictReader(StringIO(b"".join(answer).decode("utf-8-sig"))))
    counted = [(row["numerator"], row["denominator"]) for row in rows if row["measure"] == "recall_rate_mqsa"]
    assert counted == [("1", "10"), ("1", "10")]
    assert client.get(f"/audit/signed/{signed.pk}/json/").json() == signed.documents["all"]


def test_only_the_named_physician_signs(client: Client, manager_mo: User, radiologist_rao: User) -> None:
    for user in (manager_mo, radiologist_rao):
        client.force_login(user)
        assert client.post("/audit/sign/SHADY/", {"SHADY-year": 2025}).status_code == 403
    assert not SignedAudit.objects.exists()


def test_only_a_manager_names_the_physician_and_only_a_radiologist_of_the_site(
    client: Client, manager_mo: User, radiologist_rao: User, scheduler_ana: User, foothills: Site
) -> None:
    client.force_login(radiologist_rao)
    assert client.post("/audit/physician/SHADY/", {"physician": radiologist_rao.pk}).status_code == 403
    client.force_login(manager_mo)
    far = UserFactory.create(username="far", role=Role.RADIOLOGIST, sites=[foothills])
    for nobody in (scheduler_ana, far):
        assert client.post("/audit/physician/SHADY/", {"physician": nobody.pk}).status_code == 404
    assert client.post("/audit/physician/FOOT/", {"physician": far.pk}).status_code == 404
    assert not AuditPhysician.objects.exists()


def test_the_physician_sees_every_reader_and_another_reader_does_not(
    client: Client, physician: User, shadyside: Site
) -> None:
    signed = _sign(client, physician)
    other = UserFactory.create(username="kim", role=Role.RADIOLOGIST, sites=[shadyside])
    assert client.get(f"/audit/signed/{signed.pk}/?by=reader").status_code == 200
    labels = [
        one["label"] for one in client.get("/audit/?year=2025&by=reader").context["document"]["sections"][0]["groups"]
    ]
    assert labels == ["All", physician.get_full_name()]
    client.force_login(other)
    assert client.get(f"/audit/signed/{signed.pk}/?by=reader").status_code == 404
    assert client.get(f"/audit/signed/{signed.pk}/csv/?by=reader").status_code == 404
    assert physician.get_full_name() not in client.get("/audit/?year=2025&by=reader").content.decode()


def test_the_signed_audit_of_another_site_is_not_found(client: Client, physician: User, foothills: Site) -> None:
    signed = _sign(client, physician)
    client.force_login(UserFactory.create(username="far", role=Role.MANAGER, sites=[foothills]))
    assert client.get(f"/audit/signed/{signed.pk}/").status_code == 404
    assert client.get(f"/audit/signed/{signed.pk}/csv/").status_code == 404


def test_a_year_that_is_not_offered_is_refused(client: Client, physician: User) -> None:
    client.force_login(physician)
    answer = client.post("/audit/sign/SHADY/", {"SHADY-year": 2028})
    assert answer.status_code == 422
    assert not SignedAudit.objects.exists()
