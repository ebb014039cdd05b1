"""Messages, their attempts and copies, lay summaries with their proof, the state of sending, a clinic's own texts."""

from notifications.models.delivery_state import DeliveryReport, DomainRateLimit, SendingState
from notifications.models.education import EducationSeries
from notifications.models.lay_summary import LaySummary, LaySummaryBatch, LaySummaryCopy, LaySummaryEvent
from notifications.models.letter_batch import BatchLetter, LetterBatch, Letterhead
from notifications.models.message_text import MessageText
from notifications.models.notification import DeliveryAttempt, Notification, RenderedMessage

__all__ = [
    "BatchLetter",
    "DeliveryAttempt",
    "DeliveryReport",
    "DomainRateLimit",
    "EducationSeries",
    "LaySummary",
    "LaySummaryBatch",
    "LaySummaryCopy",
    "LaySummaryEvent",
    "LetterBatch",
    "Letterhead",
    "MessageText",
    "Notification",
    "RenderedMessage",
    "SendingState",
]
