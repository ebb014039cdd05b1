"""Published statistics that texts for patients quote, each with its population, period and source.

Texts never hold a bare figure: they name a statistic (``$called_back_first_per_100``), and the value comes from
``STATISTICS``. Every value is a whole number out of 100, so that two figures in one text can be compared. ``low`` and
``high`` are the published values that the whole number stands for. ``review_on`` is the day by which a person should
look whether newer figures are out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from notifications.content.sources import SOURCES, Source

US_SCREENED_POPULATION: Final = "People screened by mammography in the United States"
US_RECALLED_POPULATION: Final = (
    "People called back after a screening mammogram in the United States, first and later screens together"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedStatistic:
    """One figure; ``population``, ``period`` and ``definition`` say what it counts, for the person who reviews it."""

    id: str
    value: int
    low: float
    high: float
    population: str
    period: str
    definition: str
    sources: tuple[str, ...]
    unit: str = "in 100"
    review_on: date = date(2027, 11, 1)

    @property
    def source(self) -> Source:
        """The source that the value is taken from; any further ones set the range."""
        return SOURCES[self.sources[0]]

    @property
    def source_title(self) -> str:
        return self.source.title

    @property
    def source_url(self) -> str:
        return self.source.url


_STATISTICS: Final = (
    SourcedStatistic(
        id="called_back_per_100",
        value=10,
        low=8.8,
        high=11.6,
        population=US_SCREENED_POPULATION,
        period="2002 to 2020, in three studies",
        definition="Recalls per 100 screening mammograms, first and later screens together. "
        "2002-06: 225,612 of 2,264,089; 2007-13: 11.6 (counts every abnormal interpretation); 2012-20: 8.8.",
        sources=("BCSC-2009", "LEHMAN-2017", "BCSC-IMMEDIATE"),
    ),
    SourcedStatistic(
        id="called_back_first_per_100",
        value=21,
        low=21.3,
        high=21.3,
        population="People who had their first screening mammogram in the United States",
        period="2012 to 2020",
        definition="Recalls per 100 first screening mammograms.",
        sources=("BCSC-IMMEDIATE",),
    ),
    SourcedStatistic(
        id="called_back_cancer_per_100",
        value=4,
        low=4.1,
        high=4.4,
        population=US_RECALLED_POPULATION,
        period="2002 to 2013, in two studies",
        definition="Breast cancers found within one year per 100 people called back (PPV1). 2002-06: 9,252 of 225,612. "
        "No separate figure for first screens was found.",
        sources=("BCSC-2009", "LEHMAN-2017"),
    ),
    SourcedStatistic(
        id="called_back_not_cancer_per_100",
        value=96,
        low=95.6,
        high=95.9,
        population=US_RECALLED_POPULATION,
        period="2002 to 2013, in two studies",
        definition="100 less the people called back in whom breast cancer was found within one year.",
        sources=("BCSC-2009", "LEHMAN-2017"),
    ),
    SourcedStatistic(
        id="biopsy_not_cancer_per_100",
        value=70,
        low=69.0,
        high=71.4,
        population="People who had a biopsy after a screening mammogram in the United States",
        period="1996 to 2013, in three studies",
        definition="100 less the biopsies that found breast cancer within one year (PPV3), rounded to the nearest ten. "
        "2002-06: 6,216 of 21,483 found cancer; 2007-13: 28.6 in 100; "
        "work-up of an abnormal screen 1996-2005: 7,762 of 24,762.",
        sources=("BCSC-2009", "LEHMAN-2017", "BCSC-DIAGNOSTIC"),
    ),
    SourcedStatistic(
        id="probably_benign_cancer_below_per_100",
        value=2,
        low=0.0,
        high=2.0,
        population="People whose full diagnostic work-up ended in BI-RADS category 3",
        period="BI-RADS, 5th edition (2013)",
        definition="Upper limit of the chance of cancer in category 3, by definition more than 0 and up to 2 in 100. "
        "In the national database 1.45 in 100 were found at the six-month visit.",
        sources=("BIRADS-2013", "BERG-2020"),
    ),
    SourcedStatistic(
        id="dense_per_100",
        value=43,
        low=43.3,
        high=43.3,
        population="US women aged 40 to 74",
        period="2007 to 2010",
        definition="Density heterogeneously or extremely dense (BI-RADS c or d), per 100.",
        sources=("SPRAGUE-2014",),
    ),
    SourcedStatistic(
        id="developing_asymmetry_cancer_per_100",
        value=13,
        low=12.8,
        high=12.8,
        population="People called back for a developing asymmetry at one US center",
        period="1985 to 2005",
        definition="Breast cancers per 100 screening mammograms with a developing asymmetry (PPV1): 36 of 281.",
        sources=("LEUNG-2007",),
    ),
    SourcedStatistic(
        id="developing_asymmetry_not_cancer_per_100",
        value=87,
        low=87.2,
        high=87.2,
        population="People called back for a developing asymmetry at one US center",
        period="1985 to 2005",
        definition="100 less the people in whom breast cancer was found: 245 of 281.",
        sources=("LEUNG-2007",),
    ),
    SourcedStatistic(
        id="developing_asymmetry_biopsy_per_100",
        value=30,
        low=29.9,
        high=29.9,
        population="People called back for a developing asymmetry at one US center",
        period="1985 to 2005",
        definition="Biopsies per 100 screening mammograms with a developing asymmetry: 84 of 281.",
        sources=("LEUNG-2007",),
    ),
)

STATISTICS: Final[Mapping[str, SourcedStatistic]] = MappingProxyType({fact.id: fact for fact in _STATISTICS})


# The value of each placeholder of a text that names a statistic: {"called_back_per_100": "10", ...}.
STATISTIC_PLACEHOLDERS: Final[Mapping[str, str]] = MappingProxyType({fact.id: str(fact.value) for fact in _STATISTICS})
