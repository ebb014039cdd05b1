"""Defines the demo's two hundred invented patients, in the variety that a clinic meets."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from random import Random
from typing import Any

from patients.models import Patient

_GIVEN_NAMES = (
    "Ada", "Bea", "Carmen", "Dee", "Elena", "Fay", "Grace", "Hana", "Ines", "June", "Kira", "Lena", "Mei", "Nora",
    "Olga", "Pia", "Rosa", "Ruth", "Sofia", "Tara", "Uma", "Vera", "Wanda", "Yara", "Zoe",
)  # fmt: skip
_FAMILY_NAMES = (
    "Sample-Alder", "Sample-Birch", "Sample-Elm", "Sample-Hazel", "Sample-Juniper", "Sample-Larch", "Sample-Maple",
    "Sample-Oak", "Example-Finch", "Example-Heron", "Example-Lark", "Example-Plover", "Example-Robin", "Example-Swift",
    "Example-Tern", "Example-Wren",
)  # fmt: skip
_STREETS = ("Invented Lane", "Example Street", "Sample Avenue", "Nowhere Road")
# Of a hundred patients, how many bear each trait of `patients.factories`; the rest bear none.
_TRAIT_PERCENTAGES = {
    "spanish_speaker": 9,
    "no_email": 9,
    "email_opted_out": 4,
    "bad_email": 2,
    "detailed_email": 14,
    "text_messages": 12,
    "no_voicemail": 5,
    "no_phone": 1,
}
_PHONE_TRAITS = ("no_phone", "no_voicemail")


@dataclass(frozen=True, slots=True)
class DemoPatient:
    """What `PatientFactory` is asked for, and whether mail to the patient comes back."""

    fields: dict[str, Any]
    email_bounces: bool


def generate_patients(chance: Random, today: date) -> Iterator[DemoPatient]:
    """People without end of supply for a demo: 400 different names, ages 40 to 76."""
    names = list(product(_GIVEN_NAMES, _FAMILY_NAMES))
    chance.shuffle(names)
    for number, (given, family) in enumerate(names):
        trait = _trait(chance)
        fields = _identity(chance, today, number) | {"given_name": given, "family_name": family}
        fields |= {trait: True} if trait else {}
        fields |= _phones(number) if trait not in _PHONE_TRAITS else {}
        yield DemoPatient(fields, email_bounces=not trait and chance.random() < 0.05)


def _identity(chance: Random, today: date, number: int) -> dict[str, Any]:
    return {
        "mrn": f"D{200001 + number}",
        "birth_date": date(today.year - chance.randint(40, 76), chance.randint(1, 12), chance.randint(1, 28)),
        "address_line": f"{chance.randint(1, 90)} {chance.choice(_STREETS)}",
        "do_not_call": number % 67 == 66,
    }


def _phones(number: int) -> dict[str, Any]:
    """Numbers of the range that is kept free for examples; one in three has a home phone too."""
    home = f"412 555 01{(number + 37) % 100:02}" if number % 3 == 0 else None
    voicemail = Patient.Voicemail.YES if number % 2 else Patient.Voicemail.ASK
    return {"mobile": f"412 555 01{number % 100:02}", "home": home, "voicemail": voicemail}


def _trait(chance: Random) -> str:
    point = chance.randrange(100)
    for trait, share in _TRAIT_PERCENTAGES.items():
        if point < share:
            return trait
        point -= share
    return ""
