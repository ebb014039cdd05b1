"""Which rows of a results file wait for a person in the demo? A few that nobody may guess, through the real loader."""

from io import BytesIO
from pathlib import Path

from clinic.actors import INTAKE
from exchange.files import opened
from exchange.load import Loader, known_sites
from exchange.models import ResultFile

# A plain 0, two impossible dates, an unknown finding, and the record number of somebody else.
ROWS = Path(__file__).with_name("results_to_mend.csv")


def park_some_rows() -> None:
    with opened(str(ROWS), BytesIO(), site_is_given=False) as source:
        loader = Loader(ResultFile.objects.create(name=ROWS.name, by=INTAKE.name), known_sites(), None)
        for _outcome in loader.load(source.records()):
            pass
