"""A patient may have a third number: it is shown, dialled, typed in, and a merge leaves no number behind."""

import pytest
from django.urls import reverse

from clinic.models import Site, User
from patients.channels import get_patient_channels
from patients.factories import PatientFactory
from patients.models import ContactPoint
from recalls import actions
from recalls.actions import RecordEdit
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, client_for, page_text

__all__ = ["client_for"]
pytestmark = pytest.mark.django_db
OTHER = ContactPoint.Kind.OTHER


def test_the_other_phone_is_shown_and_dialled_from_the_call_page(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    edit = RecordEdit(contact_points={OTHER: "412 555 0188"})
    actions.edit_record(recall.patient, edit, by=scheduler_ana, source="staff")
    page = page_text(client_for(scheduler_ana).get(reverse("recall", args=[recall.pk])))
    assert 'href="tel:+14125550188"' in page
    assert "Other phone" in page


def test_a_second_mobile_of_a_merged_record_is_the_other_phone_until_they_are_separated(
    manager_mo: User, shadyside: Site
) -> None:
    goes = PatientFactory.create(site=shadyside, mobile="412 555 0171")
    stays = PatientFactory.create(site=shadyside, mobile="412 555 0172")
    actions.merge_patients(goes, stays, by=manager_mo)
    assert set(get_patient_channels(stays).phones) >= {"+14125550172", "+14125550171"}
    actions.unmerge_patients(goes, by=manager_mo)
    assert not stays.contact_points.filter(kind=OTHER).exists()
