"""Holds that wrong settings are refused in words and that production insists on its secrets."""

import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pydantic import SecretStr

from config import embedded
from config.connections import celery_settings, database_settings, email_settings
from config.env import Environment, read_environment
from tests.support.production_environment import PRODUCTION_VARIABLES as PRODUCTION
from tests.support.production_environment import run_in_production

CANARY = "canary-5f1c"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Environment.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)


def _set(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_an_empty_environment_is_a_working_embedded_one() -> None:
    assert read_environment().profile == "embedded"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECALLDESK_PROFILE", CANARY),
        ("SECRET_KEY", CANARY),
        ("PUBLIC_URL", CANARY),
        ("PUBLIC_URL", f"https://example.org/{CANARY}"),
        ("DATABASE_URL", f"mysql://{CANARY}@db/recalls"),
        ("REDIS_URL", f"amqp://{CANARY}"),
        ("EMAIL_URL", f"https://{CANARY}"),
        ("BOUNCE_ADDRESS", CANARY),
        ("BOUNCE_ADDRESS", f"{CANARY} <a@example.org>"),
        ("WEBHOOK_SECRET", CANARY),
        ("MAIL_PER_DOMAIN_PER_MINUTE", CANARY),
        ("SMS_URL", f"twilio://{CANARY}"),
        ("SMS_URL", f"twilio://AC1:{CANARY}@4125550100"),
        ("SMS_URL", f"file:///{CANARY}"),
        ("PORT", CANARY),
        ("PORT", "70000"),
        ("TRUSTED_PROXIES", CANARY),
        ("LOG_LEVEL", CANARY),
        ("DEBUG", CANARY),
        ("DATABASE_URL", f"postgres://recalls:pa:{CANARY}/ss@db/recalls"),
        ("DATABASE_URL", f"postgres://recalls:{CANARY}\u2100@db/recalls"),
        ("DATABASE_URL", f"postgres://recalls:{CANARY}[@db/recalls"),
        ("REDIS_URL", f"redis://:pa:{CANARY}#ss@broker"),
        ("EMAIL_URL", f"smtp+tls://user:{CANARY}/ss@mail.example.org"),
        ("SMS_URL", f"twilio://AC1:{CANARY}\u2100@+14125550100"),
        ("PUBLIC_URL", f"https://recall.example.org:{CANARY}"),
        ("LOOP_PING_URL", f"https://user:{CANARY}/ss@ping.example.org"),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_never_repeated(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured) as refusal:
        read_environment()
    assert f"{name}: " in str(refusal.value)
    assert CANARY not in str(refusal.value)


@pytest.mark.parametrize("missing", sorted(set(PRODUCTION) - {"RECALLDESK_PROFILE"}))
def test_production_refuses_to_start_without(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, PRODUCTION)
    monkeypatch.delenv(missing)
    with pytest.raises(ImproperlyConfigured, match=f"{missing}: must be set in the production profile"):
        read_environment()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "http://recall.example.org"),
        ("DATABASE_URL", "sqlite:////tmp/x"),
        ("ALLOWED_HOSTS", "*"),
        ("DEBUG", "true"),
        ("SMS_URL", "file://"),
    ],
)
def test_production_refuses_what_is_fit_for_a_demo_only(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, PRODUCTION | {name: value})
    with pytest.raises(ImproperlyConfigured, match=f"{name}: must"):
        read_environment()


def test_every_fault_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECALLDESK_PROFILE", "production")
    with pytest.raises(ImproperlyConfigured) as refusal:
        read_environment()
    told = set(re.findall(r"^  (\w+):", str(refusal.value), re.MULTILINE))
    assert told == set(PRODUCTION) - {"RECALLDESK_PROFILE"}


def test_the_production_settings_pass_djangos_own_deployment_check() -> None:
    result = run_in_production(["manage.py", "check", "--deploy", "--fail-level", "WARNING"])
    assert result.returncode == 0, result.stderr


def test_the_embedded_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = embedded.get_secret_key(tmp_path / "var")
    assert embedded.get_secret_key(tmp_path / "var") == first
    assert len(first) >= 50
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o077 == 0
    assert (tmp_path / "var").stat().st_mode & 0o077 == 0


def test_a_data_folder_that_others_can_look_into_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir(mode=0o755)
    with pytest.raises(ImproperlyConfigured, match="chmod 700"):
        embedded.get_secret_key(tmp_path / "var")


def test_a_long_data_folder_still_gets_a_socket_the_system_accepts(tmp_path: Path) -> None:
    assert embedded.broker_socket(tmp_path).parent == tmp_path
    deep = tmp_path / ("d" * 120)
    assert len(str(embedded.broker_socket(deep))) <= embedded.MAX_SOCKET_PATH_BYTES
    assert embedded.broker_socket(deep) != embedded.broker_socket(tmp_path / ("e" * 120))


def test_a_mail_password_with_special_characters_arrives_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, PRODUCTION)
    url = read_environment().email_url
    assert url
    assert email_settings(url) == {
        "EMAIL_HOST": "mail.example.org",
        "EMAIL_PORT": 587,
        "EMAIL_HOST_USER": "user",
        "EMAIL_HOST_PASSWORD": "pa@ss",
        "EMAIL_USE_TLS": True,
        "EMAIL_USE_SSL": False,
    }


@pytest.mark.parametrize("sender", ["+14125550100", "MG" + "0a" * 16])
def test_text_messages_may_leave_from_a_number_or_a_messaging_service(
    sender: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _set(monkeypatch, PRODUCTION | {"SMS_URL": f"twilio://AC1:secret@{sender}"})
    assert read_environment().sms_url


def test_a_database_password_with_special_characters_arrives_whole_and_options_are_passed_on(tmp_path: Path) -> None:
    config = database_settings(SecretStr("postgres://recalls:p%40s%2Fs@db:5433/desk?sslmode=require"), tmp_path)
    assert (config["ENGINE"], config["NAME"]) == ("django.db.backends.postgresql", "desk")
    assert (config["USER"], config["PASSWORD"], config["HOST"], config["PORT"]) == ("recalls", "p@s/s", "db", 5433)
    assert config["OPTIONS"] == {"sslmode": "require", "options": "-c jit=off"}


def test_behind_a_pooler_nothing_outlives_a_transaction(tmp_path: Path) -> None:
    config = database_settings(SecretStr("postgres://recalls@pooler:6432/desk"), tmp_path, is_pooled=True)
    assert config["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert "options" not in config.get("OPTIONS", {})


def test_the_embedded_database_survives_a_power_cut_and_writers_wait_for_each_other(tmp_path: Path) -> None:
    options = database_settings(None, tmp_path)["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert "synchronous=FULL" in options["init_command"]
    assert options["cached_statements"] > 128  # Python's own number, less than a step and its page ask


def test_the_embedded_database_stays_open_so_that_a_full_disk_can_be_read(tmp_path: Path) -> None:
    assert database_settings(None, tmp_path)["CONN_MAX_AGE"] is None


def test_a_running_task_is_never_given_to_a_second_worker(tmp_path: Path) -> None:
    settings = celery_settings("redis://broker", concurrency=2, data_dir=tmp_path)
    transport, limit = settings["broker_transport_options"], settings["task_time_limit"]
    assert isinstance(transport, dict)
    assert isinstance(limit, int)
    assert transport["visibility_timeout"] > limit


@pytest.mark.parametrize(
    ("name", "address", "remedy"),
    [
        ("EMAIL_URL", "smtp://mail.example.org", "PLAIN_TRANSPORT=mail"),
        ("EMAIL_URL", "smtp+tls://mail:1025", "mail catcher"),
        ("REDIS_URL", "redis://broker:6379/0", "PLAIN_TRANSPORT=broker"),
        ("DATABASE_URL", "postgres://recalls@db/recalls", "sslmode=verify-full"),
        ("DATABASE_URL", "postgres://recalls@db/recalls?sslmode=prefer", "sslmode=verify-full"),
        ("DATABASE_URL", "postgres://recalls@db/recalls?sslmode=require", "sslmode=verify-full"),
    ],
)
def test_production_sends_nothing_over_a_network_in_clear_unless_that_is_said(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str, remedy: str
) -> None:
    _set(monkeypatch, {**PRODUCTION, name: address})
    with pytest.raises(ImproperlyConfigured, match=re.escape(remedy)):
        read_environment()


@pytest.mark.parametrize(
    "variables",
    [
        {"EMAIL_URL": "smtp://mail.example.org", "PLAIN_TRANSPORT": "mail"},
        {"EMAIL_URL": "smtp://127.0.0.1:25"},
        {"REDIS_URL": "unix:///run/redis.sock"},
        {"DATABASE_URL": "postgres://recalls@/recalls?host=/run/postgresql"},
        {"DATABASE_URL": "postgres://recalls@db/recalls", "PLAIN_TRANSPORT": "broker, database"},
    ],
)
def test_what_stays_on_this_host_or_is_said_may_be_plain(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    _set(monkeypatch, {**PRODUCTION, **variables})
    assert read_environment().profile == "production"


def test_a_secret_may_be_handed_over_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("f" * 60 + "\n")
    _set(monkeypatch, {**PRODUCTION, "SECRET_KEY": "", "SECRET_KEY_FILE": str(tmp_path / "key")})
    assert read_environment().secret_key == SecretStr("f" * 60)
    monkeypatch.setenv("SECRET_KEY", "g" * 60)
    with pytest.raises(ImproperlyConfigured, match="not both"):
        read_environment()
    _set(monkeypatch, {"SECRET_KEY": "", "SECRET_KEY_FILE": str(tmp_path / "missing")})
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY_FILE: cannot be read"):
        read_environment()
