"""How is "4 in 100" drawn? A hundred small figures in ten rows, the counted ones at the end and of another shape."""

from dataclasses import dataclass

from notifications.content.statistics import STATISTICS
from portal.explain import Text, explainer
from recalls.models import Recall

ROW = 10
STEP = 12  # drawing units from one figure to the next


@dataclass(frozen=True, slots=True)
class Person:
    x: int
    y: int
    counted: bool


@dataclass(frozen=True, slots=True)
class HundredPeople:
    """The words and the drawing say the same; `counted` and `others` make a hundred."""

    text: Text
    counted: int
    others: int

    @property
    def people(self) -> list[Person]:
        return [Person(n % ROW * STEP, n // ROW * STEP, n >= self.others) for n in range(self.counted + self.others)]


def called_back(recall: Recall, language: str) -> HundredPeople:
    """For the patient's kind of screening; where we do not know which it was, the figures that count all of them."""
    screen = "figures/first_screen" if recall.exam.first_screen else "figures/later_screen"
    text = explainer(screen, language, recall.site)
    return HundredPeople(
        text, STATISTICS["called_back_cancer_per_100"].value, STATISTICS["called_back_not_cancer_per_100"].value
    )
