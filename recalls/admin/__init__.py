"""Admin pages of recalls, exams, visits, results, tasks, rooms and supplemental tests."""

from recalls.admin import recalls, results, rooms, supplemental

__all__ = ["recalls", "results", "rooms", "supplemental"]
