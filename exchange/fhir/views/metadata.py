"""Answers GET metadata, which is open to anybody: it holds nothing of a patient."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from exchange.fhir.capability import build_capability_statement
from exchange.fhir.http import tagged_response
from exchange.fhir.views.base import FhirView, get_base_url


class MetadataView(FhirView):
    """The CapabilityStatement."""

    is_public = True

    def get(self, request: HttpRequest) -> HttpResponseBase:
        token_url = request.build_absolute_uri(reverse("fhir:token"))
        return tagged_response(request, build_capability_statement(get_base_url(request), token_url))
