"""The month as a PDF for the clinic's meeting: waits, who waits longer, and the outcomes of the last year."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta

from django.utils.translation import gettext as _

from clinic.models import Site
from reports.audit.documents import build_document
from reports.audit.equity.documents import build_equity_document
from reports.audit.equity.figures import compute_equity
from reports.audit.figures import compute_audit
from reports.audit.files.pdf import audit_tables, outlier_table, render_report, wait_table
from reports.audit.scope import EQUITY_BREAKDOWNS, AuditScope, Breakdown
from reports.audit.waits.documents import build_wait_document
from reports.audit.waits.figures import compute_waits


def render_month(sites: Sequence[Site], first: date, today: date) -> bytes:
    """Recalls opened in the month that begins with `first`; screenings of the twelve months that end with it."""
    last = first.replace(day=monthrange(first.year, first.month)[1])
    month = AuditScope(tuple(sites), first, last)
    year = AuditScope(tuple(sites), last - timedelta(days=364), last)
    waits = build_wait_document(compute_waits(month, Breakdown.ALL, today), month, Breakdown.ALL, today)
    compared = [build_equity_document(compute_equity(month, by, today), month, by, today) for by in EQUITY_BREAKDOWNS]
    outcomes = build_document(compute_audit(year, Breakdown.ALL, today), today)
    names = ", ".join(site.name for site in sites)
    title = _("Recalls of %(month)s: %(sites)s") % {"month": f"{first:%Y-%m}", "sites": names}
    return render_report(
        title,
        [*_headline(waits), outcomes["note"]],
        [wait_table(waits), outlier_table(compared), *audit_tables(outcomes)],
    )


def _headline(waits: dict[str, list[dict[str, object]]]) -> list[str]:
    if not waits["groups"]:
        return [_("No recall was opened in this month.")]
    everybody = waits["groups"][0]
    return [
        _("Called by the end of the next business day: %(part)s of %(whole)s.")
        % {"part": everybody["called_in_time"], "whole": everybody["to_call"]},
        _("Recalls opened: %(recalls)s; open still: %(open)s; lost: %(lost)s; declined: %(declined)s; elsewhere: "
          "%(elsewhere)s.") % everybody,
    ]  # fmt: skip
