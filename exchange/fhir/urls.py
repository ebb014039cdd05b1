"""Addresses of the FHIR interface; they hold numbers and names of resources only."""

from django.urls import path, re_path, register_converter
from django.urls.converters import StringConverter

from exchange.fhir.views.base import UnknownPathView
from exchange.fhir.views.export import ExportFileView, ExportStatusView, ExportView
from exchange.fhir.views.metadata import MetadataView
from exchange.fhir.views.read import EverythingView, PostedSearchView, ReadView
from exchange.fhir.views.scheduling import BookView, FindView, HoldView, SlotReadView, SlotSearchView
from exchange.fhir.views.token import SmartConfigurationView, TokenView
from exchange.fhir.views.write import BundleView, TypeView


class TypeConverter(StringConverter):
    """The name of a kind of resource."""

    regex = "[A-Z][A-Za-z]{1,40}"


class IdConverter(StringConverter):
    """A logical id, as FHIR allows it."""

    regex = r"[A-Za-z0-9\-.]{1,64}"


register_converter(TypeConverter, "fhirtype")
register_converter(IdConverter, "fhirid")

app_name = "fhir"
urlpatterns = [
    path("", BundleView.as_view(), name="bundle"),
    path("metadata", MetadataView.as_view(), name="metadata"),
    path("token", TokenView.as_view(), name="token"),
    path(".well-known/smart-configuration", SmartConfigurationView.as_view(), name="smart_configuration"),
    path("$export", ExportView.as_view(), name="export"),
    path("Patient/$export", ExportView.as_view(), name="patient_export"),
    path("$export/<uuid:key>", ExportStatusView.as_view(), name="export_status"),
    path("$export/<uuid:key>/<fhirtype:resource_type>.ndjson", ExportFileView.as_view(), name="export_file"),
    path("Appointment/$find", FindView.as_view(), name="find"),
    path("Appointment/$hold", HoldView.as_view(), name="hold"),
    path("Appointment/$book", BookView.as_view(), name="book"),
    path("Slot", SlotSearchView.as_view(), name="slots"),
    path("Slot/_search", SlotSearchView.as_view(), name="posted_slots"),
    path("Slot/<fhirid:logical_id>", SlotReadView.as_view(), name="slot"),
    path("<fhirtype:resource_type>", TypeView.as_view(), name="search"),
    path("<fhirtype:resource_type>/_search", PostedSearchView.as_view(), name="posted_search"),
    path("Patient/<fhirid:logical_id>/$everything", EverythingView.as_view(), name="everything"),
    path("<fhirtype:resource_type>/<fhirid:logical_id>", ReadView.as_view(), name="read"),
    re_path("^(?P<path>.*)$", UnknownPathView.as_view(), name="unknown"),
]
