"""Can the collected static files be served, every reference in them included?"""

from pathlib import Path

from django.core.management import call_command
from django.test import override_settings

from tests.architecture.source import ROOT

MANIFEST_STORAGE = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}


def test_every_file_that_a_static_file_refers_to_is_there(tmp_path: Path) -> None:
    with override_settings(STATIC_ROOT=tmp_path, STORAGES=MANIFEST_STORAGE):
        call_command("collectstatic", verbosity=0, interactive=False)
    assert (tmp_path / "staticfiles.json").exists()


def test_every_vendored_package_comes_with_its_licence() -> None:
    folders = [path for path in (ROOT / "static" / "vendor").iterdir() if path.is_dir()]
    assert folders
    assert [path.name for path in folders if not list(path.glob("LICENSE*"))] == []
