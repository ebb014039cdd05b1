"""Holds who may see which admin list, that nobody rewrites what happened, and that addresses hold no names."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone

from clinic import calendar
from clinic.actors import INTAKE
from clinic.factories import get_site_staff
from clinic.models import AccessLog, Site, User
from clinic.roles import ADMIN_PERMISSIONS, Role
from patients.models import Patient
from recalls import actions
from recalls.actions import OutcomeInput, OutsideReportInput, RefusalInput
from recalls.actions.supplemental import advise_supplemental
from recalls.enums import Assessment, DurationComponent, OutsideReportKind, ReportSource, SupplementalTest
from recalls.enums.barriers import BarrierKind
from recalls.models import (
    BarrierResource,
    LanePolicy,
    NavigationPolicy,
    Recall,
    RecallEvent,
    ReminderCallPolicy,
    Room,
    RoomStop,
    SlotPolicy,
    VisitLength,
    WorkItem,
)
from recalls.testing.factories import ExamFactory, RecallFactory, RoomFactory
from recalls.workflow import STEPS
from tests.support.admin_pages import change_url, changelist_url, signed_in_client, site_form_data

pytestmark = pytest.mark.django_db

MODELS = sorted(
    (model for model in admin.site._registry if model._meta.app_label in ("clinic", "patients", "recalls")),
    key=lambda model: model._meta.label,
)

NOT_OF_ONE_SITE = ("clinic.Site", "clinic.User", "clinic.Heartbeat", "patients.ReferringProvider")


@pytest.fixture
def recall_histories(shadyside: Site, foothills: Site) -> None:
    for site in (shadyside, foothills):
        RecallFactory.create(site=site, cancer=True)
        RecallFactory.create(site=site, wrong_number=True)
        advise_supplemental(ExamFactory.create(patient__site=site, negative=True), SupplementalTest.MRI, by=INTAKE)
        RecallFactory.create(site=site, transferred=True)
        _refused_at_risk(RecallFactory.create(site=site, biopsy_to_book=True))
        _report_from_elsewhere(RecallFactory.create(site=site))
        _stop_of_a_mobile_unit(RoomFactory.create(site=site))
        VisitLength.objects.create(site=site, what=DurationComponent.values[0], minutes=40)


def _stop_of_a_mobile_unit(room: Room) -> None:
    day = calendar.local_day(room.site, timezone.now())
    RoomStop.objects.create(
        room=room,
        day=day,
        opens=time(9),
        closes=time(12),
        place="Sample Mall",
        address_line="2 Example Street",
        city="X",
    )


def _refused_at_risk(recall: Recall) -> None:
    """Declined by two people: a request for a signature, and a refusal."""
    staff = get_site_staff(recall.site)
    again = calendar.local_day(recall.site, timezone.now()) + timedelta(days=90)
    refusal = RefusalInput("fear", explained_by="Dr. Rao", risk_explained="Cancer may be missed.", offer_again_on=again)
    for user in (staff.navigator, staff.radiologist):
        actions.decline(recall, refusal=refusal, by=user, note="Afraid of the test or the result")


def _report_from_elsewhere(recall: Recall) -> None:
    today = calendar.local_day(recall.site, timezone.now())
    report = OutsideReportInput(
        OutsideReportKind.IMAGING, "Hillside Sample Clinic", today, ReportSource.FAX,
        outcome=OutcomeInput(Assessment.BENIGN), told_there="Dr. Sample-Ash",
    )  # fmt: skip
    actions.record_outside(recall, report, by=get_site_staff(recall.site).navigator)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMINISTRATOR])
@pytest.mark.usefixtures("recall_histories")
def test_a_list_opens_for_those_whom_the_table_of_roles_names(
    role: Role, manager_mo: User, administrator_ada: User, subtests: pytest.Subtests
) -> None:
    client = signed_in_client({Role.MANAGER: manager_mo, Role.ADMINISTRATOR: administrator_ada}[role])
    for model in MODELS:
        allowed = ADMIN_PERMISSIONS[role].get(model._meta.label_lower, ())
        with subtests.test(model._meta.label_lower):
            assert client.get(changelist_url(model)).status_code == (200 if "view" in allowed else 403)
            adding = client.get(changelist_url(model) + "add/").status_code
            assert adding == (200 if "add" in allowed else 403)


@pytest.mark.usefixtures("recall_histories")
def test_nothing_is_deleted_in_the_admin(administrator_ada: User, subtests: pytest.Subtests) -> None:
    ada = signed_in_client(administrator_ada)
    for model in MODELS:
        row = model._default_manager.first()
        if row is not None:
            with subtests.test(model._meta.label_lower):
                assert ada.get(change_url(row).replace("change", "delete")).status_code == 403
                assert model._default_manager.filter(pk=row.pk).exists()


@pytest.mark.usefixtures("recall_histories")
def test_rows_of_another_site_are_neither_listed_nor_opened(
    administrator_ada: User, shadyside: Site, subtests: pytest.Subtests
) -> None:
    ada = signed_in_client(administrator_ada)
    for patient in Patient.objects.all():
        AccessLog.objects.create(user=administrator_ada, page="test", patient_id=patient.pk)
    for site in Site.objects.all():
        for policy in (SlotPolicy, LanePolicy, ReminderCallPolicy):
            policy.objects.get_or_create(site=site)
        NavigationPolicy.objects.create(site=site)
        BarrierResource.objects.create(site=site, kind=BarrierKind.RIDE, language="en", text="A taxi.")
    for model in (model for model in MODELS if model._meta.label not in NOT_OF_ONE_SITE):
        everything = set(model._default_manager.all())
        with subtests.test(model._meta.label_lower):
            shown = set(ada.get(changelist_url(model)).context["cl"].queryset)
            assert shown
            assert len(shown) == len(everything) / 2
            for row in everything - shown:
                assert ada.get(change_url(row)).status_code == 302


def test_no_state_is_set_by_hand(administrator_ada: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    answer = signed_in_client(administrator_ada).post(
        change_url(recall), {"state": "closed", "closure_reason": "normal"}
    )
    assert answer.status_code == 403
    recall.refresh_from_db()
    assert (recall.state, recall.version) == ("to_contact", 1)


def test_histories_are_only_shown(administrator_ada: User, shadyside: Site) -> None:
    event = RecallFactory.create(site=shadyside).events.get()
    assert signed_in_client(administrator_ada).post(change_url(event), {"note": "rewritten"}).status_code == 403
    assert RecallEvent.objects.get(pk=event.pk).note == ""


def test_a_task_is_ticked_off_from_the_list(manager_mo: User, shadyside: Site) -> None:
    item = RecallFactory.create(site=shadyside, wrong_number=True).work_items.get()
    mo = signed_in_client(manager_mo)
    answer = mo.post(changelist_url(WorkItem), {"action": "mark_done", "_selected_action": [item.pk]}, follow=True)
    assert "1 task is done." in answer.text
    item.refresh_from_db()
    assert item.done_by == manager_mo
    assert mo.get(changelist_url(WorkItem) + "?done=no").context["cl"].result_count == 0


def test_a_recalls_page_explains_the_steps_from_its_state(administrator_ada: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    page = signed_in_client(administrator_ada).get(change_url(recall)).text
    for step in STEPS:
        assert (f'<th scope="row">{step.label}</th>' in page) == ("awaiting_outcome" in step.from_states)
    assert reverse("recall", args=[recall.pk]) in page


def test_times_are_those_of_the_site(administrator_ada: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    visit = recall.appointments.get()  # at half past eight in Pittsburgh
    page = signed_in_client(administrator_ada).get(change_url(visit)).text
    assert "8:30 AM" in page
    assert "Times of day are those of America/New_York." in page


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Patient, "mrn"),
        (Patient, "family_name"),
        (Recall, "mrn"),
        (Recall, "accession"),
        (Recall, "number"),
        (RecallEvent, "accession"),
    ],
)
def test_a_search_finds_the_row_and_leaves_no_words_in_the_address(
    model: type[Model], words: str, administrator_ada: User, shadyside: Site
) -> None:
    wanted, _other = RecallFactory.create(site=shadyside), RecallFactory.create(site=shadyside)
    patient = wanted.patient
    searched = {
        "mrn": patient.mrn,
        "family_name": patient.family_name.lower(),
        "accession": wanted.exam.accession,
        "number": f"#{wanted.pk}",
    }[words]
    ada = signed_in_client(administrator_ada)
    answer = ada.post(changelist_url(model), {"q": searched}, follow=True)
    address = answer.redirect_chain[-1][0]
    assert searched not in address
    assert patient.mrn not in address
    found: Any = answer.context["cl"].queryset
    assert [getattr(row, "recall_id", row.pk) for row in found] == [patient.pk if model is Patient else wanted.pk]
    assert f'value="{searched}"' in answer.text
    assert signed_in_client(administrator_ada).get(address).context["cl"].query == ""  # nobody else's key opens it


def test_whoever_opens_a_patients_row_is_written_down(administrator_ada: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    ada = signed_in_client(administrator_ada)
    for row in (recall, recall.patient, recall.exam, recall.appointments.get()):
        before = AccessLog.objects.count()
        assert ada.get(change_url(row)).status_code == 200
        assert AccessLog.objects.count() == before + 1
        seen = AccessLog.objects.latest("pk")
        assert (seen.user, seen.patient_id) == (administrator_ada, recall.patient_id)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"send_until": "07:00"}, "Messages must stop leaving later in the day than they start."),
        ({"deadline_policy-0-visit": "0"}, "Ensure this value is greater than or equal to 1."),
    ],
)
def test_a_mistake_in_times_or_deadlines_is_refused(
    changes: dict[str, str], refusal: str, administrator_ada: User, shadyside: Site
) -> None:
    answer = signed_in_client(administrator_ada).post(change_url(shadyside), site_form_data(shadyside, **changes))
    assert answer.status_code == 200
    assert refusal in answer.text
