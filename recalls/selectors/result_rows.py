"""Reads in one query what the results of a recall left, and what stands in the way of a visit."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Model, Q, QuerySet

from clinic.models import User
from clinic.queries.prepared import PreparedQuery
from clinic.union_fetch import as_union, build_instances, set_prefetched, set_related
from recalls.models import (
    Barrier,
    BarrierHelp,
    BarrierResource,
    Biopsy,
    Concordance,
    Lesion,
    LesionAssessment,
    NavigatorCase,
    PathologyResult,
    Recall,
    Referral,
    ReferralRetraction,
    Refusal,
    ReportRequest,
    ResultDisclosure,
    SignOffRequest,
)


def _rows_of(recall: int, site: int) -> "dict[str, QuerySet[Any]]":
    cases = NavigatorCase.objects.filter(recall=recall, ended_at=None)
    signed = SignOffRequest.objects.filter(recall=recall)
    return {
        "lesions": Lesion.objects.filter(recall=recall),
        "assessments": LesionAssessment.objects.filter(lesion__recall=recall),
        "biopsies": Biopsy.objects.filter(recall=recall),
        "pathology_results": PathologyResult.objects.filter(recall=recall),
        "concordances": Concordance.objects.filter(recall=recall),
        "hand_overs": Referral.all_objects.filter(recall=recall),
        "not_kept": ReferralRetraction.objects.filter(referral__recall=recall),
        "disclosures": ResultDisclosure.objects.filter(recall=recall),
        "refusals": Refusal.objects.filter(recall=recall),
        "report_requests": ReportRequest.objects.filter(recall=recall),
        "sign_off_requests": signed,
        "barriers": Barrier.objects.filter(recall=recall),
        "barrier_helps": BarrierHelp.objects.filter(barrier__recall=recall),
        "barrier_resources": BarrierResource.objects.filter(site=site, in_use=True, reviewed_on__isnull=False),
        "navigator_cases": cases,
        "people": User.objects.filter(Q(pk__in=signed.values("requested_by")) | Q(pk__in=cases.values("navigator"))),
    }


def _build_query(*, recall: int, site: int) -> "QuerySet[Any, Any]":
    return as_union(**_rows_of(recall, site))


_MODELS: dict[str, type[Model]] = {name: rows.model for name, rows in _rows_of(0, 0).items()}
_QUERY = PreparedQuery(_build_query)


def load_result_rows(recall: Recall) -> None:
    """Fill the recall's relations as if they had been prefetched; one query, also where there is nothing.

    A prefetch of lesions and of their own rows would take more queries for a recall that has some.
    """
    found = build_instances(_QUERY.rows(recall=recall.pk, site=recall.site_id), _MODELS)
    assessments, people = found.pop("assessments"), {person.pk: person for person in found.pop("people")}
    for request in found["sign_off_requests"]:
        request.requested_by = people[request.requested_by_id]
    for case in found["navigator_cases"]:
        case.navigator = people[case.navigator_id]
    recall.resources_of_site = found.pop("barrier_resources")  # type: ignore[attr-defined]
    _join_helps(found["barriers"], found.pop("barrier_helps"))
    _join_lesions(found, assessments)
    recall.hand_overs = found.pop("hand_overs")  # type: ignore[attr-defined]
    found["referrals"] = _standing_referrals(recall.hand_overs, found.pop("not_kept"))  # type: ignore[attr-defined]
    set_prefetched(recall, **found)


def _standing_referrals(hand_overs: list[Referral], retractions: list[ReferralRetraction]) -> list[Referral]:
    """Join to each the row that says that the patient was not seen there; those that have none."""
    not_kept = {row.referral_id: row for row in retractions}
    for row in hand_overs:
        set_related(row, "not_kept", not_kept.get(row.pk))
    return [row for row in hand_overs if row.pk not in not_kept]


def _join_helps(barriers: Iterable[Barrier], helps: Iterable[BarrierHelp]) -> None:
    of_barrier: dict[int, list[BarrierHelp]] = defaultdict(list)
    for one in helps:
        of_barrier[one.barrier_id].append(one)
    for barrier in barriers:
        set_prefetched(barrier, helps=of_barrier[barrier.pk])


def _join_lesions(found: dict[str, list[Any]], assessments: Iterable[LesionAssessment]) -> None:
    signed = {row.pathology_id: row for row in found["concordances"]}
    for row in found["pathology_results"]:
        set_related(row, "concordance", signed.get(row.pk))
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
