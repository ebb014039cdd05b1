"""What the pages that take a step share: the version that a form saw, and the offer to undo."""

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.models import User
from desk.undo_offer import store_undo_offer
from recalls.models import RecallEvent
from recalls.permissions import StepRefused
from recalls.undo_snapshot import can_be_undone

_MAX_DIGITS = 10


def seen_version(request: HttpRequest) -> int:
    """The version of the recall that the page showed; StepRefused when the form does not say so."""
    version = request.POST.get("version", "")
    if not (version.isascii() and version.isdecimal() and len(version) < _MAX_DIGITS):
        raise StepRefused(_("The page did not say what you had seen. Look at the recall as it stands, then decide."))
    return int(version)


def offer_undo(request: HttpRequest, user: User, event: RecallEvent | None) -> str:
    """Offer to undo a step that still can be; the tag for its message is returned, empty for any other."""
    if event is None or not can_be_undone(event, user.pk, timezone.now()):
        return ""
    return store_undo_offer(request, event.recall_id, event.version)
