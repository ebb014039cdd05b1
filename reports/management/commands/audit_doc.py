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


# What was published, as it is printed, and where it stands here.
_PUBLISHED = (
    ("BCSC screening 2002 to 2006", "recall 10.0, PPV1 4.1, PPV2 23.6, PPV3 28.9 %", "the same"),
    (
        "BCSC diagnostic 1996 to 2005, for each of four reasons and all",
        "AIR 9.6, PPV1 31.2, PPV2 31.1, PPV3 36.5 % (all)",
        "the same, by *Reason for the work-up*",
    ),
    ("BCSC 2012 to 2020", "recall 8.8 %, of first screenings 21.3 %", "the same, by *First or later screening*"),
    (
        "Lehman 2017",
        "AIR 11.6, sensitivity 86.9, specificity 88.9, PPV1 4.4, PPV2 25.6, PPV3 28.6 %; CDR 5.1, false negatives 0.8",
        "the same",
    ),
    ("Sprague 2017, diagnostic", "AIR 12.6 %, CDR 34.7, PPV2 27.5, PPV3 30.4 %", "the same"),
    ("Lacson 2019, category 3 in time", "74.5 % (1,125 of 1,511)", "*Category 3: return at 6 months*"),
    ("Giess 2024, category 3 by 15 months", "76.7 % (6,778 of 8,834)", "*Category 3: return within 15 months*"),
    (
        "National Mammography Database, category 3",
        "72.5 % at 6, 72.1 % at 12 months",
        "*Category 3: return at 6 months*, *at 12 months*",
    ),
    ("Platt 2022, a 0 that never returned", "19.9 % (904 of 4,552)", "*Never came*"),
    (
        "Johns Hopkins, before and after phoning",
        "73.1, 87.6, 90.0 % within 60 days; median 28, 15, 9 days",
        "*Result to resolution within 60 days*",
    ),
)
_NOT_EXPRESSED = (
    "Platt's 76.7 % within 60 days and medians of 20 and 176 days are of the 3,648 who came. A share of those who "
    "came forgets who still waits, so the pages give the share of all: 61.5 % of 4,552.",
    "Averages in business days (NQMBC, NAPBC): the pages give medians and 90th centiles of calendar days.",
    "Recall after a gap of five years (15.1 %), the yield of category 3 at 6 months (1.45 %), category 3 on MRI, "
    "cumulative recall over ten years, the share of readers within a range, and visits that prior images made "
    "needless have no measure.",
    "NHS: the first date that was *offered* (98 % within three weeks) is not kept, only dates that were booked; "
    "recalls for a symptom alone (0.26 %) are no measure of their own.",
    "HEDIS and the eCQM exclude by codes of claims (hospice, mastectomy), which no result says; ages, days and "
    "assessments are as they ask, and resolution is stricter than HEDIS's first follow-up.",
)
_ABOUT_PUBLISHED = """## Published tables

The tests load the counts of published tables through the ordinary models and compare what the pages print, to the
printed digit. Rates are rounded half up (1 of 80 is 1.3 %), as such tables are, never to the even digit.
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
    lines += [_ABOUT_PUBLISHED, "| published | printed | here |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in _PUBLISHED]
    lines += ["", "Not expressed, and why:", "", *(f"- {words}" for words in _NOT_EXPRESSED)]
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
