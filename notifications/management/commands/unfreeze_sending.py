"""Lets messages be sent again after a freeze or a restore."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications.delivery import restore_guard
from notifications.enums import NotificationState
from notifications.models import Notification


class Command(BaseCommand):
    help = "Let messages leave again. With --dry-run only says how many would leave at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Change nothing.")

    def handle(self, *_args: Any, **options: Any) -> None:
        due = Notification.objects.filter(state=NotificationState.PLANNED, not_before__lte=timezone.now()).count()
        waiting = ngettext("%(count)d message is due.", "%(count)d messages are due.", due) % {"count": due}
        if options["dry_run"]:
            self.stdout.write(waiting)
            return
        restore_guard.unfreeze_sending()
        self.stdout.write(_("Messages may leave again. %(waiting)s") % {"waiting": waiting})
