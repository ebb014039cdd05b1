"""Looks up the readers and finds or makes the referring providers that a file names, once for many rows."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q

from clinic.models import Site, User
from exchange.models import ReaderName
from exchange.parsing.value_parsers import normalize_text
from exchange.row_parser import ResultRow
from patients.models import ReferringProvider
from recalls.models import ScreeningExam


@dataclass(slots=True)
class LookupCache:
    """What was looked up so far; `forget` after a rollback, since rows made in it are gone."""

    _readers: dict[int, dict[str, User | None]] = field(default_factory=dict)
    _referrers: dict[tuple[str, str], ReferringProvider] = field(default_factory=dict)

    def clear_referrers(self) -> None:
        self._referrers.clear()

    def get_reader(self, row: ResultRow) -> User | None:
        """The account by NPI, user name, full or other name; None where no or more than one account fits."""
        if not row.reader:
            return None
        if row.site.pk not in self._readers:
            self._readers[row.site.pk] = staff_by_name(row.site)
        return self._readers[row.site.pk].get(normalize_text(row.reader))

    def find_referrers(self, rows: Iterable[ResultRow]) -> None:
        """Look up whom `get_referrer` will be asked for, in one query, none where all are known."""
        wanted = {key for row in rows if any(key := _referrer_key(row)) and key not in self._referrers}
        named = Q(npi__in={npi for npi, _name in wanted if npi}) | Q(name__in={name for _npi, name in wanted if name})
        # Of several the first that was stored counts, and stands last here.
        for provider in ReferringProvider.objects.filter(named).order_by("-pk") if wanted else ():
            for key in wanted & {(provider.npi, ""), ("", provider.name)}:
                self._referrers[key] = provider

    def get_referrer(self, row: ResultRow) -> ReferringProvider | None:
        """The provider by NPI, else by exact name; a new one is stored. None where the row names nobody."""
        key = _referrer_key(row)
        if not any(key):
            return None
        if key not in self._referrers:
            self._referrers[key] = _get_or_create_referrer(row)
        return self._referrers[key]


def _referrer_key(row: ResultRow) -> tuple[str, str]:
    """NPI, or name where there is none; both empty where the row names nobody."""
    return row.referrer_npi, "" if row.referrer_npi else row.referrer_name


def staff_by_name(site: Site) -> dict[str, User | None]:
    """Accounts by NPI, user name, full or other name, in normal form; None for a name that two have. Two queries."""
    names: dict[str, User | None] = {}
    others: dict[int, set[str]] = defaultdict(set)
    for user_id, name in ReaderName.objects.filter(user__sites=site).values_list("user", "name"):
        others[user_id].add(name)
    for user in site.staff.all():
        spellings = {
            user.npi, user.get_username(), user.get_full_name(), f"{user.last_name}, {user.first_name}",
            *others[user.pk],
        }  # fmt: skip
        for name in {normalize_text(spelling) for spelling in spellings} - {""}:
            names[name] = None if name in names else user
    return names


def link_exams(other: ReaderName) -> int:
    """Give the reader the exams that came in under this name at their sites and have no reader; their number."""
    if any(staff_by_name(site).get(normalize_text(other.name)) != other.user for site in other.user.sites.all()):
        return 0  # somebody else of a site has the name too
    nobodys = ScreeningExam.objects.filter(site__in=other.user.sites.all(), reader=None)
    return nobodys.filter(reader_name__iexact=other.name).update(reader=other.user)


def _get_or_create_referrer(row: ResultRow) -> ReferringProvider:
    known = ReferringProvider.objects.order_by("pk")
    found = known.filter(npi=row.referrer_npi) if row.referrer_npi else known.filter(name=row.referrer_name)
    email = row.referrer_email.value if row.referrer_email and not row.referrer_email.problem else ""
    return found.first() or ReferringProvider.objects.create(
        npi=row.referrer_npi, name=row.referrer_name or f"NPI {row.referrer_npi}", email=email
    )
