"""Holds that a patient and a result typed in by hand go the way of every row, and disturb nobody who is here."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.actors import INTAKE
from clinic.factories import SiteFactory
from clinic.models import AccessLog, Site, User
from exchange.csv_reader import Record
from exchange.loader import Loader, get_sites_by_code
from exchange.models import ParkedRow, ResultFile
from notifications.models import Notification
from patients.actions import record_death
from patients.factories import PatientFactory
from patients.models import Consent, ContactPoint, Patient
from recalls.models import Finding, Recall, RecallEvent, ScreeningExam
from tests.entry.conftest import TYPED, Enter

pytestmark = pytest.mark.django_db


def errors(page: Any, field: str) -> str:
    return " ".join(page.context["form"].errors.get(field, []))


@pytest.fixture
def known(shadyside: Site) -> Patient:
    return PatientFactory.create(
        site=shadyside, assigning_authority="SHADY", mrn="H700", family_name="Sample-Fern", given_name="Testa",
        birth_date=date(1966, 5, 9),
    )  # fmt: skip


def test_a_result_that_needs_more_work_opens_a_recall_in_the_name_of_who_typed_it(
    enter: Enter, scheduler_ana: User
) -> None:
    page = enter(
        scheduler_ana, phone_mobile="412 555 0166", email="testa@example.org", email_consent="yes", modality="3d",
        finding_kind_1="mass", finding_side_1="left", finding_place_1="upper outer", address_line="1 Sample Street",
    )  # fmt: skip
    recall = Recall.objects.get()
    assert RecallEvent.objects.get().by == scheduler_ana.get_full_name()
    assert (recall.patient.mrn, recall.state, recall.exam.modality) == ("H700", "to_contact", "3d")
    assert (recall.patient.address_line, recall.patient.language) == ("1 Sample Street", "en")
    assert list(Finding.objects.values_list("kind", "side", "place")) == [("mass", "left", "upper outer")]
    assert set(ContactPoint.objects.values_list("value", flat=True)) == {"+14125550166", "testa@example.org"}
    assert Consent.objects.get().source == "entered by hand"
    assert Notification.objects.filter(kind="recall_notice", channel="email").exists()
    assert "Testa Sample-Fern:" in page.text
    assert reverse("recall", args=[recall.pk]) in page.text


def test_a_negative_result_is_kept_and_opens_nothing(enter: Enter, manager_mo: User) -> None:
    page = enter(manager_mo, assessment="1")
    assert "No recall is needed" in page.text
    assert ScreeningExam.objects.get().patient.mrn == "H700"
    assert not Recall.objects.exists()


@pytest.mark.parametrize("who", ["scheduler_ana", "manager_mo"])
def test_a_result_that_needs_prior_images_waits_for_them(
    enter: Enter, who: str, request: pytest.FixtureRequest
) -> None:
    enter(request.getfixturevalue(who), assessment="0-PRIOR")
    assert Recall.objects.get().state == "awaiting_priors"


def test_after_saving_the_page_is_empty_but_for_what_the_next_patient_shares(
    enter: Enter, scheduler_ana: User, radiologist_rao: User
) -> None:
    form = enter(scheduler_ana, reader="rao").context["form"]
    kept = {name: form[name].value() for name in ("site", "exam_date", "reader")}
    assert kept == {"site": "SHADY", "exam_date": "2026-11-02", "reader": "rao"}
    assert [form[name].value() for name in ("mrn", "family_name", "birth_date", "accession", "assessment")] == [
        None
    ] * 5
    assert ScreeningExam.objects.get().reader == radiologist_rao


@pytest.mark.parametrize(
    ("cells", "field", "words"),
    [
        ({"mrn": ""}, "mrn", "must not be empty"),
        ({"mrn": "7.1E+9"}, "mrn", "lost its last digits"),
        ({"birth_date": "2066-05-09"}, "birth_date", "in the future"),
        ({"assessment": "4B", "assessment_left": "1", "assessment_right": "2"}, "assessment", "worse breast"),
        ({"finding_kind_1": "mass"}, "finding_kind_1", "kind:side"),
        ({"language": "Klingonese"}, "language", "unknown"),
        ({"site": "FOOT"}, "site", "Choose the site"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    enter: Enter, scheduler_ana: User, foothills: Site, cells: dict[str, str], field: str, words: str
) -> None:
    page = enter(scheduler_ana, given_name="Prueba", **cells)
    assert words in errors(page, field)
    assert page.context["form"]["given_name"].value() == "Prueba"
    assert not Patient.objects.exists()
    assert not ParkedRow.objects.exists()


def test_whose_number_it_is_is_shown_before_anything_is_saved(
    enter: Enter, scheduler_ana: User, known: Patient
) -> None:
    page = enter(scheduler_ana, city="Verona")
    assert "This number belongs to a known patient" in page.text
    assert not ScreeningExam.objects.exists()
    assert AccessLog.objects.filter(user=scheduler_ana, patient_id=known.pk, page="entry").count() == 1
    enter(scheduler_ana, city="Verona", known_patient=known.pk)
    known.refresh_from_db()
    assert (ScreeningExam.objects.get().patient, known.city) == (known, "Verona")


def test_a_number_shown_as_one_patients_is_not_saved_for_another(
    enter: Enter, scheduler_ana: User, known: Patient
) -> None:
    page = enter(scheduler_ana, known_patient=known.pk + 1)
    assert "This number belongs to" in page.text
    assert not ScreeningExam.objects.exists()


def test_whose_number_it_is_is_told_while_typing(client: Client, scheduler_ana: User, known: Patient) -> None:
    client.force_login(scheduler_ana)
    found = client.post(reverse("entry_number_owner"), {"site": "SHADY", "mrn": "\u200bH700"}).text
    assert known.full_name in found
    assert f'value="{known.pk}"' in found
    assert known.full_name not in client.post(reverse("entry_number_owner"), {"site": "FOOT", "mrn": "H700"}).text


def test_a_number_of_somebody_with_another_birth_date_is_refused(
    enter: Enter, scheduler_ana: User, known: Patient
) -> None:
    page = enter(scheduler_ana, known_patient=known.pk, birth_date="1967-05-09")
    assert "mixed up" in errors(page, "birth_date")
    assert not ScreeningExam.objects.exists()


def test_a_changed_name_is_saved_once_somebody_has_checked(enter: Enter, scheduler_ana: User, known: Patient) -> None:
    page = enter(scheduler_ana, known_patient=known.pk, given_name="Quercus")
    assert "perhaps a twin" in errors(page, "given_name")
    assert "same_patient" in page.text
    enter(scheduler_ana, known_patient=known.pk, given_name="Quercus", same_patient="on")
    known.refresh_from_db()
    assert known.given_name == "Quercus"


def test_a_near_double_is_asked_about(enter: Enter, scheduler_ana: User, known: Patient) -> None:
    page = enter(scheduler_ana, mrn="H999", given_name="TÉSTA")
    assert "Is it one of these patients?" in page.text
    assert Patient.objects.get() == known
    enter(scheduler_ana, mrn="H999", given_name="TÉSTA", other_patient="on")
    assert ScreeningExam.objects.get().patient.mrn == "H999"


def test_an_exam_that_is_here_is_never_overwritten_by_typing_it_again(enter: Enter, scheduler_ana: User) -> None:
    enter(scheduler_ana)
    patient = Patient.objects.get()
    page = enter(scheduler_ana, known_patient=patient.pk, assessment="1")
    assert "is here already" in errors(page, "accession")
    assert reverse("exam", args=[ScreeningExam.objects.get().pk]) in page.text
    assert ScreeningExam.objects.get().assessment == "0-AI"


def test_nobody_recalls_a_patient_who_has_died(enter: Enter, scheduler_ana: User, known: Patient) -> None:
    record_death(known, date(2026, 10, 1), by=INTAKE)
    assert "has died" in errors(enter(scheduler_ana, known_patient=known.pk), "mrn")


def test_a_parked_row_of_the_same_exam_is_settled(enter: Enter, scheduler_ana: User, shadyside: Site) -> None:
    raw = {"mrn": "H700", "accession": "HA-1", "density": "q", "site": "SHADY"}
    list(Loader(ResultFile.objects.create(name="x", by="x"), get_sites_by_code()).load([Record(2, raw)]))
    enter(scheduler_ana)
    assert ParkedRow.objects.get().state == "overtaken"


@pytest.mark.parametrize("who", ["navigator_nia", "radiologist_rao", "administrator_ada"])
def test_other_roles_do_not_enter_results(client: Client, who: str, request: pytest.FixtureRequest) -> None:
    client.force_login(request.getfixturevalue(who))
    assert client.get(reverse("entry")).status_code == 403
    assert client.post(reverse("entry_number_owner"), {"mrn": "H700"}).status_code == 403


def test_a_stranger_enters_nothing_at_this_site(enter: Enter, other_site_scheduler: User, shadyside: Site) -> None:
    assert "Choose the site" in errors(enter(other_site_scheduler), "site")
    assert not Patient.objects.exists()


@pytest.mark.usefixtures("seen_once")
def test_opening_the_page_asks_the_same_few_questions_however_many_are_here(
    client: Client, scheduler_ana: User, shadyside: Site, django_assert_max_num_queries: Any
) -> None:
    PatientFactory.create_batch(3, site=shadyside)
    client.force_login(scheduler_ana)
    client.get(reverse("entry"))
    with django_assert_max_num_queries(9):
        client.get(reverse("entry"))


def test_a_number_of_another_sites_patient_shows_nobody(client: Client, scheduler_ana: User, shadyside: Site) -> None:
    """Sites that share their record numbers share patients; who was never seen here is not shown here."""
    elsewhere = SiteFactory.create(assigning_authority=shadyside.mrn_authority)
    stranger = PatientFactory.create(site=elsewhere, assigning_authority=shadyside.mrn_authority, mrn="OAK-7")
    client.force_login(scheduler_ana)
    shown = client.post(reverse("entry_number_owner"), {**TYPED, "mrn": "OAK-7"})
    assert (shown.context["owner"], AccessLog.objects.filter(patient_id=stranger.pk).count()) == (None, 0)
