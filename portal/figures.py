"""How is "4 in 100" drawn? A hundred small figures in ten rows, the counted ones at the end and of another shape."""

from dataclasses import dataclass

from notifications.content.statistics import STATISTICS
from portal.explainers import Explainer, render_explainer
from recalls.models import Recall

FIGURES_PER_ROW = 10
FIGURE_SPACING = 12  # drawing units from one figure to the next


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


def build_recall_pictogram(recall: Recall, language: str) -> Pictogram:
    """For the patient's kind of screening; where we do not know which it was, the figures that count all of them."""
    screen = "figures/first_screen" if recall.exam.first_screen else "figures/later_screen"
    text = render_explainer(screen, language, recall.site)
    return Pictogram(
        text, STATISTICS["called_back_cancer_per_100"].value, STATISTICS["called_back_not_cancer_per_100"].value
    )
