"""Tests which numbers and addresses may be used: extensions are kept, fillers and half numbers are asked for."""

import pytest

from clinic.models import Site
from patients.channels import get_patient_channels
from patients.contact_validation import can_get_texts, check_email, check_phone, format_phone
from patients.factories import PatientFactory
from patients.models import Consent, ContactPoint


@pytest.mark.parametrize(
    ("raw", "country", "value", "shown"),
    [
        ("(724) 555-0119 ext. 4021", "US", "+17245550119;ext=4021", "(724) 555-0119 ext. 4021"),
        ("724.555.0119x7", "US", "+17245550119;ext=7", "(724) 555-0119 ext. 7"),
        ("724 555 0119 anexo 9", "US", "+17245550119;ext=9", "(724) 555-0119 ext. 9"),
        ("+17245550119;ext=42", "US", "+17245550119;ext=42", "(724) 555-0119 ext. 42"),
        ("020 7946 0018 ext 12", "GB", "+442079460018;ext=12", "020 7946 0018 x12"),
        ("+61 2 5550 4321 #33", "AU", "+61255504321;ext=33", "(02) 5550 4321 ext. 33"),
    ],
)
def test_an_extension_is_kept_and_shown_and_never_texted(raw: str, country: str, value: str, shown: str) -> None:
    checked = check_phone(raw, country)
    assert (checked.value, checked.problem) == (value, "")
    assert check_phone(checked.value, country) == checked
    assert format_phone(value, country) == shown
    assert not can_get_texts(value)


@pytest.mark.parametrize(
    ("raw", "country", "value"),
    [
        ("٤١٢٥٥٥٠١٧٣", "US", "+14125550173"),
        ("\N{FULLWIDTH DIGIT FOUR}12 555 017\N{FULLWIDTH DIGIT FOUR}", "US", "+14125550174"),
        ("১৪১২৫৫৫০১৭৫", "US", "+14125550175"),
        ("412-555-0199", "US", "+14125550199"),
        ("808 555 0100", "US", "+18085550100"),
        ("0491 570 156", "AU", "+61491570156"),
        ("+52 55 1234 5678", "US", "+525512345678"),
        ("01 42 68 53 00", "FR", "+33142685300"),
    ],
)
def test_numbers_of_any_script_and_country_are_taken(raw: str, country: str, value: str) -> None:
    checked = check_phone(raw, country)
    assert (checked.value, checked.problem) == (value, "")
    assert can_get_texts(value)


@pytest.mark.parametrize(
    "raw",
    ["555-0173", "5550173", "0000000000", "(111) 111-1111", "222 222 2222", "123-456-7890", "9876543210",
     "412-000-0000", "412 999 9999", "999-999-9999", "+1 555 555 5555", "n/a", "same as above",
     "412 555", "123456789012345678", "724-555-1212"],
)  # fmt: skip
def test_half_numbers_and_fillers_are_not_dialled(raw: str) -> None:
    assert check_phone(raw).problem


@pytest.mark.parametrize("raw", ["7700 900123 0", "+44 1", "+61 0000 00000", "+999 12345678"])
def test_a_number_that_cannot_exist_abroad_is_not_dialled_either(raw: str) -> None:
    assert check_phone(raw, "GB").problem


@pytest.mark.parametrize(
    "raw",
    ["NONE@NONE.COM", "noemail@gmail.com", "no-email@example.com", "no.email2@example.com", "na@na.com", "n.a@na.org",
     "test@test.com", "Testing@Test.co.uk", "a@a.com", "xxx@xxx.net", "asdf@asdf.com", "noreply@example.com",
     "do-not-reply@example.com", "declined@example.org", "ninguno@example.org", "sincorreo@example.org",
     "testa@noemail.com", "unknown@unknown.com", "email@email.com", "testa@clinic.invalid", "testa(at)example",
     "patientdeclined@example.org", "declined-to-provide@example.org", "noemailaddress@example.com",
     "not.available@example.org", "unavailable@example.org", "none_given@example.net", "doesnothave@email.com",
     "noone@nowhere.com", "fake@fake.com", "testa@localhost"],
)  # fmt: skip
def test_addresses_that_stand_for_none_get_no_mail(raw: str) -> None:
    assert check_email(raw).problem


@pytest.mark.parametrize(
    "raw",
    ["na@example.org", "test@example.org", "nona.sample@example.org", "noelia@example.org", "nonesuch@example.org",
     "smith@smith.com", "a@example.org", "testa.sample-oak@example.org", "reply@example.org", "unknownpoet@example.org",
     "declan@example.org", "nan@nan-foods.com", "o'test@example.org", "natalia@natalia.com",
     "patient.sample@example.org", "fakenham@example.org", "nowhereman@example.org", "refuge@example.org"],
)  # fmt: skip
def test_addresses_that_only_look_like_fillers_are_used(raw: str) -> None:
    assert check_email(raw).problem == ""


@pytest.mark.django_db
def test_a_patient_behind_an_extension_is_called_and_not_texted(shadyside: Site) -> None:
    patient = PatientFactory.create(
        site=shadyside, mobile="724 555 0119 ext 3", home=None, consents={Consent.Subject.SMS: True}
    )
    channels = get_patient_channels(patient)
    assert (channels.mobile, channels.sms_allowed) == ("+17245550119;ext=3", False)
    assert patient.contact_points.get(kind=ContactPoint.Kind.MOBILE).unusable == ""
