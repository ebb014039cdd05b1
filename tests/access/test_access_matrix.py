"""Holds for every address that each role at its own site gets what the tables of permissions say, so does whoever may
open it from another site and one of them from none, and that no answer is a fault or names another site's patient."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from tests.access.matrix.asking import Answer, ask
from tests.access.matrix.clinic import NAME_ELSEWHERE, NAME_HERE, MatrixClinic, make_clinic
from tests.access.matrix.people import ELSEWHERE, HERE, Person, make_people
from tests.access.matrix.routes import Route, all_routes
from tests.access.matrix.rows import expected, has_row, is_asked

ROUTES = all_routes()
OF_THE_ADMINISTRATION = [route for route in ROUTES if route.pattern.startswith("admin/")]


def test_every_address_has_a_row() -> None:
    assert [route.pattern for route in ROUTES if not has_row(route)] == []


@pytest.mark.django_db
@pytest.mark.long
@pytest.mark.parametrize("is_admin", [False, True], ids=["pages", "administration"])
def test_each_role_gets_at_each_address_what_the_tables_say(
    is_admin: bool, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND, settings.MAIL_INBOX_DIR = "notifications.backends.maildir.EmailBackend", tmp_path / "mail"
    settings.UPLOAD_DIR, settings.LETTER_DIR = tmp_path / "uploads", tmp_path / "letters"
    settings.FHIR_EXPORT_DIR = tmp_path / "exports"
    monkeypatch.setattr(logging.root.manager, "disable", logging.WARNING)  # only what a fault says is worth its time
    clinic = make_clinic()
    with time_machine.travel(timezone.now(), tick=False):  # on a slow machine too nobody's session ends meanwhile
        people = make_people(clinic.here, clinic.elsewhere)
        routes = [route for route in ROUTES if (route in OF_THE_ADMINISTRATION) == is_admin]
        wrong = [line for route in routes for line in _find_wrong_at(route, clinic, people)]
    assert not wrong, "\n".join(wrong)


def _find_wrong_at(route: Route, clinic: MatrixClinic, people: list[Person]) -> Iterator[str]:
    address, is_there = route.address(clinic.values_of(route)), clinic.row_of(route) is not None
    for person in people:
        if is_asked(route, person):
            for method, answer in ask(person, address).items():
                wanted = expected(route, person, method, is_there=is_there)
                yield from _find_wrong(route, answer, person, method, wanted)


def _find_wrong(route: Route, answer: Answer, person: Person, method: str, wanted: frozenset[str]) -> list[str]:
    who = f"{method} {route.name} by {person.role} {person.place}"
    wrong: list[str] = []
    if answer.outcome not in wanted:
        wrong.append(f"{who}: {answer.outcome} ({answer.status}), not {' or '.join(sorted(wanted))}")
    for name, place in ((NAME_HERE, HERE), (NAME_ELSEWHERE, ELSEWHERE)):
        if name in answer.words and person.place != place:
            wrong.append(f"{who}: names a patient of another site")
    return wrong
