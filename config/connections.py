"""Builds the settings of the database, the broker and the mail server from their addresses."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from pydantic import SecretStr

from config.embedded import broker_socket
from config.env import Environment

SQLITE = "django.db.backends.sqlite3"
SQLITE_BUSY_TIMEOUT_SECONDS = 20
# Python keeps 128 compiled statements unless told otherwise, which a step and its page fill; compiling one that sets
# off triggers takes 0.6 ms. Each that is kept takes 40 to 130 kB.
SQLITE_KEPT_STATEMENTS = 300
# REPLACE asks the triggers of a table only where triggers may set off triggers.
SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;"
SMTP_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}

CONNECT_TIMEOUT_SECONDS = 2  # a person waits for the page that publishes: a broker that is away must say so at once
SOCKET_TIMEOUT_SECONDS = 5
TASK_TIME_LIMIT_SECONDS = 110
TASK_SOFT_TIME_LIMIT_SECONDS = 90
VISIBILITY_TIMEOUT_SECONDS = (
    300  # longer than any task may run, so that a running task is never given to a second worker
)


def database_settings(url: SecretStr | None, data_dir: Path, *, is_pooled: bool = False) -> dict[str, Any]:
    """Django's settings of a database: PostgreSQL by address, else SQLite that survives a power cut.

    SQLite takes its write lock when a transaction begins (IMMEDIATE): two writers then wait for each other, where
    the default mode would fail one of them with "database is locked". A pooler in transaction mode gives each
    transaction another connection, so that nothing may outlive one.
    """
    config: dict[str, Any] = {"ENGINE": SQLITE, "NAME": str(data_dir / "recalldesk.sqlite3")}
    if url:
        config = {**dj_database_url.parse(url.get_secret_value())}
    if config["ENGINE"] == SQLITE:
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": SQLITE_BUSY_TIMEOUT_SECONDS,
            "init_command": SQLITE_PRAGMAS,
            "cached_statements": SQLITE_KEPT_STATEMENTS,
        }
        # The first to open the file makes two files beside it, the last to close it removes them. On a full disk they
        # cannot be made anew and nothing can be read: so connections stay open.
        config["CONN_MAX_AGE"] = None
    else:
        config["CONN_MAX_AGE"] = 60
        config["CONN_HEALTH_CHECKS"] = True
        config["DISABLE_SERVER_SIDE_CURSORS"] = is_pooled
        if not is_pooled:  # poolers refuse it
            # Compiling a query takes longer than any of our pages' queries, and looking dear is enough to set it off.
            config.setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")
    return config


def email_settings(url: SecretStr) -> dict[str, object]:
    """Django's EMAIL_* settings for an smtp://, smtp+tls:// or smtp+ssl:// address."""
    parts = urlsplit(url.get_secret_value())
    return {
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or SMTP_PORTS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtp+ssl",
    }


def alert_email_server(url: SecretStr | None) -> dict[str, Any]:
    """The arguments of Django's SMTP connection to that server; none for the usual one."""
    if url is None:
        return {}
    names = {"EMAIL_HOST_USER": "username", "EMAIL_HOST_PASSWORD": "password"}
    found = email_settings(url)
    server = {names.get(name, name.removeprefix("EMAIL_").lower()): value for name, value in found.items()}
    return {"backend": "django.core.mail.backends.smtp.EmailBackend", **server}


def get_redis_url(url: SecretStr | None, data_dir: Path) -> str:
    """The address for Redis clients: the given one, else the socket of the private broker."""
    return url.get_secret_value() if url else f"unix://{broker_socket(data_dir)}"


def celery_settings(redis_url: str, *, concurrency: int, data_dir: Path) -> dict[str, object]:
    """Celery set up as a waker: the database is the record, so a message may be lost or come twice, never hang.

    A killed worker's message comes back after REDELIVERY_SECONDS; the minute's sweep is there much earlier.
    """
    return {
        "broker_url": redis_url.replace("unix://", "redis+socket://", 1),
        "broker_connection_retry_on_startup": True,
        "broker_connection_timeout": CONNECT_TIMEOUT_SECONDS,
        "broker_transport_options": {
            "visibility_timeout": VISIBILITY_TIMEOUT_SECONDS,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_timeout": SOCKET_TIMEOUT_SECONDS,
            "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "health_check_interval": 15,
            "max_retries": 0,
        },
        "task_publish_retry": False,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "task_time_limit": TASK_TIME_LIMIT_SECONDS,
        "task_soft_time_limit": TASK_SOFT_TIME_LIMIT_SECONDS,
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_prefetch_multiplier": 1,
        "worker_concurrency": concurrency,
        "worker_soft_shutdown_timeout": 30,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "beat_scheduler": "config.beat:ClockSafeScheduler",
        "beat_schedule_filename": str(data_dir / "beat-schedule"),
        "timezone": "UTC",
    }


def single_sign_on(env: Environment) -> dict[str, Any]:
    """What django-allauth is told of the house's OpenID Connect provider; nothing where none is set."""
    if not env.sso_url:
        return {}
    app = {
        "provider_id": "sso",
        "name": env.sso_name,
        "client_id": env.sso_client_id or "",
        "secret": env.sso_client_secret.get_secret_value() if env.sso_client_secret else "",
        "settings": {"server_url": env.sso_url},
    }
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
