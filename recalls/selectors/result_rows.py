"""Reads in one query what the results of a recall left: lesions, tissue, what was told, referrals, requests."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from clinic.models import User
from clinic.union_fetch import fetch_union, set_prefetched
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


def load_result_rows(recall: Recall) -> None:
    """Fill the recall's relations as if they had been prefetched; one query, also where there is nothing.

    A prefetch of lesions and of their own rows would take more queries for a recall that has some.
    """
    pk = recall.pk
    found = fetch_union(
        lesions=Lesion.objects.filter(recall=pk),
        assessments=LesionAssessment.objects.filter(lesion__recall=pk),
        biopsies=Biopsy.objects.filter(recall=pk),
        pathology_results=PathologyResult.objects.filter(recall=pk),
        concordances=Concordance.objects.filter(recall=pk),
        referrals=Referral.objects.filter(recall=pk),
        disclosures=ResultDisclosure.objects.filter(recall=pk),
        refusals=Refusal.objects.filter(recall=pk),
        report_requests=ReportRequest.objects.filter(recall=pk),
        sign_off_requests=SignOffRequest.objects.filter(recall=pk),
        people=User.objects.filter(pk__in=SignOffRequest.objects.filter(recall=pk).values("requested_by")),
    )
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
