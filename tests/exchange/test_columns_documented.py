"""Holds that the page about results files names exactly the columns that the command knows."""

import re

from exchange.batch_importer import RowResult
from exchange.schema import COLUMNS
from recalls.enums import FindingKind
from tests.architecture.source_files import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "load-results.md").read_text(encoding="utf-8")


def test_every_column_is_documented_word_for_word() -> None:
    documented = re.findall(r"^\| `(\w+)` \| (yes|no) \| (.+) \|$", PAGE, re.MULTILINE)
    assert documented == [
        (column.name, "yes" if column.required else "no", str(column.description)) for column in COLUMNS
    ]


def test_every_result_and_finding_kind_is_documented() -> None:
    assert all(f"| `{result.value}` |" in PAGE for result in RowResult)
    assert all(f"`{kind.value}`" in PAGE for kind in FindingKind)
