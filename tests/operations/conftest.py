"""Fixtures of the operators' tests: a key for back-ups, a folder of their own."""

from pathlib import Path

import pytest
from pytest_django import Settings

from operations.backup.encryption import new_age_key


@pytest.fixture
def identity_file(settings: Settings, tmp_path: Path) -> Path:
    """The private key; the public one stands in the settings, and back-ups go to a folder of this test."""
    private, public = new_age_key()
    settings.BACKUP_RECIPIENTS, settings.BACKUP_DIR = [public], tmp_path / "backups"
    path = tmp_path / "key.txt"
    path.write_text(private + "\n")
    return path
