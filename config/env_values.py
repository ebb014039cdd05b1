"""Parses and checks single values of the environment; a refusal says what is allowed and never repeats the value."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

MIN_WEBHOOK_SECRET_LENGTH = 20
MIN_HISTORY_KEY_LENGTH = 32


def split_commas(value: object) -> object:
    """Split "a, b" into its parts; leave anything else to the type's own check."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _parse_networks(value: object) -> object:
    words = split_commas(value)
    if not isinstance(words, list):
        return words
    try:
        return [ip_network(word) for word in words]
    except ValueError:
        raise ValueError(
            "allowed: addresses or networks such as 10.0.0.5, 172.16.0.0/12, separated by commas"
        ) from None


def split_address(address: str) -> SplitResult:
    """The address taken apart. What Python says of one it cannot read repeats the password, so it is not passed on."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise ValueError("allowed: an address with its password percent-encoded: p@ss/1 becomes p%40ss%2F1") from None
    return parts


def allowed_schemes(*allowed: str) -> AfterValidator:
    """A check that a secret address starts with one of the allowed schemes."""

    def check(value: SecretStr) -> SecretStr:
        if split_address(value.get_secret_value()).scheme not in allowed:
            raise ValueError("allowed: an address starting with " + ", ".join(f"{scheme}://" for scheme in allowed))
        return value

    return AfterValidator(check)


def check_web_address(value: str) -> str:
    parts = split_address(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("allowed: a web address without a path, such as https://recall.example.org")
    return value.rstrip("/")


def check_mail_address(value: str) -> str:
    name, at, domain = value.rpartition("@")
    if not name or not at or "." not in domain or any(letter.isspace() or letter in "<>," for letter in value):
        raise ValueError("allowed: one bare address, such as bounces@recall.example.org")
    return value


def check_webhook_secret(value: SecretStr) -> SecretStr:
    user, colon, password = value.get_secret_value().partition(":")
    if not (user and colon and password) or len(value.get_secret_value()) < MIN_WEBHOOK_SECRET_LENGTH:
        raise ValueError(f"allowed: user:password, {MIN_WEBHOOK_SECRET_LENGTH} or more characters")
    return value


def check_metrics_token(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < MIN_WEBHOOK_SECRET_LENGTH:
        raise ValueError(f"allowed: {MIN_WEBHOOK_SECRET_LENGTH} or more characters")
    return value


def check_history_key(value: SecretStr) -> SecretStr:
    if any(len(key.strip()) < MIN_HISTORY_KEY_LENGTH for key in value.get_secret_value().split(",")):
        raise ValueError(f"allowed: {MIN_HISTORY_KEY_LENGTH} or more random characters; older keys after a comma")
    return value


def check_backup_recipients(value: list[str]) -> list[str]:
    by_age = [key for key in value if re.fullmatch("age1[a-z0-9]{58}", key)]
    by_gpg = [key for key in value if re.fullmatch("gpg:[0-9A-Fa-f]{16,64}", key)]
    if value not in (by_age, by_gpg):
        raise ValueError("allowed: public keys such as age1..., or gpg:FINGERPRINT, all of one kind")
    return value


CommaSeparated = Annotated[list[str], NoDecode, BeforeValidator(split_commas)]
SecretKeys = Annotated[list[SecretStr], NoDecode, BeforeValidator(split_commas)]
Networks = Annotated[list[IPv4Network | IPv6Network], NoDecode, BeforeValidator(_parse_networks)]
BackupRecipients = Annotated[CommaSeparated, AfterValidator(check_backup_recipients)]
MailAddresses = Annotated[
    list[Annotated[str, AfterValidator(check_mail_address)]], NoDecode, BeforeValidator(split_commas)
]
DatabaseUrl = Annotated[SecretStr, allowed_schemes("postgres", "postgresql", "sqlite")]
RedisUrl = Annotated[SecretStr, allowed_schemes("redis", "rediss", "unix")]
_SMS_SENDER = re.compile(r"\+[1-9][0-9]{6,14}|MG[0-9a-f]{32}")


def check_sms_url(value: SecretStr) -> SecretStr:
    """A whole twilio:// address, or file:// and nothing behind it."""
    address = value.get_secret_value()
    parts = split_address(address)
    keys, _at, sender = parts.netloc.rpartition("@")
    account, _colon, token = keys.partition(":")
    whole = parts.scheme == "twilio" and account and token and _SMS_SENDER.fullmatch(sender) and not parts.path
    if not whole and address != "file://":
        raise ValueError("allowed: twilio://SID:TOKEN@SENDER with a number such as +14125550100 or MG..., or file://")
    return value


SmsUrl = Annotated[SecretStr, AfterValidator(check_sms_url)]
EmailUrl = Annotated[SecretStr, allowed_schemes("smtp", "smtp+tls", "smtp+ssl")]
PlainTransport = Annotated[list[Literal["database", "broker", "mail"]], NoDecode, BeforeValidator(split_commas)]
