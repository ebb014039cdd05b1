"""Base of every FHIR view: no session, a known caller, and an OperationOutcome for whatever goes wrong."""

import logging
from typing import Any, ClassVar

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import translation
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters

from exchange.fhir.access.auth import Caller, authenticate
from exchange.fhir.http import ANSWER_TYPES, check_answer_type, error_response
from exchange.fhir.outcome import FhirError

_logger = logging.getLogger(__name__)
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Vary": "Authorization, Accept"}


def get_base_url(request: HttpRequest) -> str:
    """The address below which everything is, without a slash at its end."""
    return request.build_absolute_uri(reverse("fhir:bundle")).rstrip("/")


@method_decorator([login_not_required, csrf_exempt, sensitive_post_parameters()], name="dispatch")
class FhirView(View):
    """A request of a program. It brings its token with each request, so there is no cookie that another site could use.

    `caller` is the client; a view that is open to anybody says so with `is_public`.
    """

    is_public: ClassVar[bool] = False
    answer_types: ClassVar[tuple[str, ...]] = ANSWER_TYPES
    caller: Caller

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with translation.override("en"):
            response = self._answer(request, *args, **kwargs)
        for name, value in _HEADERS.items():
            response.headers[name] = value
        return response

    def _answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            check_answer_type(request, self.answer_types)
            if not self.is_public:
                self.caller = authenticate(request)
            return super().dispatch(request, *args, **kwargs)
        except FhirError as error:
            return error_response(error)
        except Http404:
            return error_response(FhirError.of(404, "There is no such thing, or not at the sites of this client."))
        except Exception:
            # A program cannot read Django's error page.
            _logger.exception("fhir_request_failed")
            return error_response(FhirError.of(500, "Something went wrong here. The log of this server says more."))

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        allowed = ", ".join(
            name.upper() for name in self.http_method_names if hasattr(self, name) and name != "options"
        )
        raise FhirError.of(405, f"Allowed here: {allowed}.", Allow=allowed)

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.http_method_not_allowed(request)


class UnknownPathView(FhirView):
    """Whatever no other address answers, to a client that is known."""

    def get(self, request: HttpRequest, path: str) -> HttpResponse:
        raise FhirError.of(404, "Nothing is at this address. GET metadata says what there is.")

    post = put = patch = delete = get
