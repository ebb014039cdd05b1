"""The parts of `make bench` in their order, and what its short form makes smaller."""

from collections.abc import Mapping

# Each is a module with `measure()`, which gives its lines; it runs in a process of its own.
PARTS = (
    "bench.pages_at_size",
    "bench.bare_page",
    "bench.sweep_at_size",
    "bench.exports",
    "bench.audit_at_size",
    "bench.storage",
    "bench.load_results",
    "bench.delivery",
    "bench.post_office_comparison",
    "bench.hl7_intake",
    "bench.concurrent_moves",
    "bench.load.two_hosts",
    "bench.load.web_processes",
    "bench.load.schedulers_at_size",
)
# These need the databases of both sizes.
PARTS_AT_SIZE = frozenset({
    "bench.pages_at_size", "bench.bare_page", "bench.sweep_at_size", "bench.exports", "bench.storage",
    "bench.load.web_processes", "bench.load.schedulers_at_size",
})  # fmt: skip
SHORT_FORM: Mapping[str, str] = {
    "ROUNDS": "5",
    "SWEEP_ROUNDS": "2",
    "MESSAGES": "200",
    "TURNS": "1",
    "ROWS": "4000",
    "EXAMS": "100000",
    "MOVES_EACH": "2",
    "LOAD_USERS": "20",
    "LOAD_SECONDS": "20",
}
# MESSAGES means another number there.
SHORT_FORM_BY_PART: Mapping[str, Mapping[str, str]] = {
    "bench.sweep_at_size": {"MESSAGES": "50"},
    "bench.hl7_intake": {"MESSAGES": "1000"},
}


def settings_of(part: str, is_short: bool) -> dict[str, str]:
    return {**SHORT_FORM, **SHORT_FORM_BY_PART.get(part, {})} if is_short else {}
