"""Holds that PostgreSQL as it is shipped writes no patient into its own log, also when it refuses a row."""

from pathlib import Path

import psycopg
import pytest
import yaml

from config.env import PROJECT_ROOT
from tests.support.servers import ServerNotFoundError, run_postgres

CANARY = "Zqfamily"
REFUSED = (
    "INSERT INTO patient VALUES ('ZQMRN-Zqfamily')",  # the second one breaks the key
    "INSERT INTO patient VALUES (NULL, 'Zqfamily')",
    "SELECT 'Zqfamily'::integer",
    'SELECT nothing FROM "Zqfamily"',
)


def write_log(log: Path, **settings: str) -> str:
    """What the server logs of refused statements that quote a patient."""
    try:
        with run_postgres(log, **settings) as url, psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE patient (mrn text PRIMARY KEY, name text)")
            connection.execute(REFUSED[0])
            for statement in REFUSED:
                with pytest.raises(psycopg.Error):
                    connection.execute(statement)
    except ServerNotFoundError as reason:
        pytest.skip(str(reason))
    return log.read_text(encoding="utf-8", errors="replace")


def shipped_settings() -> dict[str, str]:
    compose = yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return dict(word.split("=", 1) for word in compose["services"]["db"]["command"] if "=" in word)


def test_the_settings_of_the_containers_keep_patients_out_of_its_log(tmp_path: Path) -> None:
    assert CANARY in write_log(tmp_path / "stock.log", log_min_messages="warning")
    log = write_log(tmp_path / "shipped.log", **shipped_settings())
    assert "ready to accept connections" in log
    assert CANARY not in log


def test_the_page_names_the_same_settings() -> None:
    page = (PROJECT_ROOT / "docs/install.md").read_text(encoding="utf-8")
    assert all(f"{name} = {value}" in page for name, value in shipped_settings().items())
