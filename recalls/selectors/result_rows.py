"""Reads in one query what the results of a recall left: lesions, tissue, what was told, referrals, requests."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Model, QuerySet

from clinic.models import User
from clinic.queries.prepared import PreparedQuery
from clinic.union_fetch import as_union, build_instances, set_prefetched
from recalls.models import (
    Biopsy,
    Concordance,
    Lesion,
    LesionAssessment,
    PathologyResult,
    Recall,
    Referral,
    Refusal,
    ReportRequest,
    ResultDisclosure,
    SignOffRequest,
)


def _rows_of(recall: int) -> "dict[str, QuerySet[Any]]":
    return {
        "lesions": Lesion.objects.filter(recall=recall),
        "assessments": LesionAssessment.objects.filter(lesion__recall=recall),
        "biopsies": Biopsy.objects.filter(recall=recall),
        "pathology_results": PathologyResult.objects.filter(recall=recall),
        "concordances": Concordance.objects.filter(recall=recall),
        "referrals": Referral.objects.filter(recall=recall),
        "disclosures": ResultDisclosure.objects.filter(recall=recall),
        "refusals": Refusal.objects.filter(recall=recall),
        "report_requests": ReportRequest.objects.filter(recall=recall),
        "sign_off_requests": SignOffRequest.objects.filter(recall=recall),
        "people": User.objects.filter(pk__in=SignOffRequest.objects.filter(recall=recall).values("requested_by")),
    }


def _build_query(*, recall: int) -> "QuerySet[Any, Any]":
    return as_union(**_rows_of(recall))


_MODELS: dict[str, type[Model]] = {name: rows.model for name, rows in _rows_of(0).items()}
_QUERY = PreparedQuery(_build_query)


def load_result_rows(recall: Recall) -> None:
    """Fill the recall's relations as if they had been prefetched; one query, also where there is nothing.

    A prefetch of lesions and of their own rows would take more queries for a recall that has some.
    """
    found = build_instances(_QUERY.rows(recall=recall.pk), _MODELS)
    assessments, people = found.pop("assessments"), {person.pk: person for person in found.pop("people")}
    for request in found["sign_off_requests"]:
        request.requested_by = people[request.requested_by_id]
    _join_lesions(found, assessments)
    set_prefetched(recall, **found)


def _join_lesions(found: dict[str, list[Any]], assessments: Iterable[LesionAssessment]) -> None:
    signed = {row.pathology_id: row for row in found["concordances"]}
    for row in found["pathology_results"]:
        row._state.fields_cache["concordance"] = signed.get(row.pk)
    of_lesion = {
        "assessments": _by_lesion(assessments),
        "biopsies": _by_lesion(found["biopsies"]),
        "pathology_results": _by_lesion(found["pathology_results"]),
    }
    for lesion in found["lesions"]:
        set_prefetched(lesion, **{name: rows[lesion.pk] for name, rows in of_lesion.items()})


def _by_lesion(rows: Iterable[Any]) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row.lesion_id].append(row)
    return grouped
