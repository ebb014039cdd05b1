"""Holds what a loaded file makes: recalls, denominators, and nothing twice."""

import pytest

from clinic.factories import UserFactory
from clinic.models import Site
from clinic.roles import Role
from exchange.models import ParkedRow, ResultFile
from patients.factories import ReferringProviderFactory
from patients.models import Patient, ReferringProvider
from recalls.enums import State
from recalls.models import Recall, RecallEvent, ScreeningExam, SupplementalScreening
from tests.exchange.conftest import LoadResults, make_result


@pytest.mark.parametrize(
    ("assessment", "kind", "became", "state"),
    [
        ("0-AI", "", "opened", "to_contact"),
        ("0-PRIOR", "", "opened", "awaiting_priors"),
        ("1", "", "recorded", None),
        ("2", "", "recorded", None),
        ("3", "", "opened", "to_contact"),
        ("4", "", "opened", "to_contact"),
        ("4C", "", "opened", "to_contact"),
        ("5", "", "opened", "to_contact"),
        ("MP", "", "recorded", None),
        ("1", "technical", "opened", "to_contact"),
        ("2", "clinical", "opened", "to_contact"),
    ],
)
def test_a_result_opens_a_recall_or_is_recorded(
    load_results: LoadResults, assessment: str, kind: str, became: str, state: str | None
) -> None:
    loaded = load_results(make_result(assessment=assessment, recall_kind=kind))
    assert (loaded.status, loaded.results, loaded.states) == (0, [became], [state])
    assert ScreeningExam.objects.get().assessment == assessment
    assert Recall.objects.count() == (became == "opened")


def test_a_result_of_four_or_five_starts_the_shorter_clock(load_results: LoadResults) -> None:
    load_results(make_result(assessment="5", reported_at="2026-11-19"))
    recall = Recall.objects.get()
    assert recall.suspicious
    assert recall.events.get().by == "intake"


def test_the_exam_is_kept_as_the_row_tells_it(load_results: LoadResults) -> None:
    load_results(
        make_result(
            assessment_left="2",
            assessment_right="0-AI",
            density="C",
            first_screen="yes",
            comment="rolled view",
            reported_at="2026-11-02 16:20",
            findings="mass:R:upper outer; calcifications:L",
        )
    )
    exam = ScreeningExam.objects.get()
    assert (exam.assessment_left, exam.assessment_right, exam.density, exam.first_screen) == ("2", "0-AI", "c", True)
    assert exam.reported_at is not None
    assert exam.reported_at.isoformat() == "2026-11-02T21:20:00+00:00"
    assert [str(finding) for finding in exam.findings.all()] == ["Mass (Right)", "Calcifications (Left)"]


def test_the_same_file_again_changes_nothing(load_results: LoadResults) -> None:
    rows = [make_result(email="testa@example.org"), make_result(mrn="M2", accession="A2", assessment="1")]
    assert load_results(*rows).results == ["opened", "recorded"]
    before = list(RecallEvent.objects.values()), list(Patient.objects.values()), list(ScreeningExam.objects.values())
    assert load_results(*rows).results == ["unchanged", "unchanged"]
    assert load_results(*rows).states == ["to_contact", None]
    after = list(RecallEvent.objects.values()), list(Patient.objects.values()), list(ScreeningExam.objects.values())
    assert before == after


def test_the_same_result_in_other_words_changes_nothing(load_results: LoadResults) -> None:
    load_results(make_result(assessment="0-AI", language="en"))
    assert load_results(make_result(assessment="BI-RADS 0: need additional imaging", language="English")).results == [
        "unchanged"
    ]


def test_the_same_file_again_costs_a_few_queries_however_many_rows_it_has(
    load_results: LoadResults, django_assert_max_num_queries: "pytest.FixtureRequest"
) -> None:
    rows = [make_result(mrn=f"M{n}", accession=f"A{n}", assessment="1") for n in range(300)]
    load_results(*rows)
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        assert set(load_results(*rows).results) == {"unchanged"}


def test_a_line_that_is_twice_in_the_file_goes_in_once(load_results: LoadResults) -> None:
    loaded = load_results(make_result(), make_result(), make_result(assessment="1"))
    assert loaded.results == ["opened", "unchanged", "updated"]
    assert loaded.states == ["to_contact", "to_contact", "closed"]
    assert ScreeningExam.objects.count() == 1


def test_two_exams_of_one_new_patient_in_one_file_make_one_patient(load_results: LoadResults) -> None:
    assert load_results(make_result(), make_result(accession="A2", exam_date="2024-11-02", assessment="1")).results == [
        "opened",
        "recorded",
    ]
    assert Patient.objects.get().exams.count() == 2


def test_a_file_longer_than_one_part_goes_in_whole(load_results: LoadResults) -> None:
    rows = [make_result(mrn=f"M{n}", accession=f"A{n}", assessment="1" if n % 9 else "3") for n in range(1100)]
    loaded = load_results(*rows)
    assert (loaded.results.count("recorded"), loaded.results.count("opened")) == (977, 123)
    assert [line["line"] for line in loaded.lines] == list(range(2, 1102))
    assert ResultFile.objects.get().counts == {"recorded": 977, "opened": 123}


def test_a_corrected_result_that_needs_no_recall_voids_it(load_results: LoadResults) -> None:
    load_results(make_result())
    loaded = load_results(make_result(assessment="1"))
    assert (loaded.results, loaded.states) == (["updated"], ["closed"])
    recall = Recall.objects.get()
    assert recall.closure_reason == "void"
    assert recall.exam.superseded.get().reading["assessment"] == "0-AI"


def test_a_corrected_result_that_needs_a_recall_opens_it(load_results: LoadResults) -> None:
    load_results(make_result(assessment="2"))
    loaded = load_results(make_result(assessment="4B", findings="mass:left"))
    assert (loaded.results, loaded.states) == (["updated"], ["to_contact"])
    assert Recall.objects.get().exam.findings.get().kind == "mass"


def test_a_correction_without_findings_takes_the_old_ones_away(load_results: LoadResults) -> None:
    load_results(make_result(findings="mass:left"))
    load_results(make_result(assessment="2"))
    assert not ScreeningExam.objects.get().findings.exists()


def test_an_older_report_never_replaces_a_newer_one(load_results: LoadResults) -> None:
    load_results(make_result(assessment="4B", reported_at="2026-11-04"))
    loaded = load_results(make_result(assessment="1", reported_at="2026-11-03"))
    assert (loaded.results, loaded.states) == (["unchanged"], ["to_contact"])
    assert "newer report" in loaded.problems()["reported_at"]


def test_an_empty_cell_erases_nothing(load_results: LoadResults) -> None:
    load_results(
        make_result(
            density="c", reader="Rada Example-Reader", comment="see note", phone_home="412 555 0142", city="Oakmont"
        )
    )
    assert load_results(make_result()).results == ["unchanged"]
    exam = ScreeningExam.objects.select_related("patient").get()
    assert (exam.density, exam.reader_name, exam.comment) == ("c", "Rada Example-Reader", "see note")
    assert exam.patient.city == "Oakmont"
    assert exam.patient.contact_points.count() == 1


@pytest.mark.parametrize("written", ["1234567890", "rada", "Rada Example-Reader", "EXAMPLE-READER, RADA"])
def test_the_reader_is_found_by_number_user_name_or_full_name(
    load_results: LoadResults, shady_site: Site, written: str
) -> None:
    reader = UserFactory.create(
        username="rada", first_name="Rada", last_name="Example-Reader", npi="1234567890", role=Role.RADIOLOGIST,
        sites=[shady_site],
    )  # fmt: skip
    load_results(make_result(reader=written))
    exam = ScreeningExam.objects.get()
    assert (exam.reader, exam.reader_name) == (reader, written)


def test_a_reader_whose_name_two_people_bear_is_kept_as_text(load_results: LoadResults, shady_site: Site) -> None:
    for name in ("one", "two"):
        UserFactory.create(username=name, first_name="Rada", last_name="Reader", sites=[shady_site])
    load_results(make_result(reader="Rada Reader"))
    exam = ScreeningExam.objects.get()
    assert (exam.reader, exam.reader_name) == (None, "Rada Reader")


def test_the_referrer_is_found_by_number_else_by_name_else_made(load_results: LoadResults) -> None:
    known = ReferringProviderFactory.create(name="Dr. Referra Example", npi="1990000000")
    load_results(
        make_result(referrer_npi="1990000000", referrer_name="R. Example"),
        make_result(mrn="M2", accession="A2", referrer_name="Dr. Referra Example"),
        make_result(mrn="M3", accession="A3", referrer_name="Dr. Nova Example", referrer_email="nova@example.com"),
        make_result(mrn="M4", accession="A4", referrer_name="Dr. Nova Example"),
        make_result(mrn="M5", accession="A5"),
    )
    named = list(ScreeningExam.objects.order_by("pk").values_list("referrer__name", flat=True))
    assert named == [known.name, known.name, "Dr. Nova Example", "Dr. Nova Example", None]
    assert ReferringProvider.objects.get(name="Dr. Nova Example").email == "nova@example.com"


def test_a_row_is_parked_once_however_often_its_file_is_loaded(load_results: LoadResults) -> None:
    for _time in range(2):
        assert load_results(make_result(assessment="0"), make_result(assessment="0")).results == ["parked", "parked"]
    assert ParkedRow.objects.get().line == 2


def test_every_open_recall_from_a_file_has_a_due_instant(load_results: LoadResults) -> None:
    load_results(
        *(
            make_result(mrn=f"M{n}", accession=f"A{n}", assessment=a)
            for n, a in enumerate(["0-AI", "0-PRIOR", "3", "5"])
        )
    )
    assert Recall.objects.exclude(state=State.CLOSED).filter(due_at__isnull=False).count() == 4


def test_an_advised_supplemental_test_is_listed_once_and_opens_no_recall(load_results: LoadResults) -> None:
    row = make_result(assessment="1", density="d", supplemental="ultrasound", reported_at="2026-11-03")
    assert load_results(row).results == ["recorded"]
    assert load_results(row).results == ["unchanged"]
    assert load_results({**row, "comment": "Dense."}).results == ["updated"]
    advised = SupplementalScreening.objects.get()
    assert (advised.kind, str(advised.advised_on), str(advised.due_on)) == ("ultrasound", "2026-11-03", "2027-01-02")
    assert not Recall.objects.exists()


def test_a_test_advised_by_a_later_row_is_listed(load_results: LoadResults) -> None:
    load_results(make_result(assessment="1"))
    assert load_results(make_result(assessment="1", supplemental="MRI")).results == ["updated"]
    assert SupplementalScreening.objects.get().kind == "mri"
