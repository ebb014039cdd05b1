"""Defines the columns of a results file; docs/load-results.md and the form for parked rows come from it."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exchange.errors import UnusableFile


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """One column: its name, whether each file must have it, what it holds, and the most characters it may hold."""

    name: str
    required: bool
    description: Any
    max_length: int


def _required_column(name: str, description: Any, longest: int = 60) -> ResultColumn:
    return ResultColumn(name, True, description, longest)


def _optional_column(name: str, description: Any, longest: int = 200) -> ResultColumn:
    return ResultColumn(name, False, description, longest)


_t = gettext_lazy

COLUMNS: tuple[ResultColumn, ...] = (
    _required_column("mrn", _t("Record number of the patient.")),
    _required_column("family_name", _t("Family name, up to 200 characters."), 200),
    _required_column("given_name", _t("Given name, up to 200 characters."), 200),
    _required_column("birth_date", _t("Birth date with a four-digit year.")),
    _required_column("accession", _t("Number of the exam, unique at the site.")),
    _required_column("exam_date", _t("Day of the screening exam.")),
    _required_column(
        "assessment", _t("Overall BI-RADS result, as number or words: 0-AI, 0-PRIOR, 1 to 5, 4A to 4C, MP."), 4000
    ),
    _optional_column("site", _t("Code of the site. Needed in each row unless the command names the site.")),
    _optional_column("assigning_authority", _t("Who gave out the record number. Empty: the site's own."), 60),
    _optional_column("middle_name", _t("Middle name.")),
    _optional_column("preferred_name", _t("The name the patient wants to be called by.")),
    _optional_column("sex", _t("F, M, O (other) or U (not said).")),
    _optional_column(
        "language", _t("Language to write and speak to the patient in: en, es, eng, Spanish, or another language tag.")
    ),
    _optional_column("interpreter_needed", _t("yes or no.")),
    _optional_column("phone_mobile", _t("Mobile phone with area code.")),
    _optional_column("phone_home", _t("Home phone with area code.")),
    _optional_column("voicemail", _t("May a message be left: yes, no or ask.")),
    _optional_column("best_time", _t("When to call: morning, afternoon, evening or any.")),
    _optional_column("may_answer", _t("Another person who may answer and take the message “please call back”."), 150),
    _optional_column("may_answer_phone", _t("That person's phone with area code, where it is another one.")),
    _optional_column("result_by", _t("How the patient wants to hear a result: phone, in person or in writing.")),
    _optional_column(
        "result_not_before_weekend", _t("Wants no written result right before a weekend: yes or no. Empty: not asked.")
    ),
    _optional_column("sms_consent", _t("Agreed to text messages: yes or no. Empty: was not asked.")),
    _optional_column("email", _t("Email address.")),
    _optional_column("email_consent", _t("Agreed to email: yes or no. Empty: was not asked.")),
    _optional_column("detail_consent", _t("Agreed to health details in email: yes or no. Empty: was not asked.")),
    _optional_column("address_line", _t("Street and number.")),
    _optional_column("city", _t("City."), 100),
    _optional_column("state", _t("State."), 50),
    _optional_column("postal_code", _t("ZIP code."), 20),
    _optional_column(
        "race",
        _t("American Indian, Asian, Black, Pacific, White, multiple, other or declined, or a code of table 0005."),
    ),
    _optional_column("ethnicity", _t("Hispanic, not Hispanic or declined, or a code of table 0189.")),
    _optional_column("insurance", _t("Who pays first: private, medicare, medicaid, other public or none.")),
    _optional_column("distance_miles", _t("Miles from home to the site, a whole number.")),
    _optional_column("referrer_name", _t("Name of the referring provider. Empty: the patient was not referred.")),
    _optional_column("referrer_npi", _t("NPI of the referring provider, ten digits.")),
    _optional_column("referrer_email", _t("Email address of the referring provider.")),
    _optional_column("reported_at", _t("Day, or day and time, of the report.")),
    _optional_column("reader", _t("Radiologist who read the exam: NPI, user name or full name.")),
    _optional_column("double_read", _t("Read by two radiologists: yes or no.")),
    _optional_column("first_screen", _t("The patient's first screening: yes or no.")),
    _optional_column("risk_score", _t("Risk score that another program worked out, a plain number such as 3.2."), 20),
    _optional_column("risk_source", _t("Which score it is, such as Tyrer-Cuzick 8. Needed with a risk score."), 60),
    _optional_column("assessment_left", _t("Result of the left breast, written like the overall one."), 4000),
    _optional_column("assessment_right", _t("Result of the right breast, written like the overall one."), 4000),
    _optional_column("birads_edition", _t("Edition of BI-RADS: 5 (2013) or v2025. Empty: the site's own.")),
    _optional_column("density", _t("Density a, b, c or d.")),
    _optional_column("modality", _t("What the screening was made with: 2d, 3d (tomosynthesis), mri or ultrasound.")),
    _optional_column("recall_kind", _t("finding, technical or clinical. Empty: finding.")),
    _optional_column(
        "supplemental", _t("Supplemental test advised for dense tissue, which is no recall: ultrasound, mri or cem.")
    ),
    _optional_column("findings", _t("kind:side or kind:side:place; several with a semicolon between them."), 4000),
    _optional_column("comment", _t("Free text for the staff."), 20000),
)
COLUMNS_BY_NAME: dict[str, ResultColumn] = {column.name: column for column in COLUMNS}
REQUIRED = tuple(column.name for column in COLUMNS if column.required)

# What each column is called on a page; its description says what it holds.
LABELS: dict[str, Any] = {
    "mrn": "MRN",
    "family_name": _t("Family name"),
    "given_name": _t("Given name"),
    "birth_date": _t("Birth date"),
    "accession": _t("Accession"),
    "exam_date": _t("Exam date"),
    "assessment": _t("Overall assessment"),
    "site": _t("Site"),
    "assigning_authority": _t("Assigning authority"),
    "middle_name": _t("Middle name"),
    "preferred_name": _t("Preferred name"),
    "sex": _t("Sex"),
    "language": _t("Language"),
    "interpreter_needed": _t("Interpreter needed"),
    "phone_mobile": _t("Mobile phone"),
    "phone_home": _t("Home phone"),
    "voicemail": _t("Voicemail"),
    "best_time": _t("Best reached"),
    "may_answer": _t("Who else may answer"),
    "may_answer_phone": _t("That person's phone"),
    "result_by": _t("Wants to hear results"),
    "result_not_before_weekend": _t("No written result before a weekend"),
    "sms_consent": _t("Agreed to text messages"),
    "email": _t("Email"),
    "email_consent": _t("Agreed to email"),
    "detail_consent": _t("Agreed to health details in email"),
    "address_line": _t("Street"),
    "city": _t("City"),
    "state": _t("State"),
    "postal_code": _t("ZIP code"),
    "race": _t("Race"),
    "ethnicity": _t("Ethnicity"),
    "insurance": _t("Insurance"),
    "distance_miles": _t("Miles to the site"),
    "referrer_name": _t("Referring doctor"),
    "referrer_npi": _t("NPI of the referring doctor"),
    "referrer_email": _t("Email of the referring doctor"),
    "reported_at": _t("Reported"),
    "reader": _t("Reader"),
    "double_read": _t("Read by two"),
    "first_screen": _t("First screening"),
    "risk_score": _t("Risk score"),
    "risk_source": _t("Risk score of"),
    "assessment_left": _t("Left breast"),
    "assessment_right": _t("Right breast"),
    "birads_edition": _t("BI-RADS edition"),
    "density": _t("Density"),
    "modality": _t("Modality"),
    "recall_kind": _t("Kind of recall"),
    "supplemental": _t("Supplemental test advised"),
    "findings": _t("Findings"),
    "comment": _t("Comment"),
}


def validate_header(header: Sequence[str], *, site_is_given: bool) -> None:
    """Raises Unusable, naming every column that is unknown, missing or there twice."""
    complaints = [_unknown_column_message(name) for name in header if name not in COLUMNS_BY_NAME]
    complaints += [
        _("The column “%(name)s” is there twice. Keep one of them.") % {"name": name}
        for name in sorted({name for name in header if header.count(name) > 1 and name in COLUMNS_BY_NAME})
    ]
    needed = REQUIRED if site_is_given else (*REQUIRED, "site")
    for name in needed:
        if name not in header:
            complaints.append(_("The column “%(name)s” is missing.") % {"name": name})
    if not site_is_given and "site" not in header:
        complaints.append(_("Add a “site” column, or name the site of all rows with --site CODE."))
    if complaints:
        raise UnusableFile(" ".join(complaints))


def _unknown_column_message(name: str) -> str:
    if not name.strip():
        return _("A column has no name. Name it or delete it.")
    near = difflib.get_close_matches(name.strip().lower().replace(" ", "_"), COLUMNS_BY_NAME, n=1, cutoff=0.5)
    words = {"name": name[:60], "near": near[0] if near else ""}
    if near:
        return _("The column “%(name)s” is unknown. Did you mean “%(near)s”?") % words
    return _("The column “%(name)s” is unknown. Delete it or give it one of the documented names.") % words
