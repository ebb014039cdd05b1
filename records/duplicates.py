"""Finds records that may be of one person: proposed to people, never joined by themselves."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q

from clinic.actors import Actor, actor_for
from clinic.models import User
from patients.models import DifferentPeople, Patient
from recalls.selectors.patients import patients_of

PAGE_SIZE = 100  # records looked at for one page of proposals


def find_duplicates(user: User, patients: Iterable[Patient]) -> dict[int, list[Patient]]:
    """By record number those that look like the same person: same birth date, and same name, phone or email.

    Three queries, whatever the number of records. Merged records and pairs known to be two people are left out.
    """
    asked = [patient for patient in patients if patient.merged_into_id is None]
    born = {patient.birth_date for patient in asked}
    rows = patients_of(user).filter(birth_date__in=born, merged_into=None)
    by_birth_date: dict[object, list[Patient]] = defaultdict(list)
    for row in rows.select_related("site").prefetch_related("contact_points").order_by("pk"):
        by_birth_date[row.birth_date].append(row)
    different = _different_pairs(asked)
    known = {row.pk: row for candidates in by_birth_date.values() for row in candidates}
    return {
        patient.pk: found
        for patient in asked
        if patient.pk in known
        and (
            found := [
                other
                for other in by_birth_date[patient.birth_date]
                if other.pk != patient.pk
                and _ordered(patient, other) not in different
                and _looks_same(known[patient.pk], other)
            ]
        )
    }


@transaction.atomic
def mark_different(first: Patient, second: Patient, *, by: User | Actor) -> None:
    """Two people who look alike: the pair is not proposed again. Marked twice it is marked once."""
    actor, pair = actor_for(by), sorted((first, second), key=lambda patient: patient.pk)
    said = {"by": actor.name, "user": actor.user}
    DifferentPeople.objects.get_or_create(first=pair[0], second=pair[1], defaults=said)


def fold_name(text: str) -> str:
    """A name without accents, case, spaces and signs: "O'Sample-Núñez" is "osamplenunez"."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in plain if character.isalnum())


def _looks_same(one: Patient, other: Patient) -> bool:
    names = [(fold_name(row.family_name), fold_name(row.given_name)) for row in (one, other)]
    if names[0] == names[1]:
        return True
    points = [{point.value.lower() for point in row.contact_points.all()} for row in (one, other)]
    return bool(points[0] & points[1])


def _different_pairs(patients: list[Patient]) -> set[tuple[int, int]]:
    rows = DifferentPeople.objects.filter(Q(first__in=patients) | Q(second__in=patients))
    return set(rows.values_list("first_id", "second_id"))


def _ordered(one: Patient, other: Patient) -> tuple[int, int]:
    return min(one.pk, other.pk), max(one.pk, other.pk)
