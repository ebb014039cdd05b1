"""Measures the search page with 10,000 and with 1,000,000 patients.

Two databases of one PostgreSQL server, filled by SQL with names as skewed as real ones (the commonest given name is one
patient in ten), and each kind of search asked for in turns, so that both sizes meet the same noise. Prints the median
milliseconds on the server for each size, the ratio and the number of queries. `EXPLAIN=1` also prints the plans;
SIZES=1000,20000 and ROUNDS=50 change the run.
"""

import os
import random
import statistics
import sys
import time
from typing import Any

from bench.desk_pages import configured_database, use_database

SIZES = tuple(int(size) for size in os.environ.get("SIZES", "10000,1000000").split(","))
ROUNDS = int(os.environ.get("ROUNDS", "20"))
MAX_QUERIES = 12  # the session, the person, the page around it, and six for the search
# What is typed; the sample patient has the number in the middle of the table.
SEARCHES = {
    "family name, common": "{family}",
    "given name, common": "{common}",
    "both, in the other order": "{given} {family}",
    "second family name": "{second}",
    "two common names": "{common} {common_family}",
    "two beginnings": "{given:.3} {family:.4}",
    "one slip": "{slip}",
    "one slip and a name": "{common} {slip}",
    "nobody has it": "zzyzx qqqwx",
    "last four digits": "{phone:.4}",
    "name and last four": "{given} {phone:.4}",
    "whole phone": "{whole_phone}",
    "email": "{email}",
    "birth date": "{born}",
    "record number": "{mrn}",
}
_FILL = """
INSERT INTO patients_patient (site_id, mrn, family_name, given_name, birth_date, {patient_columns})
SELECT %(site)s, 'B' || lpad(n::text, 7, '0'),
    (%(families)s::text[])[1 + floor(4000 * power(random(), 3))::int] || '-'
        || (%(families)s::text[])[1 + floor(4000 * random())::int],
    (%(givens)s::text[])[1 + floor(1000 * power(random(), 3))::int],
    date '1940-01-01' + (n * 37 %% 18000), {patient_values}
FROM generate_series(1, %(count)s) AS n;
INSERT INTO patients_contactpoint (patient_id, kind, value, unusable, changed_at)
SELECT id, 'mobile', '+1412' || lpad((id * 7919 %% 10000000)::text, 7, '0'), '', now() FROM patients_patient
UNION ALL SELECT id, 'email', 'p' || id || '@example.org', '', now() FROM patients_patient;
INSERT INTO patients_searchterm (record_id, patient_id, kind, term)
SELECT id, id, 'name', given_name FROM patients_patient
UNION SELECT id, id, 'name', split_part(family_name, '-', 1) FROM patients_patient
UNION SELECT id, id, 'name', split_part(family_name, '-', 2) FROM patients_patient
UNION SELECT id, id, 'name', replace(family_name, '-', '') FROM patients_patient
UNION SELECT id, id, 'mrn', lower(mrn) FROM patients_patient
UNION SELECT patient_id, patient_id, 'phone', reverse(substr(value, 2)) FROM patients_contactpoint WHERE kind = 'mobile'
UNION SELECT patient_id, patient_id, 'email', value FROM patients_contactpoint WHERE kind = 'email';
INSERT INTO recalls_screeningexam (site_id, patient_id, accession, exam_date, assessment, {exam_columns})
SELECT site_id, id, 'A' || mrn, date '2026-11-01', '1', {exam_values} FROM patients_patient;
"""


def fill(count: int) -> dict[str, str]:
    """A clinic of that many screened patients; what may be typed to find the one in the middle."""
    from django.db import connection

    from clinic.factories import SiteFactory, UserFactory
    from clinic.roles import Role
    from patients.models import Patient
    from recalls.models import ScreeningExam

    site = SiteFactory.create(code="BENCH")
    UserFactory.create(username="searcher", role=Role.SCHEDULER, sites=[site])
    chance = random.Random(5)
    families, givens = _invented_names(chance, 4000), _invented_names(chance, 1000)
    columns = {
        f"{name}_{part}": ", ".join(words)
        for name, required in (("patient", _required_columns(Patient)), ("exam", _required_columns(ScreeningExam)))
        for part, words in (("columns", required), ("values", required.values()))
    }
    sql = _FILL.format(**columns)
    with connection.cursor() as cursor:
        cursor.execute(sql, {"site": site.pk, "families": families, "givens": givens, "count": count})
        cursor.execute("VACUUM ANALYZE")
    patient = Patient.objects.order_by("pk")[count // 2]
    first, second = patient.family_name.split("-")
    phone = patient.contact_points.get(kind="mobile").value
    return {
        "family": first, "second": second, "given": patient.given_name, "common": givens[0],
        "common_family": families[0], "slip": first[:2] + first[3:], "phone": phone[-4:],
        "whole_phone": phone[2:], "email": f"p{patient.pk}@example.org", "born": f"{patient.birth_date}",
        "mrn": patient.mrn,
    }  # fmt: skip


def _invented_names(chance: random.Random, count: int) -> list[str]:
    starts, ends = "bdfgjklmnprstvz", ("a", "e", "i", "o", "u", "al", "en", "is", "or")
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(chance.choice(starts) + chance.choice(ends) for _syllable in range(chance.randint(3, 4)))] = None
    return list(made)


def _required_columns(model: Any) -> dict[str, str]:
    """Every other column that may not be empty, with a value for it in SQL."""
    known = {
        "id", "site_id", "patient_id", "accession", "exam_date", "assessment", "mrn", "family_name", "given_name",
        "birth_date",
    }  # fmt: skip
    plain = dict.fromkeys(("CharField", "TextField"), "''") | {"BooleanField": "false", "DateTimeField": "now()"}
    fields = [field for field in model._meta.concrete_fields if not field.null and field.column not in known]
    return {field.column: plain.get(field.get_internal_type(), "0") for field in fields}


class Searcher:
    """A scheduler's browser in one of the databases."""

    def __init__(self, name: str, words: dict[str, str]) -> None:
        from django.test import Client

        from clinic.models import User

        self.name, self.words = name, words
        use_database(name)
        self.browser = Client(SERVER_NAME="localhost")
        self.browser.force_login(User.objects.get(username="searcher"))

    def ask(self, typed: str) -> None:
        use_database(self.name)
        self.browser.post("/search/", {"q": typed.format(**self.words)})
        self.time_page()

    def time_page(self) -> float:
        """Milliseconds from the request to the whole page."""
        started = time.perf_counter()
        answer = self.browser.get("/search/")
        assert answer.status_code == 200
        return (time.perf_counter() - started) * 1000

    def count_queries(self) -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as taken:
            self.time_page()
        if os.environ.get("EXPLAIN"):
            for query in taken:
                if "searchterm" in query["sql"]:
                    with connection.cursor() as cursor:
                        cursor.execute("EXPLAIN (ANALYZE, COSTS OFF) " + query["sql"])
                        print("\n".join(str(line[0])[:160] for line in cursor.fetchall()), "\n")
        return len(taken)


def build(count: int) -> Searcher:
    from django.core.management import call_command
    from django.db import connection

    started = time.perf_counter()
    name, home = f"search_{count}", connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    use_database(name)
    call_command("migrate", verbosity=0)
    words = fill(count)
    use_database(home)
    print(f"{count} patients written in {time.perf_counter() - started:.0f} s", flush=True)
    return Searcher(name, words)


def main() -> int:
    with configured_database():
        from django.db import connection

        if connection.vendor != "postgresql":
            print("This measurement needs PostgreSQL.")
            return 0
        searchers = [build(count) for count in SIZES]
        heads = "".join(f"{size:>12,}" for size in SIZES)
        print(f"median milliseconds of {ROUNDS}\n{'searched by':30}{heads}{'ratio':>8}{'queries':>9}")
        most = 0
        for name, typed in SEARCHES.items():
            taken: list[list[float]] = [[] for _searcher in searchers]
            queries = 0
            for _round in range(max(ROUNDS // 5, 1)):
                for times, searcher in zip(taken, searchers, strict=True):
                    searcher.ask(typed)
                    times += [searcher.time_page() for _time in range(5)]
                    queries = max(queries, searcher.count_queries() if _round == 0 else 0)
            medians = [statistics.median(times) for times in taken]
            shown = "".join(f"{ms:12.1f}" for ms in medians)
            print(f"{name:30}{shown}{medians[-1] / medians[0]:8.2f}{queries:9d}", flush=True)
            most = max(most, queries)
        print(f"budget: {MAX_QUERIES} queries whatever the size; most: {most}")
        return 1 if most > MAX_QUERIES else 0


if __name__ == "__main__":
    sys.exit(main())
