"""Which columns may a results file have? One table; docs/load-results.md and the form for parked rows come from it."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exchange.problems import Unusable


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, whether each file must have it, what it holds, and the most characters it may hold."""

    name: str
    required: bool
    description: Any
    longest: int


def _must(name: str, description: Any, longest: int = 60) -> Column:
    return Column(name, True, description, longest)


def _may(name: str, description: Any, longest: int = 200) -> Column:
    return Column(name, False, description, longest)


_t = gettext_lazy

COLUMNS: tuple[Column, ...] = (
    _must("mrn", _t("Record number of the patient.")),
    _must("family_name", _t("Family name, up to 200 characters."), 200),
    _must("given_name", _t("Given name, up to 200 characters."), 200),
    _must("birth_date", _t("Birth date with a four-digit year.")),
    _must("accession", _t("Number of the exam, unique at the site.")),
    _must("exam_date", _t("Day of the screening exam.")),
    _must("assessment", _t("Overall BI-RADS result, as number or words: 0-AI, 0-PRIOR, 1 to 5, 4A to 4C, MP."), 4000),
    _may("site", _t("Code of the site. Needed in each row unless the command names the site.")),
    _may("assigning_authority", _t("Who gave out the record number. Empty: the site's own."), 60),
    _may("middle_name", _t("Middle name.")),
    _may("preferred_name", _t("The name the patient wants to be called by.")),
    _may("sex", _t("F, M, O (other) or U (not said).")),
    _may(
        "language", _t("Language to write and speak to the patient in: en, es, eng, Spanish, or another language tag.")
    ),
    _may("interpreter_needed", _t("yes or no.")),
    _may("phone_mobile", _t("Mobile phone with area code.")),
    _may("phone_home", _t("Home phone with area code.")),
    _may("voicemail", _t("May a message be left: yes, no or ask.")),
    _may("sms_consent", _t("Agreed to text messages: yes or no. Empty: was not asked.")),
    _may("email", _t("Email address.")),
    _may("email_consent", _t("Agreed to email: yes or no. Empty: was not asked.")),
    _may("detail_consent", _t("Agreed to health details in email: yes or no. Empty: was not asked.")),
    _may("address_line", _t("Street and number.")),
    _may("city", _t("City."), 100),
    _may("state", _t("State."), 50),
    _may("postal_code", _t("ZIP code."), 20),
    _may("referrer_name", _t("Name of the referring provider. Empty: the patient was not referred.")),
    _may("referrer_npi", _t("NPI of the referring provider, ten digits.")),
    _may("referrer_email", _t("Email address of the referring provider.")),
    _may("reported_at", _t("Day, or day and time, of the report.")),
    _may("reader", _t("Radiologist who read the exam: NPI, user name or full name.")),
    _may("first_screen", _t("The patient's first screening: yes or no.")),
    _may("assessment_left", _t("Result of the left breast, written like the overall one."), 4000),
    _may("assessment_right", _t("Result of the right breast, written like the overall one."), 4000),
    _may("density", _t("Density a, b, c or d.")),
    _may("recall_kind", _t("finding, technical or clinical. Empty: finding.")),
    _may("findings", _t("kind:side or kind:side:place; several with a semicolon between them."), 4000),
    _may("comment", _t("Free text for the staff."), 20000),
)
COLUMN: dict[str, Column] = {column.name: column for column in COLUMNS}
REQUIRED = tuple(column.name for column in COLUMNS if column.required)


def check_header(header: Sequence[str], *, site_is_given: bool) -> None:
    """Raises Unusable, naming every column that is unknown, missing or there twice."""
    complaints = [_unknown(name) for name in header if name not in COLUMN]
    complaints += [
        _("The column “%(name)s” is there twice. Keep one of them.") % {"name": name}
        for name in sorted({name for name in header if header.count(name) > 1 and name in COLUMN})
    ]
    needed = REQUIRED if site_is_given else (*REQUIRED, "site")
    for name in needed:
        if name not in header:
            complaints.append(_("The column “%(name)s” is missing.") % {"name": name})
    if not site_is_given and "site" not in header:
        complaints.append(_("Add a “site” column, or name the site of all rows with --site CODE."))
    if complaints:
        raise Unusable(" ".join(complaints))


def _unknown(name: str) -> str:
    if not name.strip():
        return _("A column has no name. Name it or delete it.")
    near = difflib.get_close_matches(name.strip().lower().replace(" ", "_"), COLUMN, n=1, cutoff=0.5)
    words = {"name": name[:60], "near": near[0] if near else ""}
    if near:
        return _("The column “%(name)s” is unknown. Did you mean “%(near)s”?") % words
    return _("The column “%(name)s” is unknown. Delete it or give it one of the documented names.") % words
