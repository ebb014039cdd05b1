"""Gives the reviewed explainers of the patient's page as safe HTML, and the pictogram of a hundred people.

A text that does not exist in the patient's language yet is shown in English and marked as such for screen readers.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from clinic.models import Site
from notifications.content import loader
from notifications.content.figures import RecallFigures
from notifications.content.statistics import STATISTIC_PLACEHOLDERS, STATISTICS
from notifications.content.visits import visit_texts
from recalls.enums import FindingKind, VisitKind

FIGURES_PER_ROW = 10
FIGURE_SPACING = 12  # drawing units from one figure to the next

# The extra pictures that a finding usually asks for (domain fact: usual diagnostic step by kind of finding); only at
# the visit that follows the call back.
_FINDINGS_BY_EXTRA_VIEW: dict[str, tuple[str, ...]] = {
    "procedures/spot_magnification": (
        FindingKind.CALCIFICATIONS,
        FindingKind.MASS,
        FindingKind.ASYMMETRY,
        FindingKind.FOCAL_ASYMMETRY,
        FindingKind.DEVELOPING_ASYMMETRY,
    ),
    "procedures/tomosynthesis": (FindingKind.ARCHITECTURAL_DISTORTION,),
}


def list_procedures(visit_kind: str, findings: Collection[str]) -> list[str]:
    """What is done at such a visit, with the extra views where the findings are known to the patient."""
    names = list(visit_texts(visit_kind).procedures)
    if visit_kind in (VisitKind.DIAGNOSTIC, VisitKind.DIAGNOSTIC_ULTRASOUND):
        names += [name for name, kinds in _FINDINGS_BY_EXTRA_VIEW.items() if set(findings) & set(kinds)]
    return names


@dataclass(frozen=True, slots=True)
class Explainer:
    """One explainer: `lead` and `more` are safe HTML; `language` is the one it is really in."""

    title: str
    lead: SafeString
    rest: SafeString
    language: str

    @property
    def starts_with_title(self) -> bool:
        """Whether it opens with its subject in bold; where it does not, its title stands above it."""
        return self.lead.startswith("<p><strong>")


def render_explainer(name: str, language: str, site: Site) -> Explainer:
    """The text of that name ("findings/mass"). Raises LookupError where there is none, KeyError for a bad figure."""
    for spoken in (language, loader.DEFAULT_LANGUAGE):
        if text := loader.get_explainer(name, spoken, site):
            lead, _gap, more = text.body.substitute(STATISTIC_PLACEHOLDERS).strip().partition("\n\n")
            return Explainer(text.heading, _render_markdown(lead), _render_markdown(more), spoken)
    raise LookupError(f"no explainer {name}")


@lru_cache(maxsize=512)
def _render_markdown(words: str) -> SafeString:
    markdown = MarkdownIt("commonmark", {"html": False})
    tokens = markdown.parse(words)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "h3"  # the page's own sections are the second level
    html: str = markdown.renderer.render(tokens, markdown.options, {})
    return mark_safe(html)  # noqa: S308  (raw HTML in the source is off)


@dataclass(frozen=True, slots=True)
class PictogramFigure:
    x: int
    y: int
    highlighted: bool


@dataclass(frozen=True, slots=True)
class Pictogram:
    """The words and the drawing say the same; `counted` and `others` make a hundred."""

    explainer: Explainer
    highlighted: int
    others: int

    @property
    def figures(self) -> list[PictogramFigure]:
        return [
            PictogramFigure(
                n % FIGURES_PER_ROW * FIGURE_SPACING, n // FIGURES_PER_ROW * FIGURE_SPACING, n >= self.others
            )
            for n in range(self.highlighted + self.others)
        ]


def build_recall_pictogram(figures: RecallFigures, language: str, site: Site) -> Pictogram:
    text = render_explainer(figures.explainer, language, site)
    return Pictogram(text, STATISTICS[figures.cancer].value, STATISTICS[figures.not_cancer].value)
