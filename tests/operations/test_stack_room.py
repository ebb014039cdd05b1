"""Holds that each request has its room on the interpreter's stack, outside of every other middleware of ours."""

from django.conf import settings
from django.http import HttpRequest
from django.test import RequestFactory

from config.guards.stack_room import StackRoomMiddleware

PIECE_BYTES, PLACE_BYTES = 512 * 1024, 8


def test_a_request_is_answered_within_more_than_half_a_piece_of_the_stack() -> None:
    size = StackRoomMiddleware.__call__.__code__.co_stacksize * PLACE_BYTES
    assert PIECE_BYTES / 2 < size < PIECE_BYTES * 0.75, (
        "a larger frame takes a whole piece, a smaller one a smaller piece"
    )
    seen: list[HttpRequest] = []
    request = RequestFactory().get("/")
    StackRoomMiddleware(seen.append)(request)  # type: ignore[arg-type]
    assert seen == [request]


def test_every_other_middleware_lies_within_the_room() -> None:
    ours = [name for name in settings.MIDDLEWARE if not name.startswith("django_prometheus.")]
    assert ours[0] == "config.guards.stack_room.StackRoomMiddleware"
