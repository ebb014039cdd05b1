"""Race, ethnicity, insurance and distance come in by every way, are never required and hold nothing up."""

import pytest

from clinic.models import Site, User
from exchange.errors import InvalidValue
from exchange.fhir.resources.background import build_background, read_background
from exchange.hl7.applying.patient_cells import build_patient_cells
from exchange.hl7.reading.reader import read_message
from exchange.models import Hl7Sender
from exchange.parsing import background_parsers
from patients.background import Ethnicity, Insurance, Race
from patients.factories import PatientFactory
from patients.models import Patient
from recalls.actions import RecordEdit, edit_record
from recalls.models import ScreeningExam
from tests.exchange.conftest import LoadResults, make_result
from tests.exchange.hl7.samples import build_message

ROW = {
    "race": "Black or African American", "ethnicity": "not Hispanic", "insurance": "Medicaid", "distance_miles": "12.4",
    "double_read": "yes",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "race"),
    [
        ("2106-3", "white"), ("BLACK", "black"), ("American Indian", "american_indian"),
        ("asked - declined", "declined"), ("more than one", "multiple"),
    ],
)  # fmt: skip
def test_a_race_is_understood_in_words_and_in_codes(text: str, race: str) -> None:
    assert background_parsers.parse_race(text) == race


@pytest.mark.parametrize("race", list(Race))
def test_every_race_may_be_written_as_it_is_stored_and_as_it_is_shown(race: Race) -> None:
    assert background_parsers.parse_race(race.value) == background_parsers.parse_race(str(race.label)) == race


@pytest.mark.parametrize("one", [*Ethnicity, *Insurance])
def test_every_ethnicity_and_insurance_may_be_written_as_it_is_stored(one: Ethnicity | Insurance) -> None:
    parse = background_parsers.parse_ethnicity if isinstance(one, Ethnicity) else background_parsers.parse_insurance
    assert parse(one.value) == one


@pytest.mark.parametrize("text", ["-3", "far", "12 km", "30000"])
def test_a_distance_is_a_number_of_miles(text: str) -> None:
    with pytest.raises(InvalidValue):
        background_parsers.parse_distance(text)


@pytest.mark.django_db
def test_a_file_brings_them_and_an_empty_cell_takes_none_away(load_results: LoadResults) -> None:
    load_results(make_result(**ROW))
    patient = Patient.objects.get()
    found = (patient.race, patient.ethnicity, patient.insurance, patient.distance_miles)
    assert found == (Race.BLACK, Ethnicity.NOT_HISPANIC, Insurance.MEDICAID, 12)
    assert ScreeningExam.objects.get().double_read is True
    load_results(make_result(comment="Seen again."))
    patient.refresh_from_db()
    assert patient.race == Race.BLACK
    assert ScreeningExam.objects.get().double_read is True


@pytest.mark.parametrize(
    ("f10", "f22", "cells"),
    [
        ("2106-3^White^HL70005", "N^Not Hispanic^HL70189", {"race": "2106-3", "ethnicity": "N"}),
        ("2106-3~2028-9", "U", {"race": "multiple"}),
        ("^Klingon", "", {}),
    ],
)
def test_a_message_says_race_and_ethnicity(f10: str, f22: str, cells: dict[str, str]) -> None:
    pid = ["PID", "1", "", "M1^^^SHADY^MR", "", "Sample^Testa", "", "19700201", "F", "", f10, *[""] * 11, f22]
    read = read_message(build_message("ADT^A08", "|".join(pid)))
    built, faults = build_patient_cells(read.patients[0], Hl7Sender())
    assert not faults
    assert {name: text for name, text in built.items() if name in ("race", "ethnicity")} == cells


@pytest.mark.parametrize(
    ("lines", "insurance"),
    [
        (("IN1|1|P1^Part B|77|Medicare|||||||||||MB",), "MB"),
        (("IN1|1|P1^Part B|77|Medicare",), "Medicare"),
        (("IN1|1||||||||||||||CI", "IN1|2||||||||||||||MC"), "CI"),
        (("IN1|1|9^Gold^L|77|Invented Mutual|||||||||||ZZ",), ""),
        ((), ""),
    ],
)
def test_a_message_says_who_pays_first_and_what_is_not_understood_holds_nothing_up(
    lines: tuple[str, ...], insurance: str
) -> None:
    pid = "PID|1||M1^^^SHADY^MR||Sample^Testa||19700201|F"
    built, faults = build_patient_cells(read_message(build_message("ADT^A08", pid, *lines)).patients[0], Hl7Sender())
    assert not faults
    assert built.get("insurance", "") == insurance


def test_fhir_gives_what_it_reads() -> None:
    patient = Patient(race=Race.ASIAN, ethnicity=Ethnicity.HISPANIC)
    assert read_background({"extension": build_background(patient)}) == {"race": "asian", "ethnicity": "hispanic"}
    assert build_background(Patient()) == []
    assert read_background({}) == {"race": "", "ethnicity": ""}


@pytest.mark.django_db
def test_staff_correct_them_on_the_record_and_the_old_value_is_kept(shadyside: Site, scheduler_ana: User) -> None:
    patient = PatientFactory.create(site=shadyside, race=Race.WHITE)
    edit_record(patient, RecordEdit({"race": Race.ASIAN, "distance_miles": 30}), by=scheduler_ana, source="staff")
    patient.refresh_from_db()
    assert (patient.race, patient.distance_miles) == (Race.ASIAN, 30)
    assert patient.changes.get(field="race").old == Race.WHITE
