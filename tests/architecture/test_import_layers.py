"""Holds the import contracts and that the state of a recall changes in one place."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source_files import PRODUCT_FILES, PROJECT_ROOT, nodes_of, relative_name

LAYERED_INSIDE = frozenset({"notifications", "recalls"})
"""The packages with layers of their own; no module of them is outside a layer."""

SETS_STATES = {
    "recalls/actions/transition.py": "Recall",
    "exchange/loader.py": "RowOutcome",  # the result of a row of a file, no model
    "exchange/uploads/upload_load.py": "ResultUpload",
    "exchange/fhir/export/bulk.py": "ExportJob",
    "exchange/fhir/webhooks/delivery.py": "WebhookDelivery",
    "exchange/hl7/store.py": "Hl7Message",
    "exchange/hl7/outbound/deliver.py": "Hl7StatusMessage",
    "exchange/hl7/awaited_finals.py": "Hl7Message",
    "notifications/letter_batches/jobs.py": "LetterBatch and BatchLetter",
}
"""Where an attribute ``state`` is assigned, and of which class."""


def _contracts() -> dict[str, Any]:
    with (PROJECT_ROOT / "pyproject.toml").open("rb") as file:
        contracts: dict[str, Any] = tomllib.load(file)["tool"]["importlinter"]
    return contracts


def test_the_import_contracts_of_pyproject_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint, "--no-cache"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_every_package_of_the_product_is_under_the_import_contracts() -> None:
    on_disk = {path.parent.name for path in PROJECT_ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert set(_contracts()["root_packages"]) == on_disk


def test_the_contract_inside_a_package_names_every_module_of_it() -> None:
    inside = [one for one in _contracts()["contracts"] if one["type"] == "layers" and one.get("containers")]
    assert [one["name"] for one in inside if not one.get("exhaustive")] == []
    covered = {container.split(".")[0] for one in inside for container in one["containers"]}
    assert covered >= LAYERED_INSIDE


def test_only_the_transition_assigns_the_state_of_a_recall(subtests: pytest.Subtests) -> None:
    for path in PRODUCT_FILES:
        if relative_name(path) in SETS_STATES:
            continue
        with subtests.test(relative_name(path)):
            assert [line for node in nodes_of(path) for line in _sets_state(node)] == []


def _sets_state(node: ast.AST) -> list[int]:
    """The lines on which an attribute ``state`` is assigned, or a column ``state`` updated with a recall's state."""
    match node:
        case ast.Assign(targets=targets):
            return [target.lineno for target in targets if _is_state(target)]
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return [target.lineno] if _is_state(target) else []
        case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value="state"), *_rest]):
            return [node.lineno]
        case ast.Call(func=ast.Attribute(attr="update"), keywords=keywords):
            return [node.lineno for keyword in keywords if keyword.arg == "state" and _is_of_a_recall(keyword.value)]
    return []


def _is_state(target: ast.expr) -> bool:
    return isinstance(target, ast.Attribute) and target.attr == "state"


def _is_of_a_recall(value: ast.expr) -> bool:
    """Whether the value is not plainly the state of a notification or of a lay summary."""
    return not (
        isinstance(value, ast.Attribute)
        and isinstance(value.value, ast.Name)
        and value.value.id in ("NotificationState", "SummaryState")
    )


@pytest.mark.parametrize(
    "line",
    [
        "anything.state = State.CLOSED",
        "recalls.update(state=State.CLOSED)",
        'setattr(recall, "state", State.CLOSED)',
        "recalls.update(state=new)",
    ],
)
def test_the_check_itself_sees_a_state_that_is_set(line: str) -> None:
    assert [found for node in ast.walk(ast.parse(line)) for found in _sets_state(node)] == [1]
