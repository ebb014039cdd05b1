"""A link to the patient's page ends with the address it went to, by a button at the desk, and when the page is left."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.actors import INTAKE, SYSTEM
from clinic.models import Site, User
from patients import links
from patients.actions import mark_contact_unusable, set_contact_point
from patients.factories import PatientFactory
from patients.models import ContactPoint, Patient, PatientChange
from tests.portal.conftest import give_birth_date, make_link

pytestmark = pytest.mark.django_db
Unusable = ContactPoint.UnusableReason


@pytest.fixture
def patient(shadyside: Site) -> Patient:
    return PatientFactory.create(site=shadyside)


def _mailed_link(patient: Patient) -> str:
    address = patient.contact_points.get(kind=ContactPoint.Kind.EMAIL).value
    return reverse("portal:link", args=[links.issue_link(patient, by=SYSTEM, address=address)])


@pytest.mark.parametrize("why", [Unusable.WRONG, Unusable.BOUNCED, Unusable.COMPLAINED])
def test_a_link_ends_when_its_address_is_wrong_comes_back_or_wants_no_mail(
    client: Client, patient: Patient, why: ContactPoint.UnusableReason
) -> None:
    link = _mailed_link(patient)
    assert give_birth_date(client, link, patient).status_code == 302
    mark_contact_unusable(patient.contact_points.get(kind=ContactPoint.Kind.EMAIL), why, by=SYSTEM)
    assert client.get("/my/").status_code == 403
    assert give_birth_date(Client(), link, patient).status_code == 410


def test_a_link_ends_when_the_patient_has_another_address(client: Client, patient: Patient) -> None:
    link = _mailed_link(patient)
    set_contact_point(patient, ContactPoint.Kind.EMAIL, "other@example.org", by=INTAKE)
    assert give_birth_date(client, link, patient).status_code == 410


def test_not_me_ends_every_link_and_not_only_that_one(client: Client, patient: Patient) -> None:
    mailed, handed_over = _mailed_link(patient), make_link(patient)
    client.post(f"{mailed}not-me/")
    assert [client.get(link).status_code for link in (mailed, handed_over)] == [410, 410]


def test_the_desk_ends_all_links_with_a_button_and_the_record_tells_who(patient: Patient, scheduler_ana: User) -> None:
    open_page, desk = [make_link(patient), make_link(patient)], Client()
    desk.force_login(scheduler_ana)
    assert desk.post(reverse("patient_end_links", args=[patient.pk])).status_code == 302
    assert [Client().get(link).status_code for link in open_page] == [410, 410]
    change = PatientChange.objects.get(field="links")
    assert (change.old, change.new, change.user) == ("2", "0", scheduler_ana)


def test_no_other_site_and_no_radiologist_ends_links(
    patient: Patient, other_site_scheduler: User, radiologist_rao: User
) -> None:
    link = make_link(patient)
    for person, status in ((other_site_scheduler, 404), (radiologist_rao, 403)):
        browser = Client()
        browser.force_login(person)
        assert browser.post(reverse("patient_end_links", args=[patient.pk])).status_code == status
    assert Client().get(link).status_code == 200


def test_leaving_ends_the_page_on_the_server_so_a_kept_cookie_opens_nothing(
    open_page_as: Callable[[Patient], Client], patient: Patient
) -> None:
    browser: Any = open_page_as(patient)
    kept = {name: morsel.value for name, morsel in browser.cookies.items()}
    assert browser.post("/my/leave/").status_code == 200
    thief = Client()
    thief.cookies.load(kept)
    assert thief.get("/my/").status_code == 403


def test_whoever_left_comes_in_again_with_link_and_birth_date(client: Client, patient: Patient) -> None:
    link = make_link(patient)
    give_birth_date(client, link, patient)
    client.post("/my/leave/")
    assert give_birth_date(client, link, patient).status_code == 302
    assert client.get("/my/").status_code == 200
