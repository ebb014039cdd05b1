"""Admin pages of recalls, exams, visits, results, tasks, rooms, supplemental tests and help against barriers."""

from recalls.admin import barriers, recalls, results, rooms, supplemental

__all__ = ["barriers", "recalls", "results", "rooms", "supplemental"]
