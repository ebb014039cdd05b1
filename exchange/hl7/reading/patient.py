"""Reads PID, NK1, IN1 and MRG: names, numbers, birth date, address, phones, language, death, who pays."""

import re
from dataclasses import replace

from exchange.hl7.reading.facts import (
    Address,
    ContactPerson,
    Identifier,
    MergeFacts,
    PatientFacts,
    PersonName,
    PhoneNumber,
)
from exchange.hl7.reading.segments import ParsedMessage, Repetition, Segment
from exchange.hl7.reading.timestamps import parse_time

# Codes of table 0200 for names that are not what the patient is called by now.
_OTHER_NAMES = frozenset({"A", "B", "BAD", "M", "MSK", "N", "NB", "NOUSE", "P", "REL", "S", "T", "TEMP", "U"})
_MAIDEN = frozenset({"M", "B"})
_EMAIL_CODES = frozenset({"NET", "INTERNET", "X.400"})
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_OTHER_ADDRESSES = frozenset({"BA", "BDL", "BR", "N", "O", "B", "F", "BI", "RH"})  # birth, work, another country


def read_patients(message: ParsedMessage) -> tuple[PatientFacts, ...]:
    """Each PID of the message, with the NK1 and the first IN1 behind it."""
    patients: list[PatientFacts] = []
    for segment in message.segments:
        if segment.name == "PID":
            patients.append(read_patient(segment))
        elif segment.name == "NK1" and patients:
            persons = (*patients[-1].contact_persons, _read_contact_person(segment))
            patients[-1] = replace(patients[-1], contact_persons=persons)
        elif segment.name == "IN1" and patients and not patients[-1].insurance:
            patients[-1] = replace(patients[-1], insurance=_read_insurance(segment))
    return tuple(patients)


def _read_contact_person(nk1: Segment) -> ContactPerson:
    names = [_read_name(repetition) for repetition in nk1.repetitions(2)]
    numbers = [_find_number(repetition) for repetition in nk1.repetitions(5)]
    name = next((one.full for one in names if one.full.strip()), "")
    return ContactPerson(name.strip(), next(filter(None, numbers), ""), nk1.get(7).strip().upper())


def _read_insurance(first: Segment) -> tuple[str, ...]:
    """Who pays first stands first."""
    texts = (first.get(15), first.get(2), first.get(2, 2), first.get(4))
    return tuple(text for text in texts if text.strip())


def read_patient(pid: Segment) -> PatientFacts:
    """What one PID says."""
    names = tuple(_read_name(repetition) for repetition in pid.repetitions(5))
    phones, emails = _read_contacts(pid)
    birth = parse_time(pid.get(7))
    return PatientFacts(
        identifiers=tuple(number for field in (2, 3, 4) for number in _read_identifiers(pid, field)),
        names=names,
        name=next((name for name in names if name.type not in _OTHER_NAMES), names[0] if names else PersonName()),
        maiden_name=next((name.family for name in names[1:] if name.type in _MAIDEN), ""),
        preferred_name=next((name.given for name in names[1:] if name.type == "N"), ""),
        birth_raw=pid.get(7),
        birth_date=birth.as_date if birth else None,
        sex=pid.get(8),
        addresses=tuple(Address(repetition.components) for repetition in pid.repetitions(11)),
        phones=phones,
        emails=emails,
        race=tuple(text for one in pid.repetitions(10) if (text := one.get(1) or one.get(2))),
        ethnicity=pid.get(22) or pid.get(22, 2),
        language=pid.get(15),
        language_name=pid.get(15, 2),
        death_indicator=pid.get(30),
        death_raw=pid.get(29),
    )


def home_address(patient: PatientFacts) -> Address:
    """Where letters go: the first address that is not marked as one of birth or work."""
    return next((address for address in patient.addresses if address.type not in _OTHER_ADDRESSES), Address(()))


def read_merges(message: ParsedMessage) -> tuple[MergeFacts, ...]:
    """Each MRG with the PID in front of it; numbers of the person stand in MRG-1, in older messages in MRG-4."""
    if message.first("MRG") is None:
        return ()
    merges, survivor = [], PatientFacts()
    for segment in message.segments:
        if segment.name == "PID":
            survivor = read_patient(segment)
        elif segment.name == "MRG":
            prior = _read_identifiers(segment, 1) or _read_identifiers(segment, 4)
            merges.append(MergeFacts(survivor, prior))
    return tuple(merges)


def read_person(repetition: Repetition) -> PersonName:
    """A doctor (XCN): a number, then the name."""
    if repetition.get(1) and not repetition.get(2) and not repetition.get(3):
        text = repetition.get(1)
        is_number = bool(re.fullmatch(r"[\w.-]*\d[\w.-]*", text))
        return PersonName(id=text) if is_number else PersonName(family=text)
    return PersonName(
        id=repetition.get(1), family=repetition.get(2), given=repetition.get(3), middle=repetition.get(4),
        suffix=repetition.get(5), prefix=repetition.get(6), id_type=repetition.get(13) or repetition.get(9),
    )  # fmt: skip


def _read_name(repetition: Repetition) -> PersonName:
    return PersonName(
        family=repetition.get(1), given=repetition.get(2), middle=repetition.get(3), suffix=repetition.get(4),
        prefix=repetition.get(5), type=repetition.get(7).strip().upper(), has_no_given=repetition.is_null(2),
    )  # fmt: skip


def _read_identifiers(segment: Segment, field: int) -> tuple[Identifier, ...]:
    """The numbers of one field; an HL7 null beside a number is kept as it was sent, and is no number.

    An authority without a name is known by its universal id.
    """
    repetitions = [repetition for repetition in segment.repetitions(field) if repetition.raw(1)]
    return tuple(
        Identifier(
            segment.place(field), repetition.raw(1), repetition.get(4) or repetition.get(4, 2), repetition.get(5)
        )
        for repetition in repetitions
    )


def _read_contacts(pid: Segment) -> tuple[tuple[PhoneNumber, ...], tuple[str, ...]]:
    """Phones and email addresses of PID-13 (home) and PID-14 (work), old forms and new."""
    phones, emails = [], []
    for field in (13, 14):
        for repetition in pid.repetitions(field):
            email = _find_email(repetition)
            if email:
                emails.append(email)
            number = _find_number(repetition)
            if number and number != email:
                use, equipment = repetition.get(2).strip().upper(), repetition.get(3).strip().upper()
                phones.append(PhoneNumber(number, use, equipment, pid.place(field)))
    return tuple(phones), tuple(emails)


def _find_email(repetition: Repetition) -> str:
    codes = {repetition.get(2).strip().upper(), repetition.get(3).strip().upper()}
    for text in (repetition.get(4).strip(), repetition.get(1).strip()):
        if _EMAIL.fullmatch(text) and (codes & _EMAIL_CODES or text == repetition.get(4).strip() or "@" in text):
            return text
    return ""


def _find_number(repetition: Repetition) -> str:
    """The number as text (XTN-1), else in parts (5 country, 6 area, 7 local), else unformatted (12)."""
    written = repetition.get(1)
    if written.strip():
        return "" if _EMAIL.fullmatch(written.strip()) else written
    local = repetition.get(7).strip()
    if not local:
        return repetition.get(12).strip()
    area, country = repetition.get(6).strip(), repetition.get(5).strip().lstrip("+")
    number = f"{area}-{local}" if area else local
    return f"+{country} {number}" if country and country != "1" and area else number
