"""What is in the CSV file of a chart? The same cells as in its table, safe to open in a spreadsheet."""

import csv
from io import StringIO

from django.http import HttpResponse

from reports.charts import Chart

# A cell that begins with one of these is read as a formula by spreadsheets (OWASP: CSV injection).
_FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\n")


def escape_formula(words: str) -> str:
    """The words as a spreadsheet shows them: what looks like a formula, and is no plain number, gets an apostrophe."""
    if words.removeprefix("-").isdecimal():
        return words
    return f"'{words}" if words.startswith(_FORMULA_PREFIXES) else words


def format_chart_csv(chart: Chart) -> str:
    file = StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerows([escape_formula(cell) for cell in row] for row in (chart.header, *chart.rows))
    return file.getvalue()


def chart_csv_response(chart: Chart) -> HttpResponse:
    """UTF-8 with a byte order mark, without which Excel reads accents wrongly."""
    answer = HttpResponse("\ufeff" + format_chart_csv(chart), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{chart.name}.csv"'
    return answer
