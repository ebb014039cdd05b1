"""Holds that who mends a parked row stays within their own sites, is named, and does not change a result alone."""

import pytest
from django.db import DatabaseError, connection, transaction

from clinic.factories import SiteFactory, UserFactory
from clinic.models import Site, User
from clinic.roles import Role
from exchange.batch_importer import RowReport
from exchange.errors import Confirmation
from exchange.mending.parked_rows import replay_parked_row
from exchange.models import ParkedRow, RowMend
from patients.models import Consent, Patient
from recalls.models import Recall, RecallEvent, ScreeningExam
from tests.exchange.conftest import LoadResults, make_result


@pytest.fixture
def mona(shady_site: Site) -> User:
    return UserFactory.create(username="mona", first_name="Mona", role=Role.MANAGER, sites=[shady_site])


@pytest.fixture
def ada(shady_site: Site) -> User:
    return UserFactory.create(username="ada", role=Role.ADMINISTRATOR, sites=[shady_site])


@pytest.fixture
def oak_patient(load_results: LoadResults) -> Patient:
    """Known at a site where nobody of this file works but intake."""
    SiteFactory.create(code="OAK")
    load_results(make_result(site="OAK", mrn="OAK-7", email="own@example.org", family_name="Sample-Elm"))
    return Patient.objects.get()


def park(load_results: LoadResults, **cells: str) -> ParkedRow:
    load_results(make_result(**{"birth_date": "1970-02-30", "accession": "A9", **cells}))
    return ParkedRow.objects.latest("pk")


def mend(row: ParkedRow, by: User, *confirmed: Confirmation, **cells: str) -> RowReport:
    return replay_parked_row(row, {**row.raw, **cells}, by=by, confirmed=frozenset(confirmed))


def problems(report: RowReport) -> dict[str, str]:
    return {problem.column: problem.message for problem in report.problems}


def test_the_row_stays_as_it_came_and_each_mend_is_a_version_with_a_name(
    load_results: LoadResults, mona: User, ada: User
) -> None:
    row = park(load_results)
    mend(row, mona, birth_date="1970-02-31")
    mend(row, ada, birth_date="1970-02-01")
    row.refresh_from_db()
    assert row.raw["birth_date"] == "1970-02-30"
    said = [(one.by, one.cells["birth_date"], one.changed, one.result) for one in row.mends.all()]
    assert said == [
        (mona, "1970-02-31", ["birth_date"], "parked"),
        (ada, "1970-02-01", ["birth_date"], "opened"),
    ]


def test_the_database_refuses_to_change_a_row_as_it_came_or_a_version_of_it(
    load_results: LoadResults, mona: User
) -> None:
    row = park(load_results)
    mend(row, mona, birth_date="1970-02-01")
    for statement in (
        "UPDATE exchange_parkedrow SET raw = '[]'",
        "UPDATE exchange_parkedrow SET source_digest = 'x'",
        "UPDATE exchange_rowmend SET cells = '{}'",
        "DELETE FROM exchange_rowmend",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_what_a_mended_row_brings_is_booked_on_the_person(load_results: LoadResults, mona: User) -> None:
    row = park(load_results, email="a@example.org", email_consent="no")
    mend(row, mona, birth_date="1970-02-01")
    assert RecallEvent.objects.get().user == mona
    assert Consent.objects.get().source == "mended by hand, results.csv"


def test_a_row_sent_again_as_it_came_is_the_senders_word(load_results: LoadResults, mona: User) -> None:
    load_results(make_result(assessment="0"))
    Site.objects.update(bare_zero=Site.BareZero.IMAGING)
    mend(ParkedRow.objects.get(), mona)
    assert RecallEvent.objects.get().user is None


@pytest.mark.parametrize(("came", "typed"), [("5", "1"), ("1", "4B"), ("", "2"), ("5 ?", "1")])
def test_a_changed_result_goes_in_only_when_a_second_person_sends_the_same(
    load_results: LoadResults, mona: User, ada: User, came: str, typed: str
) -> None:
    row = park(load_results, assessment=came)
    mended = {"birth_date": "1970-02-01", "assessment": typed}
    for _time in range(2):
        assert "second person" in problems(mend(row, mona, **mended))["assessment"]
    assert not ScreeningExam.objects.exists()
    assert mend(row, ada, **mended).exam == ScreeningExam.objects.get(assessment=typed)


def test_a_second_person_who_types_another_result_is_not_the_second_signature(
    load_results: LoadResults, mona: User, ada: User
) -> None:
    row = park(load_results, assessment="5")
    mend(row, mona, birth_date="1970-02-01", assessment="1")
    assert mend(row, ada, birth_date="1970-02-01", assessment="2").exam is None
    assert mend(row, mona, birth_date="1970-02-01", assessment="2").exam is not None


@pytest.mark.parametrize(("came", "typed"), [("0", "0-AI"), ("BI-RADS 0", "0-PRIOR"), ("BI-RADS 4B", "4B")])
def test_saying_what_a_plain_0_means_or_spelling_the_same_result_takes_one_person(
    load_results: LoadResults, mona: User, came: str, typed: str
) -> None:
    row = park(load_results, assessment=came)
    assert mend(row, mona, birth_date="1970-02-01", assessment=typed).exam is not None


def test_another_exams_result_is_not_changed_by_giving_the_row_its_accession(
    load_results: LoadResults, mona: User
) -> None:
    load_results(make_result(assessment="5", accession="A1"))
    row = park(load_results, assessment="1")
    report = mend(row, mona, birth_date="1970-02-01", accession="A1")
    assert "second person" in problems(report)["assessment"]
    assert ScreeningExam.objects.get().assessment == "5"


@pytest.mark.parametrize("consent", ["email_consent", "sms_consent", "detail_consent"])
def test_no_consent_is_given_by_mending(load_results: LoadResults, mona: User, consent: str) -> None:
    row = park(load_results)
    report = mend(row, mona, birth_date="1970-02-01", email="x@example.org", **{consent: "yes"})
    assert "ask the patient" in problems(report)[consent]
    assert not Consent.objects.exists()


def test_a_yes_that_came_with_the_row_and_a_typed_no_go_in(load_results: LoadResults, mona: User) -> None:
    row = park(load_results, email_consent="yes", sms_consent="yes")
    mend(row, mona, birth_date="1970-02-01", sms_consent="no")
    assert dict(Consent.objects.values_list("subject", "granted")) == {"email": True, "sms": False}


def test_a_row_is_not_turned_into_another_sites_patient(
    load_results: LoadResults, mona: User, oak_patient: Patient
) -> None:
    row = park(load_results)
    report = mend(
        row, mona, mrn="OAK-7", assigning_authority="OAK", birth_date="1970-02-01", family_name="Sample-Elm",
        email="mona@evil.example",
    )  # fmt: skip
    assert report.exam is None
    assert oak_patient.contact_points.get().value == "own@example.org"
    assert Recall.objects.count() == 1


@pytest.mark.parametrize(
    "cells",
    [
        {"birth_date": "1971-01-01"},
        {"birth_date": "1970-02-01", "family_name": "Quite-Different"},
        {"birth_date": "1970-02-01", "given_name": "Nina"},
    ],
)
def test_a_number_of_another_site_is_refused_in_one_sentence_whatever_does_not_agree(
    load_results: LoadResults, mona: User, oak_patient: Patient, cells: dict[str, str]
) -> None:
    """Sites that share their record numbers share patients; what is known of them is not told."""
    Site.objects.update(assigning_authority="HOSPITAL")
    Patient.objects.update(assigning_authority="HOSPITAL")
    row = park(load_results)
    report = mend(row, mona, Confirmation.SAME_PATIENT, mrn="OAK-7", **{"family_name": "Sample-Elm", **cells})
    assert problems(report) == {
        "mrn": "With this record number the row does not go in from here. Ask somebody who works at the other sites."
    }


def test_a_shared_patient_gets_the_exam_and_keeps_address_and_consents(
    load_results: LoadResults, mona: User, oak_patient: Patient
) -> None:
    Site.objects.update(assigning_authority="HOSPITAL")
    Patient.objects.update(assigning_authority="HOSPITAL")
    row = park(load_results, email="other@example.org", email_consent="yes", mrn="OAK-7", family_name="Sample-Elm")
    assert mend(row, mona, birth_date="1970-02-01").exam is not None
    assert oak_patient.exams.count() == 2
    assert oak_patient.contact_points.get().value == "own@example.org"
    assert not oak_patient.consents.exists()


def test_who_sends_a_row_to_an_unknown_site_keeps_it_in_their_own_list(load_results: LoadResults, mona: User) -> None:
    row = park(load_results)
    mend(row, mona, site="NOWHERE")
    row.refresh_from_db()
    assert (row.site, RowMend.objects.count()) == (mona.own_sites[0], 1)
