"""Messages, their attempts and copies, the state of sending, and a clinic's own texts."""

from notifications.models.delivery_state import DeliveryReport, DomainRateLimit, SendingState
from notifications.models.message_text import MessageText
from notifications.models.notification import DeliveryAttempt, Notification, RenderedMessage

__all__ = [
    "DeliveryAttempt",
    "DeliveryReport",
    "DomainRateLimit",
    "MessageText",
    "Notification",
    "RenderedMessage",
    "SendingState",
]
