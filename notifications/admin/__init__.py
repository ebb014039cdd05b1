"""Admin pages of messages and of a clinic's own texts."""

from notifications.admin import message_texts, notifications

__all__ = ["message_texts", "notifications"]
