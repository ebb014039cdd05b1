"""Admin pages of recalls, exams, visits, tasks and rooms."""

from recalls.admin import recalls, rooms

__all__ = ["recalls", "rooms"]
