"""The offer to undo the last step, kept in the session until the next step replaces it."""

from uuid import uuid4

from django.http import HttpRequest

UNDO_TAG = "undo"  # of the message beside which the button stands
_SESSION_KEY = "undo_offer"


def store_undo_offer(request: HttpRequest, recall_id: int, version: int) -> str:
    """Offer to undo the step that made this version of the recall; the tag for its message is returned."""
    request.session[_SESSION_KEY] = {"recall_id": recall_id, "version": version, "key": str(uuid4())}
    return UNDO_TAG


def stored_undo_offer(request: HttpRequest) -> dict[str, int | str] | None:
    """`recall_id`, `version` and idempotency `key` of the last step; None when nothing was offered."""
    offer: dict[str, int | str] | None = request.session.get(_SESSION_KEY)
    return offer
