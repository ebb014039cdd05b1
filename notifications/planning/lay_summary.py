"""Collects what a lay summary says of an exam, and names the required facts that are missing.

Domain fact: 21 CFR 900.12(c)(2): a summary in plain words to every patient within 30 days of the mammogram (7 for
suspicious and highly suggestive), with the name, the facility's name, address and phone, and the density notice. Here
it is written for exams that led to a recall.
"""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from recalls.enums import SUSPICIOUS_ASSESSMENTS, Assessment, Density
from recalls.models import Recall

_DENSE = frozenset({Density.C, Density.D})


def result_explainer_name(recall: Recall) -> str:
    """The name of the explainer that says the result; the three kinds of 4 read alike."""
    assessment = Assessment(recall.exam.assessment)
    is_four = assessment in SUSPICIOUS_ASSESSMENTS and assessment != Assessment.HIGHLY_SUGGESTIVE
    return f"lay_results/{(Assessment.SUSPICIOUS if is_four else assessment).name.lower()}"


def density_category(recall: Recall) -> str:
    """ "dense" or "not_dense", as the federal texts divide; LookupError where the report gives no density."""
    density = recall.exam.density
    if not density:
        raise LookupError("the exam has no density")
    return "dense" if density in _DENSE else "not_dense"


def missing_facts(recall: Recall) -> list[str]:
    """What the rule asks for and nobody has entered, in plain words; empty when the summary may go out."""
    return list(_iter_missing_facts(recall))


def _iter_missing_facts(recall: Recall) -> Iterator[str]:
    patient, site, exam = recall.patient, recall.site, recall.exam
    facts = {
        _("the patient's name"): patient.full_name,
        _("the day of the mammogram"): exam.exam_date,
        _("the result"): exam.assessment,
        _("the breast density"): exam.density,
        _("the site's name in messages"): site.sender_name,
        _("the site's street"): site.address_line,
        _("the site's city"): site.city,
        _("the site's phone"): site.phone,
    }
    for words, value in facts.items():
        if not str(value or "").strip():
            yield words
