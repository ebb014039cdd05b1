"""Reads orders and reports: ORC, OBR, OBX, NTE, and TXA of a document."""

from dataclasses import replace

from exchange.hl7.reading.facts import CodedValue, DocumentFacts, Observation, OrderFacts, PersonName, ReportFacts
from exchange.hl7.reading.patient import read_person
from exchange.hl7.reading.segments import ParsedMessage, Repetition, Segment

_BINARY_TYPES = frozenset({"ED", "RP"})


def read_orders(message: ParsedMessage) -> tuple[OrderFacts, ...]:
    """Each ORC."""
    return tuple(_read_order(segment) for segment in message.all("ORC"))


def read_reports(message: ParsedMessage, observations: tuple[Observation, ...]) -> tuple[ReportFacts, ...]:
    """Each OBR with the ORC in front of it and the observations and notes below; a document without OBR is one too.

    `observations` are those of `read_observations`, one for each OBX.
    """
    reports: list[ReportFacts] = []
    txa, order = message.first("TXA"), OrderFacts()
    document = _read_document(txa) if txa else DocumentFacts()
    if txa and message.first("OBR") is None:
        reports.append(ReportFacts(document=document, order=next(iter(read_orders(message)), order)))
    below: list[list[Observation]] = [[] for _report in reports]
    remaining = iter(observations)
    for segment in message.segments:
        if segment.name == "ORC":
            order = _read_order(segment)
        elif segment.name == "OBR":
            reports.append(replace(_read_obr(segment), order=order, document=document))
            below.append([])
            order = OrderFacts()
        elif segment.name == "OBX":
            observation = next(remaining)
            if below:
                below[-1].append(observation)
        elif segment.name == "NTE" and reports:
            note = "\n".join(text for text in segment.source_text(3) if text)
            reports[-1] = replace(reports[-1], notes=(*reports[-1].notes, note))
    pairs = zip(reports, below, strict=True)
    return tuple(replace(report, observations=tuple(parts)) for report, parts in pairs)


def read_observations(message: ParsedMessage) -> tuple[Observation, ...]:
    """Every OBX of the message."""
    return tuple(read_observation(segment) for segment in message.all("OBX"))


def read_observation(obx: Segment) -> Observation:
    """One OBX; its repetitions become lines of `text`. A picture or a pointer to one is no text."""
    value_type = obx.get(2).strip().upper()
    coded = () if value_type in _BINARY_TYPES else tuple(_read_code(part) for part in obx.repetitions(5))
    lines = () if value_type in _BINARY_TYPES else obx.source_text(5)
    return Observation(
        place=f"OBX[{obx.ordinal}]-5",
        value_type=value_type,
        question=_read_code(obx.first(3)),
        sub_id=obx.get(4),
        values=coded,
        text="\n".join(line for line in lines if line != '""'),
        status=obx.get(11).strip(),
        site=_read_code(obx.first(20)).words,
        guideline=_read_code(obx.first(15)).words,
    )


def _read_order(orc: Segment) -> OrderFacts:
    return OrderFacts(orc.get(1), orc.get(2), orc.get(3), orc.get(5))


def _read_obr(obr: Segment) -> ReportFacts:
    return ReportFacts(
        placer=obr.get(2),
        filler=obr.get(3),
        accession=obr.get(18) or obr.get(20),
        procedure=_read_code(obr.first(4)),
        observed=obr.get(7),
        scheduled=obr.get(36) or obr.get(27, 4),
        reported=obr.get(22) or obr.get(8),
        status=obr.get(25),
        modality=obr.get(24),
        reasons=tuple(map(_read_code, obr.repetitions(31))),
        readers=tuple(reader for field in (32, 33, 35) for reader in map(_read_interpreter, obr.repetitions(field))),
        ordering=tuple(map(read_person, obr.repetitions(16))),
    )


def _read_document(txa: Segment) -> DocumentFacts:
    return DocumentFacts(
        kind=_read_code(txa.first(2)),
        placer=txa.get(14),
        filler=txa.get(15),
        number=txa.get(12),
        observed=txa.get(4),
        reported=txa.get(22, 15) or txa.get(8) or txa.get(6),
        status=txa.get(17),
        authors=tuple(map(read_person, (*txa.repetitions(22), *txa.repetitions(9)))),
    )


def _read_code(part: Repetition) -> CodedValue:
    return CodedValue(part.get(1).strip(), part.get(2).strip(), part.get(3).strip())


def _read_interpreter(part: Repetition) -> PersonName:
    """NDL: the person stands in the sub-components of the first component; older systems send components."""
    if len(part.parts[0]) > 1:
        return PersonName(
            id=part.get(1, 1), family=part.get(1, 2), given=part.get(1, 3), middle=part.get(1, 4),
            suffix=part.get(1, 5), prefix=part.get(1, 6),
        )  # fmt: skip
    return read_person(part)
