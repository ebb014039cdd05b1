"""Search parameters that follow from more than one column, or from none."""

from dataclasses import dataclass

from django.db.models import Q

from exchange.fhir.resources.recommendation import REVOKED_REASONS
from exchange.fhir.search.filters import NOTHING, parse_pk
from patients.models import ContactPoint
from recalls.enums import ClosureReason, State

_OPEN = tuple(state for state in State if state not in (State.CLOSED, State.ON_HOLD))


@dataclass(frozen=True, slots=True)
class RequestStatusFilter:
    """The status of what stands for a recall; `draft` says whether waiting for prior images is one."""

    draft: bool
    kind: str = "token"

    def build(self, value: str) -> Q:
        closed = Q(state=State.CLOSED)
        ended = Q(closure_reason__in=REVOKED_REASONS)
        void = Q(closure_reason=ClosureReason.VOID)
        is_open = Q(state__in=[state for state in _OPEN if not self.draft or state != State.AWAITING_PRIORS])
        conditions = {
            "active": is_open,
            "in-progress": is_open,
            "on-hold": Q(state=State.ON_HOLD),
            "completed": closed & ~ended & ~void,
            "revoked": closed & ended,
            "cancelled": closed & ended,
            "entered-in-error": void,
            "inactive": closed,
        }
        if self.draft:
            conditions["draft"] = Q(state=State.AWAITING_PRIORS)
        return conditions.get(value.rpartition("|")[2], NOTHING)


@dataclass(frozen=True, slots=True)
class IsNullFilter:
    """A status that says whether a column is empty."""

    column: str
    when_null: str
    otherwise: str
    kind: str = "token"

    def build(self, value: str) -> Q:
        code = value.rpartition("|")[2]
        known = {self.when_null: True, self.otherwise: False}
        return Q(**{f"{self.column}__isnull": known[code]}) if code in known else NOTHING


@dataclass(frozen=True, slots=True)
class AlwaysFilter:
    """A parameter whose value is the same for every row of this kind."""

    codes: frozenset[str]
    kind: str = "token"

    def build(self, value: str) -> Q:
        return Q(pk__isnull=False) if value.rpartition("|")[2] in self.codes else NOTHING


@dataclass(frozen=True, slots=True)
class ContactValueFilter:
    """A phone number or email address of the patient, as it is stored."""

    kinds: tuple[str, ...]
    kind: str = "token"

    def build(self, value: str) -> Q:
        points = ContactPoint.objects.filter(kind__in=self.kinds, value__iexact=value.rpartition("|")[2])
        return Q(pk__in=points.values("patient"))


@dataclass(frozen=True, slots=True)
class RowNumberFilter:
    """The number that we gave."""

    system: str
    kind: str = "token"

    def build(self, value: str) -> Q:
        system, _bar, number = value.rpartition("|")
        return Q(pk=parse_pk(number)) if system in ("", self.system) and parse_pk(number) else NOTHING
