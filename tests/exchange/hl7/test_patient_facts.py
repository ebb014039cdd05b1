"""Holds what is read of a patient: names, birth date, numbers, address, phones, death, merges."""

from datetime import date

import pytest

from exchange.hl7.reading.facts import PatientFacts
from exchange.hl7.reading.patient import home_address
from exchange.hl7.reading.reader import read_message
from exchange.hl7.reading.timestamps import parse_time
from tests.exchange.hl7.samples import build_message


def _read_pid(**fields: str) -> PatientFacts:
    """A PID with these fields, named "f5" for PID-5."""
    values = [fields.get(f"f{number}", "") for number in range(1, 31)]
    return read_message(build_message("ADT^A08", "PID|" + "|".join(values))).patients[0]


def test_the_name_of_today_is_taken_where_an_earlier_one_stands_first() -> None:
    patient = _read_pid(f5="Birch^Testa^^^^^M~Sample-Oak^Testa^Quill^III^Dr.^^L~^Tess^^^^^N")
    assert (patient.name.family, patient.name.suffix, patient.name.prefix) == ("Sample-Oak", "III", "Dr.")
    assert patient.preferred_name == "Tess"


def test_a_maiden_name_and_a_family_name_in_parts_are_told_apart() -> None:
    patient = _read_pid(f5="van der Oak&van der&Oak^Testa^^^^^L~Birch^Testa^^^^^M")
    assert (patient.name.family, patient.maiden_name) == ("van der Oak", "Birch")


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("19700201", date(1970, 2, 1)), ("197002010930", date(1970, 2, 1)), ("19700201233000-0500", date(1970, 2, 1)),
        ("1970-02-01", date(1970, 2, 1)), ("19700201000000.0000+0215", date(1970, 2, 1)), ("197002", None),
        ("1970", None), ("19700231", None), ("Aug 15, 1942", None), ("02/01/1970", None), ("", None), ('""', None),
    ],
)  # fmt: skip
def test_a_birth_date_is_the_day_as_written_or_none(written: str, day: date | None) -> None:
    assert _read_pid(f7=written).birth_date == day


def test_numbers_keep_the_field_authority_and_type_they_came_with() -> None:
    patient = _read_pid(f2="9^^^OLD^PI", f3="M1^^^SHADY&1.2.3&ISO^MR~88^^^STATE^SS", f4="7")
    found = [(number.field, number.value, number.authority, number.type) for number in patient.identifiers]
    assert found == [("PID-2", "9", "OLD", "PI"), ("PID-3", "M1", "SHADY", "MR"), ("PID-3", "88", "STATE", "SS"),
                     ("PID-4", "7", "", "")]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "number", "is_mobile"),
    [
        ("(412)555-0142", "(412)555-0142", False), ("^PRN^CP^^1^412^5550142", "412-5550142", True),
        ("^PRN^PH^^^412^5550142", "412-5550142", False), ("^^^^49^30^5550142", "+49 30-5550142", False),
        ("^PRS^CP^^^^^^^^^+14125550142", "+14125550142", True),
    ],
)  # fmt: skip
def test_a_phone_is_read_in_old_forms_and_new(written: str, number: str, is_mobile: bool) -> None:
    phone = _read_pid(f13=written).phones[0]
    assert (phone.number, phone.is_mobile) == (number, is_mobile)


@pytest.mark.parametrize("written", ["^NET^Internet^testa@example.org", "testa@example.org^NET", "testa@example.org"])
def test_an_email_address_is_no_phone(written: str) -> None:
    patient = _read_pid(f13=f"4125550142~{written}")
    assert patient.emails == ("testa@example.org",)
    assert [phone.number for phone in patient.phones] == ["4125550142"]


def test_letters_go_home_and_not_to_the_place_of_birth() -> None:
    patient = _read_pid(f11="^^Sometown^^^^BDL~12 Invented Lane^Apt 3^Pittsburgh^PA^15232^^H")
    address = home_address(patient)
    assert (address.street, address.part(3)) == ("12 Invented Lane, Apt 3", "Pittsburgh")


@pytest.mark.parametrize(
    ("f29", "f30", "died"), [("", "Y", True), ("20261101", "", True), ('""', "N", False), ("", "", False)]
)
def test_a_death_is_read_from_either_field(f29: str, f30: str, died: bool) -> None:
    assert _read_pid(f29=f29, f30=f30).has_died is died


def test_each_merge_belongs_to_the_patient_in_front_of_it() -> None:
    read = read_message(
        build_message("ADT^A40", "PID|1||M1^^^SHADY^MR", "MRG|M2^^^SHADY^MR", "PID|2||M3", "MRG|||||M5|M4")
    )
    pairs = [(one.survivor.record_numbers[0].value, [prior.value for prior in one.prior]) for one in read.merges]
    assert pairs == [("M1", ["M2"]), ("M3", [])]


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("20261124140530-0500", "2026-11-24 14:05:30-05:00"), ("202611241405", "2026-11-24 14:05:00"),
        ("20261124", "2026-11-24"), ("202611", ""), ("20261124140530.1234Z", "2026-11-24 14:05:30+00:00"),
    ],
)  # fmt: skip
def test_a_time_keeps_its_precision_and_its_zone(written: str, iso: str) -> None:
    time = parse_time(written)
    assert time is not None
    assert time.iso() == iso


@pytest.mark.parametrize("written", ["DateTime", "20261340", "20261124250000", "\uff12\uff10\uff12\uff16"])
def test_what_is_no_time_is_none(written: str) -> None:
    assert parse_time(written) is None
