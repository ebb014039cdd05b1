"""Loads a results file in parts, each in one transaction, and parks the rows that cannot be stored.

A crash leaves whole parts, never half a row; loading the file again completes it and changes nothing twice.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from django.db import DatabaseError, DataError, IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic.actors import INTAKE
from clinic.models import Site, SiteAlias
from exchange.batch_importer import BatchImporter, RowReport, RowResult
from exchange.csv_reader import Record
from exchange.errors import WHOLE_ROW, Confirmation, Problem
from exchange.lookup_cache import LookupCache
from exchange.models import ParkedRow, ResultFile
from exchange.overtaken_rows import settle_overtaken_rows
from exchange.patient_matching import CONSENT_SOURCE
from exchange.row_parser import ResultRow, get_row_site, parse_row
from recalls.actions import UserOrActor
from recalls.models import Recall

CHUNK_SIZE = 1_000  # rows in one transaction: some tenths of a second


def get_sites_by_code() -> dict[str, Site]:
    """Every site by its code and its former codes; one object for all rows, so that its calendar is read once."""
    sites = list(Site.objects.prefetch_related("aliases"))
    former = {alias.value: site for site in sites for alias in site.aliases.all() if alias.kind == SiteAlias.Kind.CODE}
    return former | {site.code: site for site in sites}


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """A record of the file as it was understood: a row, or what is wrong with it."""

    record: Record
    row: ResultRow | None
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Loader:
    """Loads the rows of one file; `site` is where rows belong that name none."""

    file: ResultFile
    sites: Mapping[str, Site]
    default_site: Site | None = None
    by: UserOrActor = INTAKE
    lookups: LookupCache = field(default_factory=LookupCache)
    source: str = ""  # how the consents of the rows are known; empty: from the file of this name

    def load(self, records: Iterable[Record]) -> Iterator[RowReport]:
        """What became of each row, in the file's order; a part is stored when its first outcome appears."""
        source = map(self._read, records)
        while part := list(islice(source, CHUNK_SIZE)):
            yield from self._load_chunk(part)

    def load_one(self, raw: Mapping[str, str], confirmed: frozenset[Confirmation] = frozenset()) -> RowReport:
        """One row by itself, which is not parked when it is refused; `confirmed` is what a person has confirmed."""
        read = self._read(Record(0, dict(raw)))
        try:
            with transaction.atomic():
                return self._import([read], confirmed)[0]
        except IntegrityError:  # a file with the same exam went in at this moment: the second try meets it
            self.lookups.clear_referrers()
        with transaction.atomic():
            return self._import([read], confirmed)[0]

    def _read(self, record: Record) -> ReadRecord:
        """Before the transaction, which keeps others waiting: nothing but the record itself is looked at."""
        found = list(record.problems) or parse_row(record.raw, self.sites, self.default_site)
        return ReadRecord(record, found) if isinstance(found, ResultRow) else ReadRecord(record, None, tuple(found))

    def _load_chunk(self, part: list[ReadRecord]) -> list[RowReport]:
        """Store a part at once; if the database refuses it (the same file is being loaded twice), row by row."""
        counts = self.file.counts
        try:
            with transaction.atomic():
                return self._import_and_park(part)
        except DatabaseError:
            self.lookups.clear_referrers()
            self.file.counts = counts
        return [self._load_single(read) for read in part]

    def _load_single(self, read: ReadRecord) -> RowReport:
        """The second try meets what another load has stored since; a row refused twice is parked."""
        for is_last in (False, True):
            try:
                with transaction.atomic():
                    return self._import_and_park([read])[0]
            except (IntegrityError, DataError):
                self.lookups.clear_referrers()
                if is_last:
                    return self._park_database_error(read.record)
        raise AssertionError("the second try returns")

    def _park_database_error(self, record: Record) -> RowReport:
        message = _("The database refused this row. Look for a record that contradicts it, then load it again.")
        broken = ReadRecord(record, None, (*record.problems, Problem(WHOLE_ROW, message)))
        with transaction.atomic():
            return self._import_and_park([broken])[0]

    def _import_and_park(self, part: list[ReadRecord]) -> list[RowReport]:
        outcomes = self._import(part, park=True)
        counts = Counter(self.file.counts) + Counter(outcome.result.value for outcome in outcomes)
        ResultFile.objects.filter(pk=self.file.pk).update(counts=dict(counts))
        self.file.counts = dict(counts)
        return outcomes

    def _import(
        self, part: list[ReadRecord], confirmed: frozenset[Confirmation] = frozenset(), *, park: bool = False
    ) -> list[RowReport]:
        rows = {read.record.line: read.row for read in part if read.row is not None}
        outcomes = {
            read.record.line: RowReport(
                read.record.line, _accession(read.record), RowResult.PARKED, problems=list(read.problems)
            )
            for read in part
            if read.row is None
        }
        for batch in split_into_batches(rows):
            outcomes |= BatchImporter(batch, self.lookups, self._source, self.by, confirmed).import_rows()
        arrived = [(read.record, outcomes[read.record.line]) for read in part]
        if park:
            self._park([(record, outcome) for record, outcome in arrived if outcome.result == RowResult.PARKED])
        settle_overtaken_rows(
            [(record.raw, outcome, partial(self._digest, record)) for record, outcome in arrived], self.file.pk
        )
        return [outcome for _record, outcome in arrived]

    def _park(self, refused: list[tuple[Record, RowReport]]) -> None:
        """Keep each refused row once; one that a person has mended since is told as what it became."""
        if not refused:
            return
        digests = {outcome.line: self._digest(record) for record, outcome in refused}
        ParkedRow.objects.bulk_create(
            (
                ParkedRow(
                    file=self.file,
                    line=record.line,
                    site=get_row_site(record.raw, self.sites, self.default_site),
                    accession=outcome.accession,
                    raw=record.raw,
                    problems=[problem.as_json() for problem in outcome.problems],
                    source_digest=digests[outcome.line],
                )
                for record, outcome in refused
            ),
            ignore_conflicts=True,
        )
        settled = (ParkedRow.State.REPLAYED, ParkedRow.State.OVERTAKEN)
        mended = ParkedRow.objects.filter(source_digest__in=digests.values(), state__in=settled)
        by_digest = {row.source_digest: row for row in mended.select_related("exam")}
        for _record, outcome in refused:
            row = by_digest.get(digests[outcome.line])
            if row is not None and row.exam is not None:
                recall = Recall.objects.filter(exam=row.exam).order_by("pk").last()
                outcome.result, outcome.exam = RowResult.UNCHANGED, row.exam
                outcome.state = recall.state if recall else None

    @property
    def _source(self) -> str:
        return self.source or f"{CONSENT_SOURCE} {self.file.name}"

    def _digest(self, record: Record) -> str:
        content = [self.default_site.pk if self.default_site else None, sorted(record.raw.items())]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _accession(record: Record) -> str:
    return record.raw.get("accession", "").strip()[:60]


def split_into_batches(rows: dict[int, ResultRow]) -> Iterator[dict[int, ResultRow]]:
    """The rows so that no batch holds a patient or an exam twice, and their order stays as in the file."""
    batches: dict[int, dict[int, ResultRow]] = defaultdict(dict)
    seen: Counter[tuple[object, ...]] = Counter()
    for line, row in rows.items():
        place = max(seen[row.patient_key], seen[row.exam_key])
        seen[row.patient_key] = seen[row.exam_key] = place + 1
        batches[place][line] = row
    return (batches[place] for place in sorted(batches))
