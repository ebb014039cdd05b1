"""Holds that a file keeps a patient's details right and what the patient said stands."""

from clinic.actors import INTAKE
from notifications.models import Notification
from patients.actions import record_consent
from patients.channels import get_patient_channels
from patients.factories import PatientFactory
from patients.models import Consent, Patient
from recalls.actions import merge_patients
from recalls.enums import WorkItemKind
from recalls.models import Recall, WorkItem
from tests.exchange.conftest import LoadResults, make_result


def test_a_newer_row_brings_the_details_up_to_date(load_results: LoadResults) -> None:
    load_results(
        make_result(exam_date="2025-11-02", phone_mobile="412 555 0142", city="Oakmont", email="old@example.org")
    )
    new = make_result(
        accession="A2", family_name="Elm", phone_mobile="412 555 0199", email="new@Example.org", language="es"
    )
    assert load_results(new).results == ["opened"]
    patient = Patient.objects.get()
    assert (patient.family_name, patient.city, patient.language) == ("Elm", "Oakmont", "es")
    points = dict(patient.contact_points.values_list("kind", "value"))
    assert points == {"mobile": "+14125550199", "email": "new@example.org"}


def test_the_notice_of_a_recall_goes_to_the_address_that_came_with_it(load_results: LoadResults) -> None:
    load_results(make_result(assessment="1", exam_date="2025-11-02", email="old@example.org", email_consent="no"))
    load_results(make_result(accession="A2", email="new@example.org", email_consent="yes"))
    load_results(make_result(mrn="M2", accession="B1", assessment="1"))
    load_results(make_result(mrn="M2", accession="B1", assessment="0-AI", email="new@example.org"))
    notices = Notification.objects.filter(kind="recall_notice").values_list("channel", "state")
    assert list(notices) == [("email", "planned")] * 2


def test_an_older_exam_that_comes_late_does_not_bring_old_details_back(load_results: LoadResults) -> None:
    load_results(make_result(phone_mobile="412 555 0199", language="es"))
    load_results(
        make_result(accession="A0", exam_date="2022-11-02", assessment="1", phone_mobile="412 555 0142", language="en")
    )
    patient = Patient.objects.get()
    assert patient.contact_points.get().value == "+14125550199"
    assert patient.language == "es"


def test_details_alone_can_be_new(load_results: LoadResults) -> None:
    load_results(make_result(city="Oakmont"))
    assert load_results(make_result(city="Verona")).results == ["updated"]
    assert Recall.objects.count() == 1
    assert Patient.objects.get().city == "Verona"


def test_not_asked_never_replaces_an_answer(load_results: LoadResults) -> None:
    load_results(make_result(voicemail="no", sex="F"))
    load_results(make_result(voicemail="ask", sex="U"))
    patient = Patient.objects.get()
    assert (patient.voicemail, patient.sex) == ("no", "F")


def test_an_unusable_number_or_address_is_kept_marked_and_given_to_somebody_and_the_result_goes_in(
    load_results: LoadResults,
) -> None:
    loaded = load_results(make_result(phone_mobile="12", email="testa@", phone_home="412 555 0142"))
    assert (loaded.status, loaded.results) == (0, ["opened"])
    assert list(loaded.problems()) == ["phone_mobile", "email"]
    points = Patient.objects.get().contact_points.values_list("kind", "value", "unusable")
    assert set(points) == {("mobile", "12", "invalid"), ("email", "testa@", "invalid"), ("home", "+14125550142", "")}
    item = WorkItem.objects.get(kind=WorkItemKind.VERIFY_CONTACT)
    assert item.recall == Recall.objects.get()


def test_the_same_without_a_recall_hangs_on_the_patient(load_results: LoadResults) -> None:
    loaded = load_results(make_result(assessment="1", email="testa@"))
    assert (loaded.status, loaded.results) == (0, ["recorded"])
    item = WorkItem.objects.get()
    assert (item.recall, item.patient) == (None, Patient.objects.get())
    assert "testa" not in item.reason


def test_consents_are_written_with_where_they_come_from(load_results: LoadResults) -> None:
    load_results(make_result(email="testa@example.org", email_consent="yes", sms_consent="no"))
    rows = Consent.objects.order_by("subject").values_list("subject", "granted", "source")
    assert list(rows) == [("email", True, "results file results.csv"), ("sms", False, "results file results.csv")]


def test_a_changed_answer_is_added_and_the_same_answer_is_not(load_results: LoadResults) -> None:
    load_results(make_result(email_consent="yes"))
    load_results(make_result(accession="A2", email_consent="yes"))
    load_results(make_result(accession="A3", email_consent="no"))
    load_results(make_result(accession="A4", email_consent="yes"))
    assert list(Consent.objects.order_by("pk").values_list("granted", flat=True)) == [True, False, True]


def test_a_yes_in_a_file_does_not_undo_the_no_of_the_patient(load_results: LoadResults) -> None:
    load_results(make_result(email="testa@example.org", email_consent="yes"))
    patient = Patient.objects.get()
    record_consent(patient, Consent.Subject.EMAIL, granted=False, source="patient's page", by=INTAKE)
    loaded = load_results(make_result(accession="A2", email_consent="yes"))
    assert loaded.results == ["opened"]
    assert "The patient said no" in loaded.problems()["email_consent"]
    assert get_patient_channels(patient).email_blocked_reason == "opted_out"


def test_the_old_number_of_a_merged_record_leads_to_the_one_in_use(load_results: LoadResults) -> None:
    load_results(make_result())
    loser = Patient.objects.get()
    survivor = PatientFactory.create(
        site=loser.site, assigning_authority="SHADY", mrn="M9", birth_date=loser.birth_date, family_name="Elm",
        given_name="Testa",
    )  # fmt: skip
    merge_patients(loser, survivor, by=INTAKE, note="one person")
    assert load_results(make_result()).results == ["unchanged"]
    assert load_results(make_result(accession="A2", city="Verona")).results == ["opened"]
    survivor.refresh_from_db()
    assert survivor.exams.count() == 2
    assert (survivor.family_name, survivor.mrn) == ("Elm", "M9")
