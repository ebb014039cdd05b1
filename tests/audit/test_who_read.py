"""Who read the images of a work-up counts for it in the audit, whoever recorded the outcome."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.factories import UserFactory
from clinic.models import Site, User
from clinic.roles import Role
from exchange.fhir.resources.report import build_outcome_report
from exchange.models import Hl7Message
from recalls import actions
from recalls.actions import OutcomeInput
from recalls.enums import Assessment, OutsideReportKind
from recalls.models import CancerDiagnosis, Outcome, Recall
from recalls.testing.factories import RecallFactory
from reports.audit.feedback.cases import cases_of
from reports.audit.feedback.reviews import find_missed_readings
from reports.audit.figures import compute_audit
from reports.audit.scope import AuditScope, Breakdown
from tests.audit.histories import RECORDED
from tests.clinical.pathway import Pathway
from tests.exchange.hl7.samples import build_report

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(shadyside: Site) -> User:
    return UserFactory.create(
        role=Role.RADIOLOGIST, sites=[shadyside], first_name="Lea", last_name="Reader", npi="1000000012"
    )


@pytest.fixture
def waiting(shadyside: Site) -> Recall:
    return RecallFactory.create(site=shadyside, attended=True)


def _work_ups(site: Site, own: User | None = None) -> dict[str, int]:
    today = calendar.today(site)
    scope = AuditScope.of_year([site], today.year, own.pk if own else None)
    groups = compute_audit(scope, Breakdown.READER, today).diagnostic
    return {group.label: group.exams for group in groups[1:]}


def test_a_work_up_counts_for_who_read_it_and_comes_back_to_that_person(
    waiting: Recall, radiologist_rao: User, other: User, shadyside: Site
) -> None:
    told = OutcomeInput(Assessment.BENIGN, reader=other, release_at=None)
    actions.record_outcome(waiting, told, by=radiologist_rao)
    outcome = Outcome.objects.get(recall=waiting)
    assert (outcome.user, outcome.reader) == (radiologist_rao, other)
    assert _work_ups(shadyside) == {"Lea Reader": 1}
    assert _work_ups(shadyside, other) == {"Lea Reader": 1}
    assert _work_ups(shadyside, radiologist_rao) == {}
    assert build_outcome_report(outcome)["resultsInterpreter"][0]["reference"] == f"Practitioner/staff-{other.pk}"


def test_the_default_is_who_records_it(waiting: Recall, radiologist_rao: User, shadyside: Site) -> None:
    actions.record_outcome(waiting, OutcomeInput(Assessment.BENIGN), by=radiologist_rao)
    assert Outcome.objects.get(recall=waiting).reader is None
    assert _work_ups(shadyside) == {radiologist_rao.get_full_name(): 1}


def test_only_a_radiologist_of_the_site_can_be_named(
    waiting: Recall, radiologist_rao: User, manager_mo: User, foothills: Site
) -> None:
    elsewhere = UserFactory.create(role=Role.RADIOLOGIST, sites=[foothills])
    for person in (manager_mo, elsewhere):
        with pytest.raises(ValidationError, match="radiologist of the site"):
            actions.record_outcome(waiting, OutcomeInput(Assessment.BENIGN, reader=person), by=radiologist_rao)


def test_the_form_asks_who_read_the_images_and_the_history_says_it(
    client: Client, waiting: Recall, radiologist_rao: User, other: User
) -> None:
    client.force_login(radiologist_rao)
    address = f"/recalls/{waiting.pk}/record_outcome/"
    page: Any = client.get(address)
    form = page.context["form"]
    assert "Another radiologist read the images" in page.content.decode()
    assert [label for _number, label in form.fields["reader"].choices] == ["I did", "Lea Reader"]
    assert form["reader"].value() == ""
    sent = {"version": form["version"].value(), "key": form["key"].value(), "assessment": "4B", "telling": "to_tell"}
    assert client.post(address, {**sent, "reader": "0"}).status_code == 200
    assert client.post(address, {**sent, "reader": str(other.pk)}).status_code == 302
    assert Outcome.objects.get(recall=waiting).reader == other
    assert "read by Lea Reader" in client.get(f"/recalls/{waiting.pk}/").content.decode()
    amend: Any = client.get(f"/recalls/{waiting.pk}/amend_outcome/")
    assert amend.context["form"]["reader"].value() == str(other.pk)


def test_the_form_proposes_whom_a_waiting_report_names_and_the_person_decides(
    client: Client, waiting: Recall, radiologist_rao: User, shadyside: Site
) -> None:
    named = UserFactory.create(role=Role.RADIOLOGIST, sites=[shadyside], first_name="Rana", last_name="Reader")
    body = build_report("IMPRESSION: BI-RADS 2.", procedure="77066^Diagnostic mammogram^CPT")
    Hl7Message.objects.create(
        key="1", digest="1", raw=body, source="file", state="parked", field="OBR-4", recall=waiting, site=shadyside
    )
    client.force_login(radiologist_rao)
    page: Any = client.get(f"/recalls/{waiting.pk}/record_outcome/")
    assert page.context["form"]["reader"].value() == str(named.pk)
    assert "<details class='mb-3' open><summary>Another radiologist read the images" in page.content.decode()
    client.force_login(named)
    page = client.get(f"/recalls/{waiting.pk}/record_outcome/")
    assert page.context["form"]["reader"].value() == ""


def test_a_report_from_elsewhere_is_nobodys_reading_here(
    radiologist_rao: User, shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    pathway = Pathway(shadyside, time_machine)
    pathway.screen()
    pathway.days_pass(6)
    reading = OutcomeInput(Assessment.BENIGN, reader_name="Dr. Sample, Hillside")
    pathway.outside(OutsideReportKind.IMAGING, Assessment.BENIGN, outcome=reading)
    outcome = Outcome.objects.get(recall=pathway.recall)
    assert build_outcome_report(outcome)["resultsInterpreter"] == [{"display": "Dr. Sample, Hillside"}]
    pathway.told()
    recorder = outcome.user
    assert recorder is not None
    assert not cases_of(recorder).exists()
    CancerDiagnosis.objects.create(
        site=shadyside, patient=pathway.recall.patient, diagnosed_on=pathway.today, result="invasive", **RECORDED
    )
    assert find_missed_readings([shadyside], pathway.today) == []
