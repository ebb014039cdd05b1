"""Admin pages of messages, of lay summaries and of a clinic's own texts."""

from notifications.admin import lay_summaries, message_texts, notifications

__all__ = ["lay_summaries", "message_texts", "notifications"]
