"""Errors that say what is wrong with a value or a row, so that a person knows what to correct."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

WHOLE_ROW = ""  # the column of a problem that no single column has


class Confirmation(models.TextChoices):
    """What a person may confirm of a row that could mix up two patients; a file can confirm nothing."""

    SAME_PATIENT = "same_patient", _("I have checked: it is the same patient, whose name has changed")
    OTHER_PATIENT = "other_patient", _("I have checked: this is another patient")


@dataclass(frozen=True, slots=True)
class Problem:
    """A column and a sentence that says what to mend; the sentence never repeats what stood there.

    `settled_by`: what a person may confirm instead of mending the cell.
    """

    column: str
    message: str
    settled_by: Confirmation | None = None

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {"column": self.column, "message": self.message}
        return told | ({"settled_by": self.settled_by.value} if self.settled_by else {})


class InvalidValue(ValueError):
    """A value that cannot be read; `str()` is the sentence to show."""


class RowRejected(Exception):
    """A row that was read and must not go in by itself; its problems say why and what to do."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("; ".join(problem.message for problem in problems))


class UnusableFile(Exception):
    """A file of which nothing can be loaded; `str()` says why and what to do."""
