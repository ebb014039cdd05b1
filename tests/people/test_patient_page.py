"""The page of a patient: everything held, for people of the site, with the same number of queries."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.factories import SiteStaff
from clinic.models import AccessLog, Site, User
from patients.actions import set_contact_point
from patients.factories import PatientFactory
from patients.models import ContactPoint, Patient
from recalls import actions
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.desk.conftest import ClientFor, page_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seen_once")]


def _page(browser: Client, patient: Patient) -> str:
    return page_text(browser.get(reverse("patient", args=[patient.pk])))


def test_the_page_shows_recalls_normal_exams_messages_tasks_and_history(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True)
    ExamFactory.create(patient=recall.patient, negative=True, accession="N-7781")
    set_contact_point(recall.patient, ContactPoint.Kind.HOME, "412 555 0171", by=scheduler_ana, source="call")
    page = _page(client_for(scheduler_ana), recall.patient)
    for text in ("N-7781", "1: Negative", "Check phone or email", "(412) 555-0171", "on the phone", "To contact"):
        assert text in page
    assert reverse("recall", args=[recall.pk]) in page
    assert AccessLog.objects.filter(patient_id=recall.patient_id, page="patient").exists()


def test_a_patient_without_a_recall_has_a_page_and_may_be_corrected(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    exam = ExamFactory.create(patient__site=shadyside, negative=True)
    browser = client_for(scheduler_ana)
    assert exam.accession in _page(browser, exam.patient)
    page = page_text(browser.get(reverse("patient_edit", args=[exam.patient.pk])))
    assert 'name="contact-family_name"' in page


def test_names_and_consents_are_corrected_with_history(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    patient = PatientFactory.create(site=shadyside, family_name="Sample-Before")
    typed = {"family_name": "Sample-After", "given_name": patient.given_name, "language": "en", "voicemail": "ask"}
    seen = {"initial-contact-family_name": "Sample-Before", "initial-contact-consent_email": "yes"}
    data = {f"contact-{name}": value for name, value in (typed | {"consent_email": "no"}).items()} | seen
    response = client_for(scheduler_ana).post(reverse("patient_edit", args=[patient.pk]), data)
    assert response.status_code == 302
    patient.refresh_from_db()
    assert patient.family_name == "Sample-After"
    assert patient.changes.get(field="family_name").old == "Sample-Before"
    newest = patient.consents.filter(subject="email").first()
    assert newest is not None
    assert (newest.granted, newest.by) == (False, scheduler_ana)


def test_the_number_of_queries_does_not_depend_on_what_the_record_holds(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, staff: SiteStaff
) -> None:
    small, large = PatientFactory.create(site=shadyside), PatientFactory.create(site=shadyside)
    for scenario in ("closed_benign", "booked", "to_contact"):
        RecallFactory.create(patient=large, **{scenario: True})
    for digit in range(4):
        set_contact_point(large, ContactPoint.Kind.HOME, f"412 555 017{digit}", by=scheduler_ana)
    actions.merge_patients(PatientFactory.create(site=shadyside), large, by=staff.manager)
    browser = client_for(scheduler_ana)
    RecallFactory.create(patient=small, booked=True)  # with no visit at all nothing would be asked about visits
    counts = []
    for patient in (small, large):
        _page(browser, patient)
        with CaptureQueriesContext(connection) as taken:
            _page(browser, patient)
        counts.append(len(taken))
    assert counts[0] == counts[1]


def test_staff_of_another_site_and_roles_without_patients_see_nothing(
    client_for: ClientFor, other_site_scheduler: User, administrator_ada: User, shadyside: Site
) -> None:
    patient = RecallFactory.create(site=shadyside).patient
    for name in ("patient", "patient_copy"):
        assert client_for(other_site_scheduler).get(reverse(name, args=[patient.pk])).status_code == 404
        assert client_for(administrator_ada).get(reverse(name, args=[patient.pk])).status_code == 403
    assert client_for(other_site_scheduler).get(reverse("patient_edit", args=[patient.pk])).status_code == 404


def test_a_copy_asks_why_and_says_so_in_the_access_log(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True)
    browser, url = client_for(scheduler_ana), reverse("patient_copy", args=[recall.patient_id])
    assert "What we hold about you" not in page_text(browser.post(url, {}))
    page = page_text(browser.post(url, {"reason": "representative"}))
    assert "What we hold about you" in page
    assert "Check phone or email" not in page
    assert AccessLog.objects.filter(patient_id=recall.patient_id, page="patient: copy for representative").exists()


def test_the_recall_leads_to_the_record(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = page_text(client_for(scheduler_ana).get(reverse("recall", args=[recall.pk])))
    assert f'href="{reverse("patient", args=[recall.patient_id])}"' in page
