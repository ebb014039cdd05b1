"""App configuration of the shared staff pages."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "desk"
