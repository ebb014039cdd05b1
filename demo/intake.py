"""Parks a few unclear rows of a results file in the demo, through the real loader."""

from io import BytesIO
from pathlib import Path

from clinic.actors import INTAKE
from exchange.csv_reader import open_results
from exchange.loader import Loader, get_sites_by_code
from exchange.models import ResultFile

# A plain 0, two impossible dates, an unknown finding, and the record number of somebody else.
PARKED_ROWS_FILE = Path(__file__).with_name("results_to_mend.csv")


def load_parked_rows() -> None:
    with open_results(str(PARKED_ROWS_FILE), BytesIO(), site_is_given=False) as source:
        loader = Loader(
            ResultFile.objects.create(name=PARKED_ROWS_FILE.name, by=INTAKE.name), get_sites_by_code(), None
        )
        for _outcome in loader.load(source.records()):
            pass
