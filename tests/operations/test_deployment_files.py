"""Holds that nothing under deploy/ and in docker-compose.yml has more rights or reach than it needs."""

import re
from typing import Any

import pytest
import yaml

from config.env import PROJECT_ROOT, Environment

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
UNITS = sorted((PROJECT_ROOT / "deploy" / "systemd").glob("*.service"))
MANIFESTS = [
    manifest
    for manifest in yaml.safe_load_all(
        (PROJECT_ROOT / "deploy" / "kubernetes" / "recalldesk.yaml").read_text(encoding="utf-8")
    )
    if manifest
]
VARIABLES = {str(field.validation_alias) for field in Environment.model_fields.values()}


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_no_container_has_more_rights_than_it_needs(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "ports" not in service or name == "proxy"


def test_database_and_broker_are_reached_from_inside_alone() -> None:
    assert COMPOSE["networks"]["back"]["internal"]
    assert [COMPOSE["services"][name]["networks"] for name in ("db", "redis")] == [["back"], ["back"]]


def test_no_mail_catcher_and_no_secret_stands_in_the_containers() -> None:
    assert "mail" not in COMPOSE["services"]
    text = (PROJECT_ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert not re.search(r"PASSWORD: |SECRET_KEY: |REDIS_URL: |DATABASE_URL: ", text)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_every_unit_of_systemd_is_closed_in(unit: Any) -> None:
    lines = set(unit.read_text(encoding="utf-8").splitlines())
    assert {"NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "User=recalldesk"} <= lines


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_no_service_reads_the_history_of_the_source_code(unit: Any) -> None:
    """Images are made without it, units of a checkout hide it."""
    assert "InaccessiblePaths=-/srv/recall-desk/app/.git" in unit.read_text(encoding="utf-8").splitlines()
    assert ".git" in (PROJECT_ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def test_every_unit_of_systemd_takes_the_role_that_is_made_for_it() -> None:
    """Its file comes second, so that its DATABASE_URL holds; the docs name the same files."""
    docs = (PROJECT_ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    for unit in UNITS:
        read = re.findall(r"^EnvironmentFile=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
        assert read[0] == "/etc/recall-desk.env"
        assert f"| `{read[1].removeprefix('-')}` |" in docs


def test_the_proxy_keeps_to_https_with_a_certificate_that_every_browser_trusts() -> None:
    """Caddy does so by itself, with TLS 1.2 and 1.3 and strong ciphers alone, unless its file says otherwise."""
    lines = (PROJECT_ROOT / "deploy" / "caddy" / "Caddyfile").read_text(encoding="utf-8").splitlines()
    told = [line.split("#")[0].strip() for line in lines]
    assert "{$RECALLDESK_HOST} {" in told
    assert [
        line for line in told if re.match(r"(tls|auto_https|protocols|ciphers|http_port|local_certs|http://)", line)
    ] == []
    assert COMPOSE["services"]["proxy"]["ports"] == ["80:80", "443:443"]


def _containers(manifest: Any) -> list[Any]:
    spec = manifest.get("spec", {})
    template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
    return template["spec"]["containers"] if template else []


def test_every_container_of_the_manifests_is_closed_in() -> None:
    containers = [container for manifest in MANIFESTS for container in _containers(manifest)]
    assert {container["name"] for container in containers} == {"migrate", "web", "worker", "beat", "watch", "backup"}
    for container in containers:
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"]
        assert not rights["allowPrivilegeEscalation"]
        assert rights["capabilities"] == {"drop": ["ALL"]}


def test_every_setting_that_the_files_name_exists() -> None:
    named = set(COMPOSE["services"]["web"]["environment"])
    named |= {name for manifest in MANIFESTS if manifest["kind"] == "ConfigMap" for name in manifest["data"]}
    assert {name.removesuffix("_FILE") for name in named} <= VARIABLES
