"""The composition root: settings, addresses, the Celery app and its timetable. Nothing below imports it."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
