"""What does it mean when handing over a message fails? The one place that knows the errors of mail servers.

A code of RFC 5321 decides: 4xx is "not now", 5xx to the recipient is "never". Whatever speaks about us and not about
her (our sender, our login, 421 "closing") is a matter of the connection: it must not cost a patient her message. An
answer that never came leaves open whether the message arrived (RFC 1047).
"""

import re
import smtplib
from dataclasses import dataclass

from notifications.kinds import AttemptResult, Reason
from notifications.texts import NotReviewed

R = AttemptResult

_CLOSING = 421
_BAD_MAILBOX = re.compile(r"\b5\.1\.[0-9]{1,2}\b")  # RFC 3463: bad destination address
_ADDRESS = re.compile(r"<[^>]*>|\S+@\S+")
_LONGEST_DETAIL = 300


@dataclass(frozen=True, slots=True)
class Failure:
    """`detail` holds the server's words without addresses; `bad_mailbox`: no message to it will ever arrive."""

    result: AttemptResult
    reason: Reason
    code: int | None = None
    detail: str = ""
    bad_mailbox: bool = False


def failure_of(error: Exception) -> Failure:
    """Any error of a mail backend's `send_messages`, judged."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
        return _by_code(code, words)
    if isinstance(error, smtplib.SMTPSenderRefused):
        return _connection(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPDataError | smtplib.SMTPHeloError | smtplib.SMTPAuthenticationError):
        ours = not isinstance(error, smtplib.SMTPDataError)
        return (_connection if ours else _by_code)(error.smtp_code, error.smtp_error)
    if isinstance(error, ValueError | TypeError | LookupError) and not isinstance(error, OSError):
        return unwritable(error)
    return Failure(R.UNCERTAIN, Reason.UNCERTAIN, detail=type(error).__name__)


def unwritable(error: Exception) -> Failure:
    """The message itself is at fault: its text or a fact in it. The error's words may quote her: left out."""
    reason = Reason.NOT_REVIEWED if isinstance(error, NotReviewed) else Reason.NOT_RENDERED
    return Failure(R.PERMANENT, reason, detail=type(error).__name__)


def _by_code(code: int, words: bytes | str) -> Failure:
    if code == _CLOSING:
        return _connection(code, words)
    detail = _said(words)
    if 400 <= code < 500:
        return Failure(R.TRANSIENT, Reason.TEMPORARY, code, detail)
    return Failure(R.PERMANENT, Reason.REFUSED, code, detail, bad_mailbox=bool(_BAD_MAILBOX.search(detail)))


def _connection(code: int, words: bytes | str) -> Failure:
    return Failure(R.CONNECTION, Reason.TEMPORARY, code, _said(words))


def _said(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return _ADDRESS.sub("", " ".join(text.split()))[:_LONGEST_DETAIL]
