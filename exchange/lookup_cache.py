"""Looks up the readers and finds or makes the referring providers that a file names, once for many rows."""

from dataclasses import dataclass, field

from clinic.models import Site, User
from exchange.row_parser import ResultRow
from exchange.value_parsers import normalize_text
from patients.models import ReferringProvider


@dataclass(slots=True)
class LookupCache:
    """What was looked up so far; `forget` after a rollback, since rows made in it are gone."""

    _readers: dict[int, dict[str, User | None]] = field(default_factory=dict)
    _referrers: dict[tuple[str, str], ReferringProvider] = field(default_factory=dict)

    def clear_referrers(self) -> None:
        self._referrers.clear()

    def get_reader(self, row: ResultRow) -> User | None:
        """The account of the reader by NPI, user name or full name; None where no or more than one account fits."""
        if not row.reader:
            return None
        if row.site.pk not in self._readers:
            self._readers[row.site.pk] = _staff_by_name(row.site)
        return self._readers[row.site.pk].get(normalize_text(row.reader))

    def get_referrer(self, row: ResultRow) -> ReferringProvider | None:
        """The provider by NPI, else by exact name; a new one is stored. None where the row names nobody."""
        if not row.referrer_npi and not row.referrer_name:
            return None
        key = (row.referrer_npi, "" if row.referrer_npi else row.referrer_name)
        if key not in self._referrers:
            self._referrers[key] = _get_or_create_referrer(row)
        return self._referrers[key]


def _staff_by_name(site: Site) -> dict[str, User | None]:
    names: dict[str, User | None] = {}
    for user in site.staff.all():
        spellings = {
            user.npi, user.get_username(), user.get_full_name(), f"{user.last_name}, {user.first_name}",
        }  # fmt: skip
        for name in {normalize_text(spelling) for spelling in spellings} - {""}:
            names[name] = None if name in names else user
    return names


def _get_or_create_referrer(row: ResultRow) -> ReferringProvider:
    known = ReferringProvider.objects.order_by("pk")
    found = known.filter(npi=row.referrer_npi) if row.referrer_npi else known.filter(name=row.referrer_name)
    email = row.referrer_email.value if row.referrer_email and not row.referrer_email.problem else ""
    return found.first() or ReferringProvider.objects.create(
        npi=row.referrer_npi, name=row.referrer_name or f"NPI {row.referrer_npi}", email=email
    )
