"""Turns what a message says of a patient into the cells of a results file; what must not be guessed is a fault."""

from collections.abc import Callable
from dataclasses import replace

from django.utils.translation import gettext as _

from exchange.errors import InvalidValue
from exchange.hl7.reading.facts import Identifier, PatientFacts
from exchange.hl7.reading.faults import Fault
from exchange.hl7.reading.patient import home_address
from exchange.hl7.reading.segments import NULL
from exchange.models import Hl7Sender
from exchange.parsing import background_parsers, value_parsers
from exchange.parsing.cell_text import clean_cell
from exchange.schema import COLUMNS_BY_NAME

# Where the value of a column stands in a message.
FIELD_BY_COLUMN = {
    "mrn": "PID-3", "assigning_authority": "PID-3", "family_name": "PID-5", "given_name": "PID-5",
    "middle_name": "PID-5", "preferred_name": "PID-5", "birth_date": "PID-7", "sex": "PID-8", "address_line": "PID-11",
    "city": "PID-11", "state": "PID-11", "postal_code": "PID-11", "phone_mobile": "PID-13", "phone_home": "PID-13",
    "email": "PID-13", "may_answer": "NK1-2", "may_answer_phone": "NK1-5", "race": "PID-10", "ethnicity": "PID-22",
    "insurance": "IN1-15",
    "language": "PID-15", "accession": "OBR-3", "exam_date": "OBR-7", "assessment": "OBX-5",
    "assessment_left": "OBX-5", "assessment_right": "OBX-5", "density": "OBX-5", "reported_at": "OBR-22",
    "reader": "OBR-32", "referrer_name": "OBR-16", "referrer_npi": "OBR-16", "modality": "OBR-4", "site": "MSH-4",
    "supplemental": "OBX-5",
}  # fmt: skip
_RECORD_TYPES = frozenset({"MR", "MRN", "MRT", "PI", "PT"})
_NO_RECORD_TYPES = frozenset(
    {"SS", "SSN", "DL", "PPN", "AN", "VN", "NI", "NN", "NH", "MC", "MA", "WC", "BC", "TAX", "SB", "BR", "CZ", "PRC",
     "ANON", "PNT", "NPI"}
)  # fmt: skip
_CONTACT_ROLES = frozenset({"C", "EP", "CP"})  # table 0131: emergency contact, contact person
_SEXES = {"A": "O", "N": "U", "": ""}  # table 0001: ambiguous, not applicable


def choose_record_number(numbers: tuple[Identifier, ...], sender: Hl7Sender) -> Identifier | Fault:
    """The one record number of ours among a patient's numbers; two that differ are never chosen between.

    Of several, the one of an authority that the settings name counts; without any such, the one that names none where
    the settings say whose such a number is.
    """
    place = numbers[0].field if numbers else "PID-3"
    named = [number for number in numbers if number.value.strip() and number.value != NULL]
    ours = _keep_known_authorities([number for number in named if _is_record_number(number, sender)], sender)
    if len({number.type.upper() in _RECORD_TYPES for number in ours}) > 1 and not sender.mrn_types:
        ours = [number for number in ours if number.type.upper() in _RECORD_TYPES]
    if not named:
        return Fault(place, _("The message names no record number of a patient."))
    if not ours:
        return Fault(
            place, _("None of the patient's numbers is a record number of this clinic, as the sender is set up.")
        )
    if len({number.value.strip() for number in ours}) > 1:
        return Fault(place, _describe_conflict(ours, sender))
    return _clean_number(ours[0])


def _describe_conflict(ours: list[Identifier], sender: Hl7Sender) -> str:
    """Whose the numbers are that cannot be told apart, by authority: a number itself stands in no reason."""
    count = len({number.value.strip() for number in ours})
    authorities = sorted({number.authority.strip() or sender.default_authority for number in ours} - {""})
    if not authorities:
        return _(
            "The message gives %(count)d different record numbers and says of none who assigned it. Ask the sender to "
            "name the assigning authority (PID-3.4)."
        ) % {"count": count}
    if len(authorities) == 1:
        words = _(
            "The message gives %(count)d different record numbers of %(authority)s for one patient. Ask the sender "
            "which one is in use, or whether two records of the patient were joined."
        )
        return words % {"count": count, "authority": authorities[0]}
    words = _(
        "The message gives %(count)d different record numbers, of %(authorities)s. Set whose numbers count for this "
        "sender."
    )
    return words % {"count": count, "authorities": ", ".join(authorities)}


def _clean_number(number: Identifier) -> Identifier | Fault:
    """The number in its one spelling."""
    try:
        value = clean_cell("mrn", number.value)
    except InvalidValue as bad:
        return Fault(number.field, str(bad))
    if len(value) > COLUMNS_BY_NAME["mrn"].max_length:
        return Fault(number.field, _("This is longer than any record number. The message may be damaged."))
    return replace(number, value=value)


def _keep_known_authorities(numbers: list[Identifier], sender: Hl7Sender) -> list[Identifier]:
    """Those of an authority that the settings name; a number that names none has the default one, where it is set."""
    default = sender.default_authority.strip()
    known = {name.strip().casefold() for name in (*sender.mrn_authorities, default)} - {""}
    kept = [number for number in numbers if (number.authority.strip() or default).casefold() in known]
    return kept if sender.mrn_authorities or kept else numbers


def _is_record_number(number: Identifier, sender: Hl7Sender) -> bool:
    types = {name.upper() for name in sender.mrn_types}
    return number.type.upper() in types if types else number.type.upper() not in _NO_RECORD_TYPES


def build_patient_cells(patient: PatientFacts, sender: Hl7Sender) -> tuple[dict[str, str], tuple[Fault, ...]]:
    """The cells of the patient's columns, without empty ones, and what stands in the way."""
    number = choose_record_number(patient.record_numbers, sender)
    faults = (*([number] if isinstance(number, Fault) else ()), *_check_birth(patient), *_check_name(patient))
    address, name = home_address(patient), patient.name
    private = [phone for phone in patient.phones if phone.is_private]
    cells = {
        "mrn": "" if isinstance(number, Fault) else number.value,
        "family_name": name.family,
        "given_name": "-" if name.has_no_given else name.given.strip(),
        "middle_name": name.middle,
        "preferred_name": patient.preferred_name,
        "birth_date": patient.birth_date.isoformat() if patient.birth_date else "",
        "sex": _first_readable(value_parsers.parse_sex, _SEXES.get(patient.sex.strip().upper(), patient.sex)),
        "race": _first_readable(
            background_parsers.parse_race, "multiple" if len(patient.race) > 1 else "".join(patient.race)
        ),
        "ethnicity": _first_readable(background_parsers.parse_ethnicity, patient.ethnicity),
        "insurance": _first_readable(background_parsers.parse_insurance, *patient.insurance),
        "language": _first_readable(value_parsers.parse_language, patient.language, patient.language_name),
        "phone_mobile": next((phone.number for phone in private if phone.is_mobile), ""),
        "phone_home": next((phone.number for phone in private if not phone.is_mobile), ""),
        "email": next(iter(patient.emails), ""),
        **_contact_person(patient),
        "address_line": address.street,
        "city": address.part(3),
        "state": address.part(4),
        "postal_code": address.part(5),
    }
    return {column: text.strip() for column, text in cells.items() if text.strip()}, faults


def _contact_person(patient: PatientFacts) -> dict[str, str]:
    """Whoever the patient named as a contact may take a message; next of kin alone were not named for that."""
    named = next((one for one in patient.contact_persons if one.role in _CONTACT_ROLES and one.name), None)
    if named is None or len(named.name) > COLUMNS_BY_NAME["may_answer"].max_length:
        return {}
    return {"may_answer": named.name, "may_answer_phone": named.phone}


def _check_birth(patient: PatientFacts) -> tuple[Fault, ...]:
    if patient.birth_date is not None:
        return ()
    if not patient.birth_raw.strip():
        return (Fault("PID-7", _("The message does not say when the patient was born.")),)
    return (Fault("PID-7", _("The birth date is no full day as HL7 writes it, such as 19700201.")),)


def _check_name(patient: PatientFacts) -> tuple[Fault, ...]:
    name = patient.name
    if name.family.strip() and (name.given.strip() or name.has_no_given):
        return ()
    return (Fault("PID-5", _("The message does not give both family name and given name of the patient.")),)


def _first_readable(parse: Callable[[str], object], *texts: str) -> str:
    """The first text that can be read: what describes a patient never holds up a result."""
    for text in texts:
        try:
            parse(text.strip())
        except InvalidValue:
            continue
        return text
    return ""
