"""Loads the production program where the packages of the demo clinic are not installed."""

import re
import tomllib

from config.env import PROJECT_ROOT
from tests.support.production_environment import run_in_production

_HIDE = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("factory", "faker", "time_machine"):
            raise ModuleNotFoundError(f"{name} is no package of production", name=name)
sys.meta_path.insert(0, Hidden())
"""
_LOAD_ALL = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from django.conf import settings
from django.core.management import call_command, get_commands, load_command_class
from config import gunicorn, wsgi
from config.celery import app
assert "demo" not in settings.INSTALLED_APPS
call_command("check", deploy=True, fail_level="WARNING")
app.loader.import_default_modules()
for name, package in get_commands().items():
    load_command_class(package, name)
loaded = [name for name in sys.modules if name.partition(".")[0] == "demo"]
assert not loaded, loaded
print("all loaded")
"""


def _packages(lock: str) -> set[str]:
    text = (PROJECT_ROOT / lock).read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9._-]+)==", text, re.MULTILINE))


def test_production_runs_without_the_packages_of_the_demo_and_without_the_demo() -> None:
    result = run_in_production(["-W", "ignore", "-c", _HIDE + _LOAD_ALL])
    assert result.stdout.endswith("all loaded\n"), result.stderr


def test_production_knows_no_command_that_makes_a_demo() -> None:
    result = run_in_production(["manage.py", "demo"])
    assert result.returncode != 0
    assert "Unknown command: 'demo'" in result.stderr


def test_the_packages_of_the_demo_are_an_extra_and_in_no_production_lock() -> None:
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = {re.split(r"[<>=;\\[]", line)[0] for line in project["optional-dependencies"]["demo"]}
    only_demo = _packages("requirements-demo.txt") - _packages("requirements.txt")
    assert extra == {"factory-boy", "faker", "time-machine"} == only_demo
    assert _packages("requirements-demo.txt") < _packages("requirements-dev.txt")
