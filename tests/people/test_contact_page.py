"""The contact details are corrected from the recall's page, in place and without scripts."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import AccessLog, Site, User
from patients.models import ContactPoint, Patient, ReferringProvider
from recalls.enums import WorkItemKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, page_text

pytestmark = pytest.mark.django_db

HTMX = {"HTTP_HX_REQUEST": "true"}


def _stored(recall: Recall) -> dict[str, str]:
    """The form as the page sends it back when nothing is typed."""
    patient = Patient.objects.get(pk=recall.patient_id)
    points = {point.kind: point.value for point in patient.contact_points.all()}
    values = {"mobile": points.get("mobile", ""), "home": points.get("home", ""), "email": points.get("email", "")}
    values |= {"language": patient.language, "voicemail": patient.voicemail, "best_time": ""}
    values |= {name: getattr(patient, name) for name in ("address_line", "city", "state", "postal_code", "mobility")}
    referrer = recall.exam.referrer
    values |= {"referrer_name": referrer.name if referrer else "", "referrer_npi": referrer.npi if referrer else ""}
    seen = {f"initial-contact-{name}": value for name, value in values.items()}
    seen |= {f"initial-contact-{name}": "False" for name in ("interpreter_needed", "do_not_call", "implants")}
    return {f"contact-{name}": value for name, value in values.items()} | seen | {"contact-referrer_email": ""}


def _send(browser: Client, recall: Recall, typed: dict[str, str], **extra: str) -> str:
    data = _stored(recall) | {f"contact-{name}": value for name, value in typed.items()}
    response = browser.post(reverse("contact_details", args=[recall.pk]), data, follow=True, **extra)  # type: ignore[arg-type]
    assert response.status_code == 200
    return page_text(response)


def test_a_number_is_corrected_in_place(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = _send(client_for(scheduler_ana), recall, {"mobile": "412 555 0161"}, **HTMX)
    assert "<html" not in page
    assert "Saved: Mobile phone." in page
    assert 'href="tel:+14125550161"' in page
    assert recall.patient.changes.filter(field="mobile")[0].by == scheduler_ana.get_full_name()


def test_without_scripts_the_same_form_leads_back_to_the_recall(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    browser = client_for(scheduler_ana)
    assert 'name="contact-mobile"' in page_text(browser.get(reverse("contact_details", args=[recall.pk])))
    page = _send(browser, recall, {"email": "new.one@example.org"})
    assert "Saved: Email." in page
    assert "new.one@example.org" in page


@pytest.mark.parametrize(
    ("name", "typed"), [("mobile", "0142"), ("mobile", "ask the sister"), ("email", "testa.example.org")]
)
def test_a_value_that_cannot_work_is_refused_with_the_reason_and_kept_in_its_field(
    name: str, typed: str, client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    before = set(ContactPoint.objects.values_list("value", flat=True))
    page = _send(client_for(scheduler_ana), recall, {name: typed}, **HTMX)
    assert f'value="{typed}"' in page
    assert "invalid-feedback" in page
    assert set(ContactPoint.objects.values_list("value", flat=True)) == before


def test_what_a_colleague_corrected_meanwhile_is_not_set_back(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, patient__mobile="412 555 0162")
    stale = _stored(recall) | {"contact-city": "Millvale"}
    _send(client_for(scheduler_ana), recall, {"mobile": "412 555 0163"}, **HTMX)
    client_for(scheduler_ana).post(reverse("contact_details", args=[recall.pk]), stale)
    patient = Patient.objects.get(pk=recall.patient_id)
    assert (patient.city, patient.contact_points.get(kind="mobile").value) == ("Millvale", "+14125550163")


def test_preferences_and_a_new_referring_provider_are_written(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    typed = {"do_not_call": "on", "implants": "on", "mobility": "walks with a frame", "best_time": "evening"}
    doctor = {"referrer_name": "Dr. Moved Example", "referrer_email": "moved@example.com"}
    _send(client_for(scheduler_ana), recall, typed | doctor, **HTMX)
    patient = Patient.objects.select_related("call_preference").get(pk=recall.patient_id)
    assert (patient.do_not_call, patient.implants, patient.mobility) == (True, True, "walks with a frame")
    assert str(patient.call_preference) == "after 5 pm"
    recall.exam.refresh_from_db()
    assert recall.exam.referrer == ReferringProvider.objects.get(name="Dr. Moved Example")
    fields = set(patient.changes.values_list("field", flat=True))
    assert {"do_not_call", "implants", "mobility", "best_time", "referrer"} <= fields


def test_the_page_is_logged_and_only_for_those_who_may(
    client_for: ClientFor, scheduler_ana: User, radiologist_rao: User, other_site_scheduler: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    url = reverse("contact_details", args=[recall.pk])
    assert client_for(scheduler_ana).get(url).status_code == 200
    assert AccessLog.objects.filter(patient_id=recall.patient_id, page="contact details").count() == 1
    assert client_for(radiologist_rao).get(url).status_code == 403
    assert client_for(other_site_scheduler).get(url).status_code == 404
    page = page_text(client_for(radiologist_rao).get(reverse("recall", args=[recall.pk])))
    assert "contact-mobile" not in page


def test_a_number_marked_wrong_by_a_slip_is_usable_again_and_its_task_is_done(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True)
    task = recall.work_items.get(kind=WorkItemKind.VERIFY_CONTACT)
    page = _send(client_for(scheduler_ana), recall, {"mobile_works": "on"}, **HTMX)
    assert "Saved: Mobile phone (wrong number or person) works after all." in page
    assert recall.patient.contact_points.get(kind="mobile").unusable == ""
    task.refresh_from_db()
    assert task.done_by == scheduler_ana


def test_beside_a_call_stand_the_numbers_and_the_rest_of_the_form_comes_when_it_is_opened(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, patient__mobile="412 555 0162")
    browser, address = client_for(scheduler_ana), reverse("contact_details", args=[recall.pk])
    page = page_text(browser.get(reverse("recall", args=[recall.pk])))
    assert ('name="contact-mobile"' in page, 'name="contact-language"' in page) == (True, False)
    assert f'hx-get="{address}?part=more"' in page
    more = page_text(browser.get(address, {"part": "more"}, **HTMX))  # type: ignore[arg-type]
    assert ('name="contact-mobile"' in more, 'name="contact-language"' in more, "<html" in more) == (False, True, False)


def test_the_numbers_sent_alone_change_nothing_else(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(
        site=shadyside, patient__mobile="412 555 0162", patient__spanish_speaker=True, patient__implants=True
    )
    before: dict[str, Any] = dict(Patient.objects.filter(pk=recall.patient_id).values().get())
    sent = {"contact-mobile": "412 555 0163", "initial-contact-mobile": "(412) 555-0162"}
    answer = client_for(scheduler_ana).post(reverse("contact_details", args=[recall.pk]), sent, **HTMX)  # type: ignore[arg-type]
    assert "Saved: Mobile phone." in page_text(answer)
    after: dict[str, Any] = dict(Patient.objects.filter(pk=recall.patient_id).values().get())
    assert {name for name in before if before[name] != after[name]} <= {"version", "search_text", "changed_at"}
    own = recall.patient.changes.filter(by=scheduler_ana.get_full_name())
    assert [change.field for change in own] == ["mobile"]
