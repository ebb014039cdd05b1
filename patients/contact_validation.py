"""Validates phone numbers and email addresses and writes them in one way."""

from dataclasses import dataclass

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class CheckedContact:
    """A number or address in its one written form, and in words what is wrong with it (empty when usable)."""

    value: str
    problem: str = ""


def check_phone(raw: str, country: str = "US") -> CheckedContact:
    """A number as E.164, read as one of `country` when it names no other; 555 numbers of examples pass."""
    try:
        number = phonenumbers.parse(raw, country)
    except phonenumbers.NumberParseException:
        return CheckedContact(
            raw,
            _("This is no phone number. Give it with area code, such as 412 555 0142."),
        )
    if not phonenumbers.is_possible_number(number):
        return CheckedContact(
            raw,
            _("This phone number has too few or too many digits. Give it with area code."),
        )
    return CheckedContact(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def check_email(raw: str) -> CheckedContact:
    try:
        validate_email(raw)
    except ValidationError:
        return CheckedContact(raw, _("This is no email address. Write it like name@example.org."))
    local, _at, domain = raw.rpartition("@")
    return CheckedContact(f"{local}@{domain.lower()}")


def format_phone(value: str, country: str = "US") -> str:
    """A stored number as people of that country read it; anything else as it is."""
    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException:
        return value
    national = phonenumbers.region_code_for_number(number) == country or str(number.country_code) == "1"
    style = phonenumbers.PhoneNumberFormat.NATIONAL if national else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)
