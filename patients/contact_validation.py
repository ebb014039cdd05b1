"""Validates phone numbers and email addresses and writes them in one way."""

from dataclasses import dataclass

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from patients.placeholders import email_placeholder_reason, phone_placeholder_reason

EXTENSION_MARK = ";ext="  # RFC 3966, as in tel: links


@dataclass(frozen=True, slots=True)
class CheckedContact:
    """A number or address in its one written form, and in words what is wrong with it (empty when usable)."""

    value: str
    problem: str = ""


def check_phone(raw: str, country: str = "US") -> CheckedContact:
    """A number as E.164, read as one of `country` when it names no other, with an extension as in RFC 3966.

    What cannot be dialled is kept as given, with the reason; 555-01xx numbers of examples pass.
    """
    try:
        number = phonenumbers.parse(raw, country)
    except phonenumbers.NumberParseException:
        return CheckedContact(
            raw,
            _("This is no phone number. Give it with area code, such as 412 555 0142."),
        )
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        return CheckedContact(raw, _("This phone number has no area code. Ask for it."))
    if filler := phone_placeholder_reason(phonenumbers.national_significant_number(number)):
        return CheckedContact(raw, filler)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        return CheckedContact(
            raw,
            _("This phone number has too few or too many digits. Give it with area code."),
        )
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if number.extension:
        written += f"{EXTENSION_MARK}{number.extension}"
    if not (phonenumbers.is_valid_number_for_region(number, country) or phonenumbers.is_valid_number(number)):
        return CheckedContact(written, _("No phone has a number like this one. Check the area code."))
    return CheckedContact(written)


def check_email(raw: str) -> CheckedContact:
    try:
        validate_email(raw)
    except ValidationError:
        return CheckedContact(raw, _("This is no email address. Write it like name@example.org."))
    local, _at, domain = raw.rpartition("@")
    written = f"{local}@{domain.lower()}"
    return CheckedContact(written, email_placeholder_reason(written))


def can_get_texts(phone: str) -> bool:
    """Whether a text message to the stored number reaches its phone: behind an extension none arrives."""
    return bool(phone) and EXTENSION_MARK not in phone


def format_phone(value: str, country: str = "US") -> str:
    """A stored number as people of that country read it, with its extension; anything else as it is."""
    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException:
        return value
    national = phonenumbers.region_code_for_number(number) == country or str(number.country_code) == "1"
    style = phonenumbers.PhoneNumberFormat.NATIONAL if national else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)
