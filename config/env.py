"""Reads and checks the environment variables of Recall Desk.

Every setting a site may change is one field of `Environment`; its description is its documentation. A wrong value
stops the program with the variable's name and what is allowed, and never repeats the value, which may be a secret.
An empty variable counts as not set.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from django.core.exceptions import ImproperlyConfigured
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from config.env_production import list_production_faults
from config.env_values import (
    MIN_HISTORY_KEY_LENGTH,
    BackupRecipients,
    CommaSeparated,
    DatabaseUrl,
    EmailUrl,
    MailAddresses,
    Networks,
    RedisUrl,
    SecretKeys,
    SmsUrl,
    allowed_schemes,
    check_history_key,
    check_mail_address,
    check_metrics_token,
    check_web_address,
    check_webhook_secret,
    split_commas,
)
from config.webhook_providers import check_providers

PROJECT_ROOT = Path(__file__).resolve().parent.parent
MIN_SECRET_KEY_LENGTH = 50
DEFAULT_PORT = 8000
FILE_SUFFIX = "_FILE"


class FileSource(PydanticBaseSettingsSource):
    """NAME_FILE names a file that holds the value of NAME, as secrets of containers are handed over."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        name = str(field.validation_alias)
        path = os.environ.get(f"{name}{FILE_SUFFIX}")
        if not path:
            return None, name, False
        if os.environ.get(name):
            raise ImproperlyConfigured(f"The environment is not usable.\n  {name}: set it or {name}_FILE, not both")
        try:
            return Path(path).read_text(encoding="utf-8").strip(), name, False
        except OSError as error:
            raise ImproperlyConfigured(
                f"The environment is not usable.\n  {name}_FILE: cannot be read: {error.strerror}"
            ) from None

    def __call__(self) -> dict[str, Any]:
        found = (self.get_field_value(field, name) for name, field in self.settings_cls.model_fields.items())
        return {name: value for value, name, _is_complex in found if value}


def _check_pairs(value: list[str]) -> list[str]:
    if not all(re.fullmatch(r"[^=]+=[a-z_]+", pair) for pair in value):
        raise ValueError("allowed: group=role, separated by commas, such as recall-schedulers=scheduler")
    return value


class Environment(BaseSettings):
    """The whole configuration of one Recall Desk process, read once from its environment variables and their files."""

    model_config = SettingsConfigDict(hide_input_in_errors=True, env_ignore_empty=True, extra="ignore", frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, FileSource(settings_cls)

    profile: Literal["embedded", "production"] = Field(
        "embedded",
        validation_alias="RECALLDESK_PROFILE",
        description="`embedded` needs no other server and invents its own secrets; `production` refuses to start "
        "until every secret and address is given, and serves over HTTPS only.",
    )
    secret_key: SecretStr | None = Field(
        None,
        validation_alias="SECRET_KEY",
        description=f"Signs sessions and links: {MIN_SECRET_KEY_LENGTH} or more random characters. "
        "Embedded: made once and kept in DATA_DIR.",
    )
    secret_key_fallbacks: SecretKeys = Field(
        [],
        validation_alias="SECRET_KEY_FALLBACKS",
        description="Former values of SECRET_KEY, separated by commas: what they signed is still taken, nothing new is "
        "signed with them. Remove one once the links it signed are out of use.",
    )
    history_key: Annotated[SecretStr, AfterValidator(check_history_key)] | None = Field(
        None,
        validation_alias="HISTORY_KEY",
        description=f"Seals what happened: {MIN_HISTORY_KEY_LENGTH} or more random characters, kept outside the "
        "database and its back-ups. To change it put the new one before the old one, with a comma, and keep both. "
        "Not set: seals without a key, which whoever writes to the database could compute.",
    )
    history_head_file: Path | None = Field(
        None,
        validation_alias="HISTORY_HEAD_FILE",
        description="File outside the database in which the head of the history is kept each hour; best on another "
        "machine's disk. Not set: history-heads.jsonl in DATA_DIR.",
    )
    history_head_syslog: str | None = Field(
        None,
        validation_alias="HISTORY_HEAD_SYSLOG",
        description="System log that gets the same line: host:port (UDP) or the path of a socket such as /dev/log.",
    )
    history_head_email: MailAddresses = Field(
        [],
        validation_alias="HISTORY_HEAD_EMAIL",
        description="Addresses that get the same line by mail, separated by commas; over ALERT_EMAIL_URL if set.",
    )
    allowed_hosts: CommaSeparated = Field(
        [],
        validation_alias="ALLOWED_HOSTS",
        description="Host names the site answers to, separated by commas. Embedded: this machine only.",
    )
    public_url: Annotated[str, AfterValidator(check_web_address)] | None = Field(
        None,
        validation_alias="PUBLIC_URL",
        description="The address people type, used for links in messages, such as https://recall.example.org.",
    )
    database_url: DatabaseUrl | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="postgres://user:password@host:5432/name. Embedded: SQLite in DATA_DIR.",
    )
    reports_database_url: DatabaseUrl | None = Field(
        None,
        validation_alias="REPORTS_DATABASE_URL",
        description="A copy that PostgreSQL keeps up to date (hot standby), from which the audit, the waits and CSV "
        "files read while it is no more than five minutes behind. Not set: they read from DATABASE_URL.",
    )
    database_pooled: bool = Field(
        False,
        validation_alias="DATABASE_POOLED",
        description="Whether DATABASE_URL leads to a pooler in transaction mode, such as PgBouncer.",
    )
    redis_url: RedisUrl | None = Field(
        None,
        validation_alias="REDIS_URL",
        description="redis://, rediss:// or unix:// address of Redis 7 or Valkey. Embedded: a private one is started.",
    )
    email_url: EmailUrl | None = Field(
        None,
        validation_alias="EMAIL_URL",
        description="smtp://user:password@host:port, smtp+tls:// (STARTTLS) or smtp+ssl://. "
        "Embedded: mail is kept in DATA_DIR and shown by the app, and never leaves the machine.",
    )
    sms_url: SmsUrl | None = Field(
        None,
        validation_alias="SMS_URL",
        description="twilio://SID:TOKEN@SENDER: text messages leave through Twilio; the sender is a number such as "
        "+14125550100 or a messaging service (MG...). Empty: no text messages. Embedded without EMAIL_URL: they are "
        "kept beside the mail (file://).",
    )
    default_from_email: str | None = Field(
        None, validation_alias="DEFAULT_FROM_EMAIL", description='Sender of every e-mail: "Clinic name <a@b.example>".'
    )
    education_from_email: str | None = Field(
        None,
        validation_alias="EDUCATION_FROM_EMAIL",
        description="Sender of the series about breast health, an address of its own. Not set: no such series.",
    )
    bounce_address: Annotated[str, AfterValidator(check_mail_address)] | None = Field(
        None,
        validation_alias="BOUNCE_ADDRESS",
        description="Mailbox to which undeliverable e-mail goes back, read by `manage.py read_bounces`. "
        "Not set: the address of DEFAULT_FROM_EMAIL.",
    )
    webhook_secret: Annotated[SecretStr, AfterValidator(check_webhook_secret)] | None = Field(
        None,
        validation_alias="WEBHOOK_SECRET",
        description="user:password, 20 or more characters, with which a mail provider signs in to report what was "
        "delivered and what came back. Not set: no such reports are taken.",
    )
    webhook_providers: Annotated[SecretStr, AfterValidator(check_providers)] | None = Field(
        None,
        validation_alias="WEBHOOK_PROVIDERS",
        description="Names of the mail providers that report, separated by commas, each with its signing key where it "
        "has one: postmark, or mailgun=key. An address exists for these alone.",
    )
    text_link_hosts: CommaSeparated = Field(
        [],
        validation_alias="TEXT_LINK_HOSTS",
        description="Hosts, separated by commas, to which links in the clinic's own texts may lead, besides our own.",
    )
    webhook_hosts: CommaSeparated = Field(
        [],
        validation_alias="WEBHOOK_HOSTS",
        description="Hosts of your own network, separated by commas, that may be told of recalls by webhook, also "
        "without TLS. Not set: only public addresses by https.",
    )
    mail_per_domain_per_minute: int = Field(
        0,
        ge=0,
        validation_alias="MAIL_PER_DOMAIN_PER_MINUTE",
        description="At most so many e-mails a minute to one mail domain, such as gmail.com; 0 for no limit.",
    )
    demo: bool = Field(
        True,
        validation_alias="DEMO",
        description="Embedded: whether `make run` makes the demo clinic in an empty installation; `no` prints a code "
        "with which your own clinic is set up in the browser.",
    )
    second_factor_roles: CommaSeparated = Field(
        [],
        validation_alias="SECOND_FACTOR_ROLES",
        description="Roles that must sign in with a second factor, separated by commas, such as "
        "administrator,manager,radiologist; `all` for everybody, `none` for nobody. Not set: everybody in the "
        "production profile, nobody in the embedded one.",
    )
    sso_url: str | None = Field(
        None,
        validation_alias="SSO_URL",
        description="Single sign-on: the issuer's address of the house's OpenID Connect provider, by https in "
        "production. Not set: none.",
    )
    sso_client_id: str | None = Field(None, validation_alias="SSO_CLIENT_ID", description="Our name at that provider.")
    sso_client_secret: SecretStr | None = Field(
        None, validation_alias="SSO_CLIENT_SECRET", description="Our secret at that provider."
    )
    sso_name: str = Field(
        "your house",
        validation_alias="SSO_NAME",
        description="What the link on the sign-in page calls it, such as Sample Hospital.",
    )
    sso_groups: Annotated[CommaSeparated, AfterValidator(_check_pairs)] = Field(
        [],
        validation_alias="SSO_GROUPS",
        description="Which group of the directory gives which role, separated by commas: "
        "recall-schedulers=scheduler,recall-readers=radiologist. Not set: roles are given here.",
    )
    sso_groups_claim: str = Field(
        "groups", validation_alias="SSO_GROUPS_CLAIM", description="The claim in which the provider names the groups."
    )
    data_dir: Path = Field(
        PROJECT_ROOT / "var",
        validation_alias="DATA_DIR",
        description="Folder for what the app keeps on disk: database, mail, collected static files, the "
        "scheduler service's timetable.",
    )
    port: int = Field(DEFAULT_PORT, ge=1, le=65535, validation_alias="PORT", description="Port of the web server.")
    bind: str = Field(
        "127.0.0.1", validation_alias="BIND", description="Address the web server listens on; 0.0.0.0 for all."
    )
    web_workers: int = Field(2, ge=1, le=64, validation_alias="WEB_WORKERS", description="Web server processes.")
    worker_concurrency: int = Field(
        2, ge=1, le=64, validation_alias="WORKER_CONCURRENCY", description="Celery worker processes."
    )
    plain_transport: Annotated[list[Literal["database", "broker", "mail"]], NoDecode, BeforeValidator(split_commas)] = (
        Field(
            [],
            validation_alias="PLAIN_TRANSPORT",
            description="Production: which connections to other hosts may go unencrypted, because their network is "
            "private: database, broker, mail. Not set: each must be encrypted or stay on this host.",
        )
    )
    trusted_proxies: Networks = Field(
        [],
        validation_alias="TRUSTED_PROXIES",
        description="Addresses or networks of the HTTPS proxy in front; only its X-Forwarded-* headers are believed.",
    )
    loop_ping_url: Annotated[SecretStr, allowed_schemes("http", "https")] | None = Field(
        None,
        validation_alias="LOOP_PING_URL",
        description="Asked for each hour when the check found no recall without a next step, and with /fail behind it "
        "when it found one: a dead man's switch such as Healthchecks.",
    )
    alert_email: MailAddresses = Field(
        [],
        validation_alias="ALERT_EMAIL",
        description="Whom `manage.py watch` writes to when a part is late or down: addresses, separated by commas.",
    )
    alert_email_url: EmailUrl | None = Field(
        None,
        validation_alias="ALERT_EMAIL_URL",
        description="Mail server for these alerts, in the form of EMAIL_URL; best another one, since the usual one may "
        "be what is down. Not set: that of EMAIL_URL.",
    )
    alert_webhook_url: Annotated[SecretStr, allowed_schemes("http", "https")] | None = Field(
        None,
        validation_alias="ALERT_WEBHOOK_URL",
        description='Address that gets the same alerts as {"text": "..."}, as Slack, Mattermost and others take it.',
    )
    metrics_token: Annotated[SecretStr, AfterValidator(check_metrics_token)] | None = Field(
        None,
        validation_alias="METRICS_TOKEN",
        description="Bearer token, 20 or more characters, with which Prometheus reads /metrics/. Not set: no page.",
    )
    traces_url: Annotated[str, AfterValidator(check_web_address)] | None = Field(
        None,
        validation_alias="TRACES_URL",
        description="Address of an OpenTelemetry collector (OTLP over HTTP) that gets a span for each request and "
        "task, such as http://127.0.0.1:4318. Needs the packages of the extra `traces`. Not set: none are made.",
    )
    downtime_sheet: bool = Field(
        True,
        validation_alias="DOWNTIME_SHEET",
        description="Whether the sheet for a day without the system is written every 15 minutes. "
        "It holds names and phone numbers.",
    )
    downtime_dir: Path | None = Field(
        None,
        validation_alias="DOWNTIME_DIR",
        description="Folder of those sheets, readable by its owner alone (mode 700). Not set: downtime in DATA_DIR.",
    )
    backup_recipients: BackupRecipients = Field(
        [],
        validation_alias="BACKUP_RECIPIENTS",
        description="Who can read the back-ups: public age keys (age1..., made by `manage.py backup_key`), or gpg: and "
        "a fingerprint in this user's keyring; separated by commas. Not set: `manage.py backup` makes none.",
    )
    backup_dir: Path | None = Field(
        None,
        validation_alias="BACKUP_DIR",
        description="Folder of the back-ups, mode 700, best on another disk. Not set: backups in DATA_DIR.",
    )
    backup_keep: int = Field(
        14, ge=2, validation_alias="BACKUP_KEEP", description="How many back-ups stay; older ones are removed."
    )
    backup_hour: int | None = Field(
        None,
        ge=0,
        le=23,
        validation_alias="BACKUP_HOUR",
        description="Hour (UTC) at which a worker makes the day's back-up, where no timer of the system does.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", validation_alias="LOG_LEVEL", description="Least severe line that is logged."
    )
    debug: bool = Field(
        False, validation_alias="DEBUG", description="Django's debug pages, for development; embedded profile only."
    )

    @model_validator(mode="after")
    def _check_production(self) -> Self:
        if self.profile == "production" and (faults := list(list_production_faults(self))):
            raise ValueError("; ".join(faults))
        if self.secret_key and len(self.secret_key.get_secret_value()) < MIN_SECRET_KEY_LENGTH:
            raise ValueError(f"SECRET_KEY: needs {MIN_SECRET_KEY_LENGTH} or more characters")
        return self


def read_environment() -> Environment:
    """The checked environment; raises ImproperlyConfigured naming each wrong variable and what it may hold."""
    try:
        return Environment()
    except ValidationError as error:
        lines = [
            _format_fault(fault["loc"], fault["msg"]) for fault in error.errors(include_input=False, include_url=False)
        ]
    raise ImproperlyConfigured("The environment is not usable.\n" + "\n".join(lines))


def _format_fault(location: tuple[int | str, ...], message: str) -> str:
    plain = message.removeprefix("Value error, ")
    return f"  {location[0]}: {plain}" if location else "\n".join(f"  {part}" for part in plain.split("; "))
