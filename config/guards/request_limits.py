"""Middleware and upload handler that refuse what no page takes: long bodies, stray files, NUL characters."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _

MAX_ANONYMOUS_BODY = 1024 * 1024  # a webhook's batch; a patient's or a stranger's form is far shorter
MAX_BODY = 64 * 1024 * 1024  # an upload of results is of 50 MB at most
# The pages that take a file; a file sent anywhere else is refused before any of it is kept.
FILE_PAGES = frozenset(
    {"uploads", "cancers", "hl7_trial", "letter_batch_tracking", "setup_letterhead", "step", "reading_step"}
)


class RequestLimitsMiddleware:
    """Looks at the head of a request alone: nothing of a refused body is read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/fhir"):
            return self.get_response(request)  # programs have limits of their own, and an answer of their own form
        length = request.META.get("CONTENT_LENGTH") or "0"
        known = settings.SESSION_COOKIE_NAME in request.COOKIES
        if not length.isdecimal() or int(length) > (MAX_BODY if known else MAX_ANONYMOUS_BODY):
            answer = _("This is longer than anything that is taken here.")
            return HttpResponse(answer, status=413, content_type="text/plain; charset=utf-8")
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_args: Any) -> None:
        """What a signed-in person types holds no NUL: no database keeps it."""
        if request.method != "POST" or not request.user.is_authenticated:
            return
        if any("\x00" in value for values in request.POST.lists() for value in values[1]):
            raise SuspiciousOperation("a NUL character in a form")


class ExpectedFilesOnly(FileUploadHandler):
    """First of the upload handlers: stops at the first file of a request whose page takes none, or of a stranger."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        match = self.request.resolver_match if self.request is not None else None
        user = getattr(self.request, "user", None)
        is_expected = match is not None and match.url_name in FILE_PAGES and user is not None and user.is_authenticated
        if not is_expected:
            raise MultiPartParserError("a file where none belongs")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
