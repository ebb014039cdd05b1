"""Turns the texts of a row into a typed row, or says by column what to correct."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from exchange.errors import WHOLE_ROW, InvalidValue, Problem
from exchange.models import IntakeRules
from exchange.parsing import background_parsers, contact_parsers, value_parsers
from exchange.parsing.assessment_parser import parse_screening_assessment
from exchange.parsing.cell_text import clean_cell
from exchange.parsing.date_parser import parse_birth_date, parse_date, parse_datetime
from exchange.parsing.recommendation_parser import parse_recommendation
from exchange.schema import COLUMNS, COLUMNS_BY_NAME, REQUIRED
from patients.contact_validation import CheckedContact, check_email, check_phone
from patients.models import ContactPoint
from recalls.actions.opening import RecommendedImaging
from recalls.actions.records.told_wishes import ToldWishes
from recalls.assessment_consistency import INCONSISTENT_OVERALL, is_overall_consistent
from recalls.enums import Assessment, SupplementalTest

EXTRA_CELLS = "(beyond the last column)"  # where the cells of a row that is too long are kept
MAX_AGE_YEARS = 120  # years; a birth date before that is a slip of the pen

CONTACT_COLUMNS = {
    "phone_mobile": ContactPoint.Kind.MOBILE,
    "phone_home": ContactPoint.Kind.HOME,
    "email": ContactPoint.Kind.EMAIL,
}
_OTHER_CONTACTS = ("may_answer_phone", "referrer_email")
# Wishes that a file of an older form has not: a row without them means what it always meant.
_WISH_COLUMNS = ("best_time", "may_answer", "may_answer_phone", "result_by", "result_not_before_weekend")
# How a file says that there is no such name: never by an empty cell, which may be a name that was lost.
_NO_SUCH_NAME = frozenset({"-", "FNU", "LNU", "NFN", "NLN"})
_ASSESSMENT_COLUMNS = ("assessment", "assessment_left", "assessment_right")
_EXAM_COLUMNS = frozenset({"accession", "exam_date", "assessment", "site"})


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One result as it will be stored. Empty texts and None mean that the file did not say."""

    site: Site
    mrn: str
    family_name: str
    given_name: str
    birth_date: date
    accession: str
    exam_date: date
    assessment: Assessment
    assigning_authority: str
    middle_name: str = ""
    preferred_name: str = ""
    sex: str = ""
    language: str = ""
    interpreter_needed: bool | None = None
    phone_mobile: CheckedContact | None = None
    phone_home: CheckedContact | None = None
    voicemail: str = ""
    best_time: str = ""
    may_answer: str = ""
    may_answer_phone: CheckedContact | None = None
    result_by: str = ""
    result_not_before_weekend: bool | None = None
    sms_consent: bool | None = None
    email: CheckedContact | None = None
    email_consent: bool | None = None
    detail_consent: bool | None = None
    address_line: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    race: str = ""
    ethnicity: str = ""
    insurance: str = ""
    distance_miles: int | None = None
    referrer_name: str = ""
    referrer_npi: str = ""
    referrer_email: CheckedContact | None = None
    reported_at: datetime | None = None
    reader: str = ""
    double_read: bool | None = None
    first_screen: bool | None = None
    risk_score: Decimal | None = None
    risk_source: str = ""
    assessment_left: Assessment | None = None
    assessment_right: Assessment | None = None
    birads_edition: str = ""
    density: str = ""
    modality: str = ""
    recall_kind: str = "finding"
    supplemental: SupplementalTest | None = None
    findings: tuple[tuple[str, str, str], ...] = ()
    comment: str = ""
    order: RecommendedImaging | None = None

    @property
    def patient_key(self) -> tuple[str, str]:
        return self.site.current_authority(self.assigning_authority), self.mrn

    @property
    def exam_key(self) -> tuple[int, str]:
        return self.site.pk, self.accession

    @property
    def contacts(self) -> dict[ContactPoint.Kind, CheckedContact]:
        """The ways to reach the patient that the row gives."""
        given = ((kind, getattr(self, column)) for column, kind in CONTACT_COLUMNS.items())
        return {kind: checked for kind, checked in given if checked is not None}

    @property
    def wishes(self) -> ToldWishes:
        """What the row tells of the patient's wishes; a phone that cannot be used is left out."""
        phone, later = self.may_answer_phone, self.result_not_before_weekend
        wish = {"channel": self.result_by} if self.result_by else {}
        wish |= {} if later is None else {"not_before_weekend": later}  # type: ignore[dict-item]
        return ToldWishes(
            self.best_time, self.may_answer, phone.value if phone and not phone.problem else "", wish or None
        )

    @property
    def contact_problems(self) -> list[Problem]:
        """Numbers and addresses that are kept and cannot be used; they do not hold up the result."""
        given = ((column, getattr(self, column)) for column in (*CONTACT_COLUMNS, *_OTHER_CONTACTS))
        return [Problem(column, str(checked.problem)) for column, checked in given if checked and checked.problem]

    def digest(self) -> str:
        """SHA-256 of what the row means; the same meaning in other words has the same one."""
        meaning = [self.site.pk, *(str(getattr(self, name)) for name in _DIGEST_FIELDS)]
        meaning += [str(part) for part in astuple(self.order)] if self.order else []
        wishes = {name: str(getattr(self, name)) for name in _WISH_COLUMNS if getattr(self, name) not in ("", None)}
        meaning += [wishes] if wishes else []
        meaning += [str(self.risk_score), self.risk_source] if self.risk_source else []
        return hashlib.sha256(json.dumps(meaning).encode()).hexdigest()


# Part of the meaning only where they are given: rows from before they were read keep their digests.
_OUT_OF_DIGEST = ("site", "order", "risk_score", "risk_source", *_WISH_COLUMNS)
_DIGEST_FIELDS = tuple(field.name for field in fields(ResultRow) if field.name not in _OUT_OF_DIGEST)


def _parse_npi(text: str, _site: Site) -> str:
    if not re.fullmatch(r"[0-9]{10}", text):
        raise InvalidValue(_("An NPI has ten digits. Correct it or leave it empty."))
    return text


_VALUE_PARSERS: dict[str, Callable[[str, Site], Any]] = {
    "birth_date": parse_birth_date,
    "exam_date": parse_date,
    "reported_at": parse_datetime,
    **dict.fromkeys(_ASSESSMENT_COLUMNS, parse_screening_assessment),
    **dict.fromkeys(
        (
            "interpreter_needed",
            "result_not_before_weekend",
            "sms_consent",
            "email_consent",
            "detail_consent",
            "double_read",
            "first_screen",
        ),
        lambda text, _site: value_parsers.parse_yes_no(text),
    ),
    **dict.fromkeys(
        ("phone_mobile", "phone_home", "may_answer_phone"), lambda text, site: check_phone(text, site.country)
    ),
    **dict.fromkeys(("email", "referrer_email"), lambda text, _site: check_email(text)),
    "referrer_npi": _parse_npi,
    "sex": lambda text, _site: value_parsers.parse_sex(text),
    "language": lambda text, _site: value_parsers.parse_language(text),
    "voicemail": lambda text, _site: value_parsers.parse_voicemail(text),
    "best_time": lambda text, _site: contact_parsers.parse_best_time(text),
    "result_by": lambda text, _site: contact_parsers.parse_result_channel(text),
    "race": lambda text, _site: background_parsers.parse_race(text),
    "ethnicity": lambda text, _site: background_parsers.parse_ethnicity(text),
    "insurance": lambda text, _site: background_parsers.parse_insurance(text),
    "distance_miles": lambda text, _site: background_parsers.parse_distance(text),
    "birads_edition": lambda text, _site: value_parsers.parse_birads_edition(text),
    "risk_score": lambda text, _site: value_parsers.parse_risk_score(text),
    "density": lambda text, _site: value_parsers.parse_density(text),
    "modality": lambda text, _site: value_parsers.parse_modality(text),
    "recall_kind": lambda text, _site: value_parsers.parse_recall_kind(text),
    "supplemental": lambda text, _site: value_parsers.parse_supplemental(text),
    "findings": lambda text, _site: value_parsers.parse_findings(text),
}


def parse_row(raw: Mapping[str, str], sites: Mapping[str, Site], site: Site | None) -> ResultRow | list[Problem]:
    """The typed row, or everything that is wrong with it. `site` is where a row without a site of its own belongs."""
    texts, problems = _clean_cells(raw)
    place = sites.get(texts["site"]) if "site" in texts else site
    if place is None:
        return [*problems, Problem("site", _unknown_site_message(sites, named="site" in texts))]
    values, unreadable = _parse_values(texts, place)
    problems += unreadable
    problems += [*_read_recommendations(texts, values), *_find_contradictions(values, place)]
    problems += [*_settle_one_name(values), *_check_shapes(values, place)]
    if problems:
        return sorted(problems, key=lambda problem: _COLUMN_POSITION.get(problem.column, -1))
    values["site"] = place
    values.setdefault("assigning_authority", place.mrn_authority)
    return ResultRow(**values)


def parse_patient(raw: Mapping[str, str], site: Site, day: date) -> ResultRow | list[Problem]:
    """The row of what is told of a patient without an exam; `day` (at the site) is when it was told.

    The exam of the row is none: only `PatientMatcher` and `identity_check` may be asked with it.
    """
    texts, problems = _clean_cells({name: text for name, text in raw.items() if name not in _EXAM_COLUMNS})
    problems = [problem for problem in problems if problem.column not in _EXAM_COLUMNS]
    values, unreadable = _parse_values(texts, site)
    values["exam_date"] = min(day, calendar.today(site))
    problems += [*unreadable, *_check_dates(values, site), *_settle_one_name(values), *_check_shapes(values, site)]
    if problems:
        return problems
    values |= {"site": site, "accession": "", "assessment": Assessment.NEGATIVE}
    values.setdefault("assigning_authority", site.mrn_authority)
    return ResultRow(**values)


def _parse_values(texts: Mapping[str, str], site: Site) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    problems = []
    for name, text in texts.items():
        reader = _VALUE_PARSERS.get(name)
        try:
            values[name] = text if reader is None else reader(text, site)
        except InvalidValue as bad:
            problems.append(Problem(name, str(bad)))
    return values, problems


def _read_recommendations(texts: Mapping[str, str], values: dict[str, Any]) -> list[Problem]:
    """Put a supplemental test that the words of a result advise into its column; what they leave open is a problem."""
    problems = []
    for name in _ASSESSMENT_COLUMNS:
        try:
            advised = parse_recommendation(texts[name], values[name]) if name in values else None
        except InvalidValue as unclear:
            problems.append(Problem(name, str(unclear)))
            continue
        if advised and values.setdefault("supplemental", advised) != advised:
            problems.append(Problem("supplemental", _("The result's words advise another test. Correct one of them.")))
    return problems


def _check_shapes(values: Mapping[str, Any], site: Site) -> list[Problem]:
    """Record number and accession that are not built as the site's numbers are."""
    rules = IntakeRules.of_site(site)
    shapes = {"mrn": rules.mrn_pattern, "accession": rules.accession_pattern}
    message = _(
        "This is not built like a number of this site. Look for a digit too many or too few, or another column."
    )
    return [
        Problem(column, message)
        for column, pattern in shapes.items()
        if pattern and column in values and not re.fullmatch(pattern, values[column])
    ]


def _settle_one_name(values: dict[str, Any]) -> list[Problem]:
    """A patient with one name has it as family name, and is called by it."""
    missing = [name for name in ("family_name", "given_name") if values.get(name, "").upper() in _NO_SUCH_NAME]
    if len(missing) == 2:
        return [Problem("family_name", _("Write at least one name of the patient."))]
    only = values.get("given_name" if missing == ["family_name"] else "family_name")
    if missing and only:
        values |= {"family_name": only, "given_name": "", "preferred_name": values.get("preferred_name") or only}
    return []


_COLUMN_POSITION = {column.name: position for position, column in enumerate(COLUMNS)}


def get_row_site(raw: Mapping[str, str], sites: Mapping[str, Site], site: Site | None) -> Site | None:
    """Where the row belongs, as far as it can be told: who may see it while it is parked hangs on it."""
    try:
        named = clean_cell("site", raw.get("site", ""))
    except InvalidValue:
        return None
    return sites.get(named) if named else site


def _clean_cells(raw: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
    """The cells that say something, and what is wrong with them whatever they mean."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    if raw.get(EXTRA_CELLS):
        problems.append(Problem(WHOLE_ROW, _("The row has more cells than the first line has columns.")))
    for name, column in COLUMNS_BY_NAME.items():
        if not (cell := raw.get(name)):
            continue
        try:
            text = clean_cell(name, cell)
        except InvalidValue as bad:
            problems.append(Problem(name, str(bad)))
            continue
        if len(text) > column.max_length:
            message = _("Shorten this to %(longest)s characters.") % {"longest": column.max_length}
            problems.append(Problem(name, message))
        elif text:
            texts[name] = text
    found = {problem.column for problem in problems}
    problems += [
        Problem(name, _("This must not be empty.")) for name in REQUIRED if name not in texts and name not in found
    ]
    return texts, problems


def _unknown_site_message(sites: Mapping[str, Site], *, named: bool) -> str:
    if not named:
        return _("Write the code of the site.")
    return _("No site has this code. Known codes: %(codes)s.") % {"codes": ", ".join(sorted(sites)) or "-"}


def _find_contradictions(values: Mapping[str, Any], site: Site) -> list[Problem]:
    """What cannot be true together, as far as the columns could be read."""
    return [*_check_dates(values, site), *_check_sides(values), *_check_person(values), *_check_risk(values)]


def _check_risk(values: Mapping[str, Any]) -> list[Problem]:
    """A score says nothing without the name of what it is a score of."""
    if "risk_score" in values and not values.get("risk_source"):
        return [Problem("risk_source", _("Say which score this is, or leave the score out."))]
    return []


def _check_dates(values: Mapping[str, Any], site: Site) -> list[Problem]:
    now = timezone.now()
    today = calendar.local_day(site, now)
    born: date | None = values.get("birth_date")
    exam: date | None = values.get("exam_date")
    reported: datetime | None = values.get("reported_at")
    problems = []
    if born and born > today:
        problems.append(Problem("birth_date", _("The birth date lies in the future. Correct the year.")))
    elif born and today.year - born.year > MAX_AGE_YEARS:
        problems.append(Problem("birth_date", _("This birth date is too long ago. Correct the year.")))
    if exam and exam > today:
        problems.append(Problem("exam_date", _("The exam lies in the future. Correct the date.")))
    elif born and exam and exam < born <= today:
        problems.append(Problem("exam_date", _("The exam lies before the birth date. Correct one of the two.")))
    if reported and reported > now:
        problems.append(Problem("reported_at", _("The report lies in the future. Correct the date.")))
    elif exam and reported and calendar.local_day(site, reported) < exam:
        problems.append(Problem("reported_at", _("The report lies before the exam. Correct one of the two.")))
    return problems


def _check_sides(values: Mapping[str, Any]) -> list[Problem]:
    overall = values.get("assessment")
    if overall is None or is_overall_consistent(overall, values.get("assessment_left"), values.get("assessment_right")):
        return []
    return [Problem("assessment", str(INCONSISTENT_OVERALL))]


def _check_person(values: Mapping[str, Any]) -> list[Problem]:
    if values.get("may_answer") or "may_answer_phone" not in values:
        return []
    return [Problem("may_answer", _("There is a phone of another person and no name. Write the name or leave both."))]
