"""Sees to it that every answer carries the security headers: also refusals that no view made, and static files."""

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# An address below holds a patient's link: redirects and refusals of it are kept nowhere either.
_LINK_PATH = "/my/"
_LINK_HEADERS = {
    "Cache-Control": "no-store, private",
    "Referrer-Policy": "strict-origin",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


class AnswerHeadersMiddleware:
    """The outermost one: what a view or another middleware has set stays."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        wanted: Mapping[str, str] = _HEADERS | _LINK_HEADERS if request.path.startswith(_LINK_PATH) else _HEADERS
        for name, value in wanted.items():
            response.headers.setdefault(name, value)
        return response
