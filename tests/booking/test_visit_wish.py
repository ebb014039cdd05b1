"""The days and the half day on which a patient can come are kept with them and choose the free times shown first."""

import pytest
from django.urls import reverse

from clinic.models import Site, User
from patients.models import PatientChange
from recalls import actions
from recalls.actions import RecordEdit
from recalls.models import Room, VisitWish
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, client_for, page_text

__all__ = ["client_for"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_at_tuesday_morning")]


def test_a_wish_noted_on_the_call_page_filters_the_free_times_until_others_are_asked_for(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall, browser = RecallFactory.create(site=shadyside), client_for(scheduler_ana)
    address = reverse("contact_details", args=[recall.pk])
    form = browser.get(address).context["contact_form"]
    sent = {field.html_name: field.value() for field in form if field.value() not in (None, "", False)}
    wish = {"contact-visit_days": ["0", "2"], "contact-visit_part": "morning"}
    answer = browser.post(address, {**sent, **{f"initial-{name}": value for name, value in sent.items()}, **wish})
    assert answer.status_code == 302, page_text(answer)
    stored = VisitWish.objects.get(patient=recall.patient)
    assert (stored.weekdays, stored.part, str(stored)) == ("02", "morning", "Monday, Wednesday, in the morning")
    booking = reverse("step", args=[recall.pk, "book_appointment"])
    page = browser.get(booking)
    assert {day.text.split()[0] for day in page.context["days"]} == {"Mon", "Wed"}
    assert "Monday, Wednesday, in the morning" in page_text(page)
    free = browser.get(booking, {"site": str(shadyside.pk), "kind": "diagnostic", "part": ""}).context["days"]
    assert free[0].text.startswith("Tue")


def test_a_changed_wish_keeps_the_earlier_one_in_the_history(scheduler_ana: User, shadyside: Site) -> None:
    patient = RecallFactory.create(site=shadyside).patient
    for wish in (("4", ""), ("", "afternoon"), ("", "")):
        actions.edit_record(patient, RecordEdit(visit_wish=wish), by=scheduler_ana, source="staff")
    changes = PatientChange.objects.filter(patient=patient, field="visit_wish").order_by("pk")
    assert [(one.old, one.new) for one in changes] == [
        ("", "Friday"),
        ("Friday", "in the afternoon"),
        ("in the afternoon", ""),
    ]
