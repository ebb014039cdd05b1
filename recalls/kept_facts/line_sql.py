"""The SQL of the lines that a recall, exam, event or message adds to the numbers, in the words of both databases."""

from recalls.enums import State
from recalls.models.recall_facts import CONTACT_FLAGS

TABLE = "recalls_countline"
COLUMNS = "site_id, name, key, bucket, count, is_sum"
SECONDS_PER_HOUR = 3600
MESSAGES = "notifications_notification"
# The states of messages that are counted; this package knows no more of messages than their table.
COUNTED_MESSAGE_STATES = ("failed", "bounced", "suppressed")


def _hour(vendor: str, at: str) -> str:
    """The hour since 1970 in which an instant lies."""
    if vendor == "sqlite":
        return f"CAST(strftime('%s', {at}) AS integer) / {SECONDS_PER_HOUR}"
    return f"CAST(floor(extract(epoch FROM {at}) / {SECONDS_PER_HOUR}) AS integer)"


def _day(vendor: str, on: str) -> str:
    """The day since 1970."""
    return f"CAST(julianday({on}) - 2440587.5 AS integer)" if vendor == "sqlite" else f"({on} - DATE '1970-01-01')"


def _digits(row: str, *columns: str) -> str:
    return " || ".join(f"CASE WHEN {row}.{column} THEN '1' ELSE '0' END" for column in columns)


def recall_lines(vendor: str, row: str, sign: int, table: str = "") -> str:
    """What one row of facts counts for: an open recall by state and filters and by its instants; a reader's recall."""
    is_open = f"{row}.state <> '{State.CLOSED}'"
    earlier = "min" if vendor == "sqlite" else "LEAST"
    first = f"{earlier}({row}.due_at, COALESCE({row}.target_at, {row}.due_at))"
    flags = _digits(row, *CONTACT_FLAGS)
    lines = [
        (f"{row}.site_id", "'open'", f"{row}.state || '|' || {row}.language || '|' || {flags}", "0", is_open),
        *(
            (f"{row}.site_id", f"'{name}'", f"{row}.state", _hour(vendor, at), f"{is_open} AND {at} IS NOT NULL")
            for name, at in (
                ("opened", f"{row}.opened_at"),
                ("due", f"{row}.due_at"),
                ("target", f"{row}.target_at"),
                ("late", first),
            )
        ),
        (
            f"{row}.exam_site_id",
            f"'reader ' || {row}.reader_id",
            f"{row}.state || '|' || {row}.closure_reason || '|' || "
            + _digits(row, "later_round", "positive", "biopsy_advised", "has_tissue", "has_cancer"),
            _day(vendor, f"{row}.exam_date"),
            f"{row}.reader_id IS NOT NULL",
        ),
    ]
    return _union(lines, sign, table)


def exam_lines(vendor: str, row: str, sign: int, table: str = "") -> str:
    """An exam counts for its reader by day and assessment."""
    name, day = f"'exams ' || {row}.reader_id", _day(vendor, f"{row}.exam_date")
    return _union([(f"{row}.site_id", name, f"{row}.assessment", day, f"{row}.reader_id IS NOT NULL")], sign, table)


def move_lines(vendor: str, row: str, sign: int, table: str = "") -> str:
    """An event that moved its recall counts for the hour, at the recall's site."""
    site = f"(SELECT m.site_id FROM recalls_recall m WHERE m.id = {row}.recall_id)"
    key = f"{row}.step || '|' || {row}.from_state || '|' || {row}.to_state"
    return _union(
        [(site, "'move'", key, _hour(vendor, f"{row}.at"), f"{row}.from_state <> {row}.to_state")], sign, table
    )


def message_lines(vendor: str, row: str, sign: int, table: str = "") -> str:
    """A message that did not get through counts for the hour in which it was due, at its recall's site."""
    site = f"(SELECT m.site_id FROM recalls_recall m WHERE m.id = {row}.recall_id)"
    hour = _hour(vendor, f"{row}.due_at")
    return _union([(site, "'message'", f"{row}.state", hour, is_counted_message(row))], sign, table)


def is_counted_message(row: str) -> str:
    states = ", ".join(f"'{state}'" for state in COUNTED_MESSAGE_STATES)
    return f"{row}.state IN ({states})"


def _union(lines: list[tuple[str, str, str, str, str]], sign: int, table: str = "") -> str:
    source = f"FROM {table} " if table else ""
    return " UNION ALL ".join(
        f"SELECT {site} AS site_id, {name} AS name, {key} AS key, {bucket} AS bucket, {sign} AS count "
        f"{source}WHERE {condition}"
        for site, name, key, bucket, condition in lines
    )


def add_lines(*parts: str) -> str:
    """Add what the parts come to; what did not change adds nothing."""
    return (
        f"INSERT INTO {TABLE} ({COLUMNS}) SELECT site_id, name, key, bucket, sum(count), FALSE "
        f"FROM ({' UNION ALL '.join(parts)}) x GROUP BY site_id, name, key, bucket HAVING sum(count) <> 0"
    )
