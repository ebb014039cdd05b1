"""Errors that say what is wrong with a value or a row, so that a person knows what to correct."""

from dataclasses import dataclass

WHOLE_ROW = ""  # the column of a problem that no single column has


@dataclass(frozen=True, slots=True)
class Problem:
    """A column and a sentence that says what to mend; the sentence never repeats what stood there."""

    column: str
    message: str

    def as_json(self) -> dict[str, str]:
        return {"column": self.column, "message": self.message}


class InvalidValue(ValueError):
    """A value that cannot be read; `str()` is the sentence to show."""


class RowRejected(Exception):
    """A row that was read and must not go in by itself; its problems say why and what to do."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("; ".join(problem.message for problem in problems))


class UnusableFile(Exception):
    """A file of which nothing can be loaded; `str()` says why and what to do."""
