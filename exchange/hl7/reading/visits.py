"""Reads an appointment: SCH, TQ1, AIS, AIL."""

from exchange.hl7.reading.facts import CodedValue, ServiceFacts, VisitFacts
from exchange.hl7.reading.segments import ParsedMessage, Segment


def read_visit(message: ParsedMessage) -> VisitFacts | None:
    """The appointment of the message; None without SCH."""
    sch, tq1 = message.first("SCH"), message.first("TQ1")
    if sch is None:
        return None
    return VisitFacts(
        placer_id=sch.get(1),
        filler_id=sch.get(2),
        event_reason=_words(sch, 6),
        reason=_words(sch, 7),
        type=_words(sch, 8),
        duration=sch.get(9),
        duration_units=sch.get(10),
        sch_start=sch.get(11, 4),
        sch_end=sch.get(11, 5),
        tq1_start=tq1.get(7) if tq1 else "",
        tq1_end=tq1.get(8) if tq1 else "",
        status=_words(sch, 25) or None,
        services=tuple(_read_service(segment) for segment in message.all("AIS")),
        locations=tuple(place for segment in message.all("AIL") if (place := _location(segment))),
    )


def _read_service(ais: Segment) -> ServiceFacts:
    code = CodedValue(ais.get(3), ais.get(3, 2), ais.get(3, 3))
    return ServiceFacts(code, ais.get(4), ais.get(7), ais.get(8), _words(ais, 10))


def _words(segment: Segment, field: int) -> str:
    return segment.get(field) or segment.get(field, 2)


def _location(ail: Segment) -> str:
    return " ".join(part for part in ail.first(3).components if part)
