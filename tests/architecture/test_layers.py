"""Does every package import downward only, and does a recall's state change in one place?"""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.source import PRODUCT_FILES, ROOT, name_of, tree_of

MOVES_A_RECALL = "recalls/actions/transition.py"


def test_the_import_contracts_of_pyproject_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_every_package_of_the_product_is_under_the_import_contracts() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]
    on_disk = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert set(contracts["root_packages"]) == on_disk


@pytest.mark.parametrize("path", [path for path in PRODUCT_FILES if name_of(path) != MOVES_A_RECALL], ids=name_of)
def test_only_the_locked_move_sets_the_state_of_a_recall(path: Path) -> None:
    targets = (
        target
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Assign | ast.AugAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    )
    sets_state = [target.lineno for target in targets if isinstance(target, ast.Attribute) and _is_a_recalls(target)]
    assert sets_state == []


def _is_a_recalls(target: ast.Attribute) -> bool:
    """Whether this is `recall.state` or `something.recall.state`."""
    match target.value:
        case ast.Name(id=owner) | ast.Attribute(attr=owner):
            return target.attr == "state" and "recall" in owner
    return False
