"""Command that writes docs/audit-measures.md from the definitions of the audit, or checks that it is current."""

from pathlib import Path

from desk.generated_page import GeneratedPageCommand
from reports.audit.definitions import (
    DIAGNOSTIC_MEASURES,
    KNOWN_CANCERS_NOTE,
    SCREENING_MEASURES,
    SMALL_DENOMINATOR,
    MeasureDefinition,
)

PAGE_PATH = Path("docs/audit-measures.md")
_INTRODUCTION = f"""# What the outcomes audit counts

Generated from `reports/audit/definitions.py` by `python manage.py audit_doc`; `make check` fails when it
is out of date.
The figures, the help on the page and this page come from the same table.

Each figure stands with its numerator, its denominator and an interval of 95 % (Wilson). Fewer than {SMALL_DENOMINATOR}
in the denominator are called small. Before the last window of a period is over its figures are called not mature. Where
no more negative than positive exams came in, the negative ones are missing and rates that need them are not given.

"""


class Command(GeneratedPageCommand):
    help = "Writes docs/audit-measures.md from the definitions; with --check, exits 1 when the page is out of date."

    page_path = PAGE_PATH
    command = "audit_doc"

    def build_page(self) -> str:
        return build_page()


def build_page() -> str:
    """The whole page as Markdown."""
    lines = [f"{_INTRODUCTION}{KNOWN_CANCERS_NOTE}", ""]
    for heading, measures in (("Screening", SCREENING_MEASURES), ("Diagnostic work-up", DIAGNOSTIC_MEASURES)):
        lines += [f"## {heading}", ""]
        for measure in measures:
            lines += _measure_lines(measure)
    return "\n".join(lines).rstrip() + "\n"


def _measure_lines(measure: MeasureDefinition) -> list[str]:
    unit = "per cent" if measure.per == 100 else f"per {measure.per:,}"
    facts = {
        "numerator": measure.numerator,
        "denominator": measure.denominator,
        "window": measure.window,
        "exclusions": measure.exclusions,
        "source": measure.source,
        "yardstick": measure.yardstick,
    }
    told = [f"- {name}: {words}" for name, words in facts.items() if str(words)]
    return [f"### {measure.label}", "", f"`{measure.name}`, {unit}", "", *told, ""]
