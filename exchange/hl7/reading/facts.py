"""What a message says, as values: "" and None mean that it did not say."""

from dataclasses import dataclass
from datetime import date

from exchange.hl7.reading.faults import Fault
from exchange.hl7.reading.timestamps import HL7Time, parse_time

TEXT_TYPES = frozenset({"", "TX", "FT", "ST"})  # value types of OBX-2 that hold free text


@dataclass(frozen=True, slots=True)
class MessageHeader:
    """MSH: who sent what. `code` and `trigger` are upper case, such as "ORU" and "R01"."""

    sending_application: str = ""
    sending_facility: str = ""
    sent_at: str = ""
    code: str = ""
    trigger: str = ""
    control_id: str = ""
    processing_id: str = ""
    version: str = ""
    charset: str = ""
    delimiters: str = ""

    @property
    def type(self) -> str:
        return f"{self.code}^{self.trigger}" if self.trigger else self.code


@dataclass(frozen=True, slots=True)
class Identifier:
    """One number of a person (CX) and the field that it stands in, such as "PID-3"."""

    field: str
    value: str
    authority: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class PersonName:
    """One name (XPN or XCN). `type` is the code of table 0200: L legal, D display, M maiden, N nickname, A alias."""

    family: str = ""
    given: str = ""
    middle: str = ""
    suffix: str = ""
    prefix: str = ""
    type: str = ""
    has_no_given: bool = False  # the message says outright that there is no given name
    id: str = ""  # of a doctor: the number in front of the name
    id_type: str = ""

    @property
    def full(self) -> str:
        return " ".join(part for part in (self.given, self.middle, self.family) if part)


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """One number (XTN) as it was sent; `use` and `equipment` are the codes of tables 0201 and 0202."""

    number: str
    use: str = ""
    equipment: str = ""
    field: str = "PID-13"

    @property
    def is_mobile(self) -> bool:
        return self.equipment in ("CP", "MOB", "CELL", "SATPH") or self.use in ("PRS", "CELL", "MOB", "MC")

    @property
    def is_private(self) -> bool:
        return self.field == "PID-13" and self.use not in ("WPN", "EMR", "ASN") and self.equipment not in ("FX", "BP")


@dataclass(frozen=True, slots=True)
class Address:
    """One address (XAD); `parts` are its components as they stand, sub-components joined by a space."""

    parts: tuple[str, ...]

    def part(self, number: int) -> str:
        return self.parts[number - 1].strip() if number <= len(self.parts) else ""

    @property
    def street(self) -> str:
        return ", ".join(line for line in (self.part(1), self.part(2)) if line)

    @property
    def type(self) -> str:
        return self.part(7).upper()


@dataclass(frozen=True, slots=True)
class ContactPerson:
    """NK1: one person beside the patient. `role` is the code of table 0131: C or EP emergency contact, CP contact."""

    name: str
    phone: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """PID: one patient. `birth_raw` is PID-7 as it was sent, `birth_date` None when that is no full day."""

    identifiers: tuple[Identifier, ...] = ()
    names: tuple[PersonName, ...] = ()
    name: PersonName = PersonName()
    maiden_name: str = ""
    preferred_name: str = ""
    birth_raw: str = ""
    birth_date: date | None = None
    sex: str = ""
    addresses: tuple[Address, ...] = ()
    phones: tuple[PhoneNumber, ...] = ()
    emails: tuple[str, ...] = ()
    contact_persons: tuple[ContactPerson, ...] = ()
    race: tuple[str, ...] = ()  # each repetition: code, else text
    insurance: tuple[str, ...] = ()  # of who pays first: the type of the plan, the plan, the company
    ethnicity: str = ""
    language: str = ""
    language_name: str = ""
    death_indicator: str = ""
    death_raw: str = ""

    @property
    def address(self) -> Address:
        return self.addresses[0] if self.addresses else Address(())

    @property
    def record_numbers(self) -> tuple[Identifier, ...]:
        """PID-3, where the record numbers stand; a message without any names nobody."""
        return tuple(number for number in self.identifiers if number.field == "PID-3")

    @property
    def death_time(self) -> HL7Time | None:
        return parse_time(self.death_raw)

    @property
    def has_died(self) -> bool:
        return self.death_indicator.strip().upper() in ("Y", "YES", "TRUE", "1") or self.death_time is not None


@dataclass(frozen=True, slots=True)
class MergeFacts:
    """One pair of a merge: the patient whose number stays, and the numbers of MRG that go up in it."""

    survivor: PatientFacts
    prior: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """ORC: one order."""

    control: str = ""
    placer: str = ""
    filler: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class CodedValue:
    """An identifier, its text and its coding system (CE or CWE)."""

    code: str = ""
    text: str = ""
    system: str = ""

    @property
    def words(self) -> str:
        return " ".join(part for part in (self.code, self.text) if part)


@dataclass(frozen=True, slots=True)
class Observation:
    """OBX: one observation. `values` are the repetitions of OBX-5 as coded values, `text` the same as lines of text."""

    place: str
    value_type: str = ""
    question: CodedValue = CodedValue()
    sub_id: str = ""
    values: tuple[CodedValue, ...] = ()
    text: str = ""
    status: str = ""
    site: str = ""  # OBX-20, the body site
    guideline: str = ""  # OBX-15, the producer or the guideline that is quoted


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """TXA: the document that holds a report."""

    kind: CodedValue = CodedValue()
    placer: str = ""
    filler: str = ""
    number: str = ""
    observed: str = ""
    reported: str = ""
    status: str = ""
    authors: tuple[PersonName, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """OBR with the order and document it belongs to and with what stands below it: one exam and its report."""

    placer: str = ""
    filler: str = ""
    accession: str = ""
    procedure: CodedValue = CodedValue()
    observed: str = ""
    scheduled: str = ""
    reported: str = ""
    status: str = ""
    modality: str = ""
    reasons: tuple[CodedValue, ...] = ()  # OBR-31, why the exam was made
    readers: tuple[PersonName, ...] = ()
    ordering: tuple[PersonName, ...] = ()
    observations: tuple[Observation, ...] = ()
    notes: tuple[str, ...] = ()
    order: OrderFacts = OrderFacts()
    document: DocumentFacts = DocumentFacts()

    @property
    def text(self) -> str:
        """The report as it was written: every observation that is text, a line for each."""
        lines = (part.text for part in self.observations if part.value_type in TEXT_TYPES and part.text)
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """AIS: one service of an appointment."""

    service: CodedValue = CodedValue()
    start: str = ""
    duration: str = ""
    units: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """SCH with its resources: one appointment. Times are as they were sent."""

    placer_id: str = ""
    filler_id: str = ""
    event_reason: str = ""
    reason: str = ""
    type: str = ""
    duration: str = ""
    duration_units: str = ""
    sch_start: str = ""
    sch_end: str = ""
    tq1_start: str = ""
    tq1_end: str = ""
    status: str | None = None
    services: tuple[ServiceFacts, ...] = ()
    locations: tuple[str, ...] = ()

    @property
    def start(self) -> str:
        """TQ1 replaces SCH-11 since 2.5; AIS-4 is the service's own, and the last resort."""
        given = (self.tq1_start, self.sch_start, *(service.start for service in self.services))
        return next((text for text in given if text), "")


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """Everything that was read from one message, and what is wrong with it."""

    header: MessageHeader = MessageHeader()
    segments: tuple[str, ...] = ()
    patients: tuple[PatientFacts, ...] = ()
    merges: tuple[MergeFacts, ...] = ()
    orders: tuple[OrderFacts, ...] = ()
    reports: tuple[ReportFacts, ...] = ()
    observations: tuple[Observation, ...] = ()
    visit: VisitFacts | None = None
    places: tuple[str, ...] = ()  # where it happened, as codes of the sender, the nearest first
    acknowledges: str = ""  # MSA-2
    codec: str = "utf-8"
    faults: tuple[Fault, ...] = ()
