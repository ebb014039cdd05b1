"""Stops all sending, such as before a restore or while something looks wrong."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from notifications.delivery import restore_guard


class Command(BaseCommand):
    help = "Let no message leave until somebody runs unfreeze_sending or lets them leave in the admin."

    def handle(self, *_args: Any, **_options: Any) -> None:
        restore_guard.freeze_sending()
        self.stdout.write(_("Sending is frozen. Messages are still planned, and none leaves."))
