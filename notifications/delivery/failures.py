"""Classifies the errors of handing a message over: temporary, permanent, our connection, or uncertain.

A code of RFC 5321 decides: 4xx is "not now", 5xx to the recipient is "never". Whatever speaks about us and not about
the patient (our sender, our login, 421 "closing") is a matter of the connection: it must cost no patient a message. An
answer that never came leaves open whether the message arrived (RFC 1047).
"""

import re
import smtplib
from dataclasses import dataclass

from notifications.content.loader import NotReviewed
from notifications.enums import AttemptResult, StatusReason
from notifications.rendering.letter_pdf import LetterNotSettable

_SERVICE_CLOSING = 421
_BAD_MAILBOX_STATUS = re.compile(r"\b5\.1\.[0-9]{1,2}\b")  # RFC 3463: bad destination address
_STATUS = re.compile(r"\b[245]\.[0-9]{1,3}\.[0-9]{1,3}\b")


@dataclass(frozen=True, slots=True)
class DeliveryFailure:
    """`detail` holds the server's status (RFC 3463) and never its words, for some quote the patient.

    `bad_mailbox`: no message to it will ever arrive.
    """

    result: AttemptResult
    reason: StatusReason
    code: int | None = None
    detail: str = ""
    bad_mailbox: bool = False


def classify_delivery_error(error: Exception) -> DeliveryFailure:
    """Any error of a mail backend's `send_messages`, judged."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
        return _failure_by_code(code, words)
    if isinstance(error, smtplib.SMTPSenderRefused):
        return _connection_failure(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPDataError | smtplib.SMTPHeloError | smtplib.SMTPAuthenticationError):
        ours = not isinstance(error, smtplib.SMTPDataError)
        return (_connection_failure if ours else _failure_by_code)(error.smtp_code, error.smtp_error)
    if isinstance(error, ValueError | TypeError | LookupError) and not isinstance(error, OSError):
        return render_failure(error)
    return DeliveryFailure(AttemptResult.UNCERTAIN, StatusReason.UNCERTAIN, detail=type(error).__name__)


def render_failure(error: Exception) -> DeliveryFailure:
    """The message itself is at fault: its text or a fact in it. The error's words may quote the patient: left out."""
    reason = StatusReason.NOT_RENDERED
    if isinstance(error, NotReviewed):
        reason = StatusReason.NOT_REVIEWED
    elif isinstance(error, LetterNotSettable):
        reason = StatusReason.NOT_SETTABLE
    return DeliveryFailure(AttemptResult.PERMANENT, reason, detail=type(error).__name__)


def _failure_by_code(code: int, words: bytes | str) -> DeliveryFailure:
    if code == _SERVICE_CLOSING:
        return _connection_failure(code, words)
    detail = _status_of(words)
    if 400 <= code < 500:
        return DeliveryFailure(AttemptResult.TRANSIENT, StatusReason.TEMPORARY, code, detail)
    return DeliveryFailure(
        AttemptResult.PERMANENT,
        StatusReason.REFUSED,
        code,
        detail,
        bad_mailbox=bool(_BAD_MAILBOX_STATUS.search(detail)),
    )


def _connection_failure(code: int, words: bytes | str) -> DeliveryFailure:
    return DeliveryFailure(AttemptResult.CONNECTION_FAILED, StatusReason.TEMPORARY, code, _status_of(words))


def _status_of(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    found = _STATUS.search(text)
    return found.group() if found else ""
