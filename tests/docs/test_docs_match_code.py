"""Compares the documents with the code: links, settings, commands and the sample file."""

import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command, get_commands, load_command_class

from clinic.models import Site
from config.env import PROJECT_ROOT, Environment, read_environment
from recalls.enums import State
from recalls.models import Recall
from recalls.workflow import STEPS

ROOT = PROJECT_ROOT
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)


def relative_name(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


every_page = pytest.mark.parametrize("document", PAGES, ids=relative_name)


def _anchors(page: Path) -> set[str]:
    """The names under which a page's headings can be linked to, as GitHub makes them."""
    prose = _FENCED.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_every_link_of_a_page_leads_somewhere(document: Path) -> None:
    prose = _FENCED.sub("", document.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        path, _hash, anchor = target.partition("#")
        linked = (document.parent / path).resolve() if path else document
        assert linked.exists(), target
        assert not anchor or anchor in _anchors(linked), target


@every_page
def test_every_make_command_of_a_page_is_in_the_makefile(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = document.read_text(encoding="utf-8")
    told = set(re.findall(r"`make ([a-z-]+)", text)) | set(re.findall(r"^ *make ([a-z-]+)", text, re.MULTILINE))
    assert told <= targets


@every_page
def test_every_management_command_of_a_page_is_there_with_its_options(document: Path) -> None:
    lines = re.findall(r"manage\.py ([a-z_0-9]+)([^`\n]*)", document.read_text(encoding="utf-8"))
    commands = get_commands()
    for name, rest in lines:
        assert name in commands, name
        command = load_command_class(commands[name], name)
        known = command.create_parser("manage.py", name).format_help()
        assert [option for option in re.findall(r"--[a-z-]+", rest) if option not in known] == [], name


def _expected_settings_rows() -> list[str]:
    """The rows that the settings table of docs/install.md must have, in the order of the code."""
    rows = []
    for field in Environment.model_fields.values():
        name = str(field.validation_alias)
        default = field.default
        if name == "DATA_DIR":
            default = "var, beside manage.py"
        shown = (
            f"`{str(default).lower() if isinstance(default, bool) else default}`" if default not in (None, []) else ""
        )
        rows.append(f"| `{name}` | {field.description} | {shown} | {'yes' if name in _required_variables() else ''} |")
    return rows


def _required_variables() -> set[str]:
    with pytest.MonkeyPatch.context() as patch:
        for field in Environment.model_fields.values():
            patch.delenv(str(field.validation_alias), raising=False)
        patch.setenv("RECALLDESK_PROFILE", "production")
        with pytest.raises(ImproperlyConfigured) as refusal:
            read_environment()
    return set(re.findall(r"^  (\w+):", str(refusal.value), re.MULTILINE))


def test_the_table_of_settings_is_that_of_the_code() -> None:
    page = (ROOT / "docs/install.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `[A-Z_]+` \|.*$", page, re.MULTILINE) == _expected_settings_rows()


def test_every_variable_that_the_containers_insist_on_is_explained() -> None:
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    page = (ROOT / "docs/install.md").read_text(encoding="utf-8")
    assert {name for name in re.findall(r"\$\{([A-Z_]+):\?", compose) if name not in page} == set()


@pytest.mark.django_db
@pytest.mark.usefixtures("shadyside", "foothills")
def test_the_sample_file_goes_in_whole_and_twice_changes_nothing() -> None:
    sample = str(ROOT / "docs/examples/results.csv")
    call_command("load_results", sample, stdout=StringIO())
    assert Recall.objects.count() == 5
    assert set(Recall.objects.values_list("state", flat=True)) == {State.TO_CONTACT, State.AWAITING_PRIORS}
    assert set(Site.objects.values_list("code", flat=True)) == {"SHADY", "FOOT"}
    again = StringIO()
    call_command("load_results", sample, as_json=True, stdout=again)
    assert again.getvalue().count('"unchanged"') == 6


def test_the_glossary_and_the_tour_name_what_the_screens_name() -> None:
    labels = {str(step.label) for step in STEPS}
    tour = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {"Patient came", "Record outcome"} <= labels
    assert "“Patient came”" in tour or '"Patient came"' in tour
