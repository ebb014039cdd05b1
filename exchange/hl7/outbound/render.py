"""Writes a status message: an appointment as SIU, everything else as ORU."""

from datetime import datetime

from exchange.hl7.acknowledgment import APPLICATION
from exchange.hl7.outbound.findings import iter_actionable, iter_concordance
from exchange.models import Hl7StatusMessage, StatusKind
from patients.models import Patient
from recalls.models import Appointment, Outcome

CODING_SYSTEM = "99RECALLDESK"
_ESCAPES = str.maketrans(
    {
        "\\": "\\E\\",
        "|": "\\F\\",
        "^": "\\S\\",
        "&": "\\T\\",
        "~": "\\R\\",
        "\r": " ",
        "\n": " ",
        "\x0b": " ",
        "\x1c": " ",
    }
)
_APPOINTMENT_EVENTS = {
    StatusKind.BOOKED: ("S12", "Booked"),
    StatusKind.MOVED: ("S13", "Booked"),
    StatusKind.CANCELLED: ("S15", "Cancelled"),
    StatusKind.MISSED: ("S26", "Noshow"),
}


def render_status(message: Hl7StatusMessage) -> bytes:
    """The message, UTF-8, each segment ended by CR. What it says is as of its step; the patient is as of now."""
    kind = StatusKind(message.kind)
    visit = _get_visit(message) if kind in _APPOINTMENT_EVENTS else None
    structure = f"SIU^{_APPOINTMENT_EVENTS[kind][0]}^SIU_S12" if visit else "ORU^R01^ORU_R01"
    segments = [_msh(message, structure)]
    if visit is not None:
        segments += [_sch(message, visit, kind), _pid(message.recall.patient), "RGS|1|A", _ais(message, visit)]
    else:
        segments += [_pid(message.recall.patient), _obr(message), *_observations(message, kind)]
    return "".join(f"{segment}\r" for segment in segments).encode()


def _msh(message: Hl7StatusMessage, structure: str) -> str:
    """The time is that of the step, so that the message is the same however often it is sent."""
    peer, at = message.peer, _step_time(message)
    names = "|".join(
        _text(name) for name in (APPLICATION.decode(), message.recall.site.code, peer.application, peer.facility)
    )
    return f"MSH|^~\\&|{names}|{at}||{structure}|{message.control_id}|P|2.5.1||||||UNICODE UTF-8"


def _pid(patient: Patient) -> str:
    number = f"{_text(patient.mrn)}^^^{_text(patient.assigning_authority)}^MR"
    name = f"{_text(patient.family_name)}^{_text(patient.given_name)}"
    return f"PID|1||{number}||{name}||{patient.birth_date:%Y%m%d}|{patient.sex}"


def _obr(message: Hl7StatusMessage) -> str:
    """OBR-3 is the accession of the screening exam, OBR-7 its day."""
    exam = message.recall.exam
    at = _step_time(message)
    number, service = _text(exam.accession), f"RECALL^Recall status^{CODING_SYSTEM}"
    return f"OBR|1|{message.recall_id}|{number}|{service}|||{exam.exam_date:%Y%m%d}{'|' * 15}{at}|||F"


def _observations(message: Hl7StatusMessage, kind: StatusKind) -> list[str]:
    found = [("STATUS^Status of the recall", f"{kind.value}^{_text(str(kind.label))}^{CODING_SYSTEM}")]
    found.append(("STATE^Where the recall stands", f"{message.event.to_state}^^{CODING_SYSTEM}"))
    if kind == StatusKind.CLOSED and message.recall.closure_reason:
        reason = f"{message.recall.closure_reason}^{_text(message.recall.get_closure_reason_display())}"
        found.append(("CLOSURE^Reason of closing", f"{reason}^{CODING_SYSTEM}"))
    outcome = _get_outcome(message) if kind == StatusKind.OUTCOME else None
    if outcome is not None:
        found.append(("BIRADS^BI-RADS assessment", f"{outcome.assessment}^^{CODING_SYSTEM}"))
    at = _step_time(message)
    lines = [
        f"OBX|{number}|CWE|{code}^{CODING_SYSTEM}||{value}||||||F|||{at}"
        for number, (code, value) in enumerate(found, 1)
    ]
    return lines + _finding_lines(message, kind, len(lines))


def _finding_lines(message: Hl7StatusMessage, kind: StatusKind, count: int) -> list[str]:
    """With an opened recall what was found and is wanted (RAD-128); with a verdict images, tissue and verdict (RPC)."""
    at, lines = _step_time(message), []
    if kind == StatusKind.OPENED:
        for value_type, question, said, guideline in iter_actionable(message.recall):
            count += 1
            lines.append(f"OBX|{count}|{value_type}|{question}||{_text(said)}||||||F|||{at}|{_text(guideline)}")
    if kind == StatusKind.CONCORDANCE:
        for value_type, question, said, number in iter_concordance(message, CODING_SYSTEM):
            count += 1
            lines.append(f"OBX|{count}|{value_type}|{question}|{number}|{said}||||||F|||{at}")
    return lines


def _sch(message: Hl7StatusMessage, visit: Appointment, kind: StatusKind) -> str:
    """SCH-1 and SCH-2 are the appointment's number here, SCH-11 its time, SCH-25 its status."""
    trigger, status = _APPOINTMENT_EVENTS[kind]
    start = _time(_start(message, visit), message)
    reason = f"{visit.kind}^{_text(visit.get_kind_display())}^{CODING_SYSTEM}"
    timing = f"^^{visit.length_minutes}^{start}"
    return f"SCH|{visit.pk}|{visit.pk}||||{trigger}|{reason}||{visit.length_minutes}|min|{timing}{'|' * 14}{status}"


def _ais(message: Hl7StatusMessage, visit: Appointment) -> str:
    service = f"{visit.kind}^{_text(visit.get_kind_display())}^{CODING_SYSTEM}"
    return f"AIS|1|A|{service}|{_time(_start(message, visit), message)}|||{visit.length_minutes}|min"


def _start(message: Hl7StatusMessage, visit: Appointment) -> datetime:
    """As the step left it: the visit may have been moved since."""
    said = message.event.data.get("starts_at") or message.event.data.get("to")
    return datetime.fromisoformat(said) if said else visit.starts_at


def _get_visit(message: Hl7StatusMessage) -> Appointment | None:
    known = Appointment.objects.filter(recall=message.recall_id).order_by("pk")
    named = message.event.data.get("appointment")
    return known.filter(pk=named).first() if named else known.filter(created_at__lte=message.event.at).last()


def _get_outcome(message: Hl7StatusMessage) -> Outcome | None:
    return Outcome.objects.filter(recall=message.recall_id, at__lte=message.event.at).order_by("pk").last()


def _text(value: str) -> str:
    return value.translate(_ESCAPES)


def _step_time(message: Hl7StatusMessage) -> str:
    return _time(message.event.at, message)


def _time(at: datetime, message: Hl7StatusMessage) -> str:
    """The time of day at the site, with its offset."""
    return at.astimezone(message.recall.site.zone).strftime("%Y%m%d%H%M%S%z")
