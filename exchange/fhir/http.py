"""Reads JSON bodies within limits and writes answers as application/fhir+json."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NoReturn

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase

from exchange.fhir.outcome import FhirError, build_operation_outcome

FHIR_JSON = "application/fhir+json"
ANSWER_TYPES = (FHIR_JSON, "application/json")
FORM = "application/x-www-form-urlencoded"
_FORMATS = frozenset({"json", *ANSWER_TYPES})
MAX_BODY = 2_000_000  # bytes
MAX_DEPTH = 40  # of lists and objects within each other
MAX_DIGITS = 40  # of one number
_FHIR_VERSIONS = ("4.0", "4.0.1")


def json_response(
    resource: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    body = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
    return HttpResponse(body, status=status, content_type=f"{FHIR_JSON}; charset=utf-8", headers=headers)


def error_response(error: FhirError) -> HttpResponse:
    return json_response(build_operation_outcome(error.issues, error.status), error.status, error.headers)


def tagged_response(request: HttpRequest, resource: Mapping[str, Any]) -> HttpResponseBase:
    """The resource with an ETag over all it says; 304 to a client that has it already."""
    response = json_response(resource)
    tag = f'W/"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response.headers["ETag"] = tag
    known = [one.strip() for one in request.headers.get("If-None-Match", "").split(",")]
    if tag in known or "*" in known:
        return HttpResponseNotModified(headers={"ETag": tag})
    return response


def check_answer_type(request: HttpRequest, types: tuple[str, ...] = ANSWER_TYPES) -> None:
    """Raise FhirError 406 unless the client takes one of the types, of FHIR R4."""
    wanted = request.GET.get("_format", "").replace(" ", "+")  # a plus sign in an address is a space
    if wanted and wanted.partition(";")[0] not in _FORMATS:
        raise FhirError.of(406, "Only JSON is spoken here: _format=json.")
    if wanted:
        return
    accept = request.headers.get("Accept", "*/*")
    if "fhirVersion" in accept and not any(f"fhirVersion={version}" in accept for version in _FHIR_VERSIONS):
        raise FhirError.of(406, "Only FHIR version 4.0 is spoken here.")
    if request.get_preferred_type(list(types)) is None and not _accepts_with_parameters(accept):
        raise FhirError.of(406, "Only application/fhir+json is spoken here.")


def _accepts_with_parameters(accept: str) -> bool:
    """Whether one of our types is named with a parameter (charset, fhirVersion), which Django takes for another."""
    return any(part.partition(";")[0].strip() in ANSWER_TYPES for part in accept.split(","))


def check_content_type(request: HttpRequest, *allowed: str) -> None:
    """Raise FhirError 415 unless the body is of one of these types."""
    if request.content_type not in allowed:
        raise FhirError.of(415, f"Send the body as {allowed[0]}.")


def read_body(request: HttpRequest) -> bytes:
    """Raises FhirError 413 for one that is too long, 400 for one that broke off."""
    try:
        body = request.body
    except RequestDataTooBig:
        body = None
    except UnreadablePostError:
        raise FhirError.of(400, "The body broke off.") from None
    if body is None or len(body) > MAX_BODY:
        raise FhirError.of(413, f"The body is longer than {MAX_BODY} bytes.")
    return body


def read_json(request: HttpRequest) -> dict[str, Any]:
    """The body as an object. Raises FhirError 400, 413 or 415."""
    check_content_type(request, *ANSWER_TYPES)
    body = read_body(request)
    _check_depth(body)
    try:
        found = json.loads(
            body,
            parse_constant=_refuse_number,
            parse_int=_parse_int,
            parse_float=_parse_float,
            object_pairs_hook=_build_object,
        )
    except (ValueError, RecursionError):
        raise FhirError.of(400, "The body is not valid JSON.", code="structure") from None
    if not isinstance(found, dict):
        raise FhirError.of(400, "The body must be one resource.", code="structure")
    return found


def _check_depth(body: bytes) -> None:
    """Refuse nesting before the parser walks into it; brackets within texts are not counted."""
    depth, is_text, is_escaped = 0, False, False
    for byte in body:
        if is_text:
            is_text = is_escaped or byte != 0x22
            is_escaped = byte == 0x5C and not is_escaped
        elif byte == 0x22:
            is_text = True
        elif byte in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise FhirError.of(400, f"The body is nested deeper than {MAX_DEPTH} levels.", code="structure")
        elif byte in b"]}":
            depth -= 1


def _refuse_number(_text: str) -> NoReturn:
    raise ValueError


def _parse_int(text: str) -> int:
    return int(text) if len(text) <= MAX_DIGITS else _refuse_number(text)


def _parse_float(text: str) -> float:
    value = float(text) if len(text) <= MAX_DIGITS else _refuse_number(text)
    return value if abs(value) < 1e30 else _refuse_number(text)


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that stands twice would leave open which counts; half a character or a NUL is no text."""
    found = dict(pairs)
    if len(found) != len(pairs) or any(_is_no_text(value) for pair in pairs for value in pair):
        raise ValueError
    return found


def _is_no_text(value: Any) -> bool:
    if isinstance(value, list):
        return any(_is_no_text(one) for one in value)
    return isinstance(value, str) and any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value)
