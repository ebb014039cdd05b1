"""Lists what an environment lacks for the production profile, and connections that would carry patients in clear."""

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qs

from config.env_values import split_address

if TYPE_CHECKING:
    from config.env import Environment

LOCAL_HOSTS = ("", "localhost", "127.0.0.1", "::1")
CATCHER_PORT = 1025  # where Mailpit and MailHog listen: what they take reaches no patient
# "require" encrypts and asks nobody who answers.
VERIFIED_SSL_MODES = ("verify-ca", "verify-full")


def list_production_faults(env: "Environment") -> list[str]:
    """Each variable that the production profile lacks or can't accept, with the remedy."""
    required = {
        "SECRET_KEY": env.secret_key,
        "ALLOWED_HOSTS": env.allowed_hosts,
        "PUBLIC_URL": env.public_url,
        "DATABASE_URL": env.database_url,
        "REDIS_URL": env.redis_url,
        "EMAIL_URL": env.email_url,
        "DEFAULT_FROM_EMAIL": env.default_from_email,
    }
    faults = [f"{name}: must be set in the production profile" for name, value in required.items() if not value]
    if env.public_url and not env.public_url.startswith("https://"):
        faults.append("PUBLIC_URL: must start with https:// in the production profile")
    if env.database_url and env.database_url.get_secret_value().startswith("sqlite"):
        faults.append("DATABASE_URL: must be PostgreSQL in the production profile")
    if "*" in env.allowed_hosts:
        faults.append("ALLOWED_HOSTS: must name the hosts in the production profile, not *")
    if env.sms_url and env.sms_url.get_secret_value().startswith("file"):
        faults.append("SMS_URL: must name a real service in the production profile, not file://")
    faults += _list_plain_connections(env)
    if env.sso_url and not env.sso_url.startswith("https://"):
        faults.append("SSO_URL: must start with https:// in the production profile")
    if env.sso_url and not (env.sso_client_id and env.sso_client_secret):
        faults.append("SSO_CLIENT_ID, SSO_CLIENT_SECRET: must be set with SSO_URL")
    if env.debug:
        faults.append("DEBUG: must not be set in the production profile")
    return faults


def _list_plain_connections(env: "Environment") -> list[str]:
    """Connections that would carry patients' data over a network as it is, and nobody has said that this is meant."""
    faults = []
    if env.email_url:
        mail = split_address(env.email_url.get_secret_value())
        if mail.port == CATCHER_PORT:
            faults.append("EMAIL_URL: port 1025 is that of a mail catcher, and no message would reach anybody")
        elif _is_plain(mail, "smtp") and "mail" not in env.plain_transport:
            faults.append("EMAIL_URL: must be smtp+tls:// or smtp+ssl://, or say PLAIN_TRANSPORT=mail")
    broker = split_address(env.redis_url.get_secret_value()) if env.redis_url else None
    if broker and _is_plain(broker, "redis") and "broker" not in env.plain_transport:
        faults.append("REDIS_URL: must be rediss://, or say PLAIN_TRANSPORT=broker")
    for name, url in (("DATABASE_URL", env.database_url), ("REPORTS_DATABASE_URL", env.reports_database_url)):
        if url and "database" not in env.plain_transport and _is_unverified(url.get_secret_value()):
            faults.append(f"{name}: needs ?sslmode=verify-full (or verify-ca), or say PLAIN_TRANSPORT=database")
    return faults


def _is_unverified(url: str) -> bool:
    """Whether a database on another host would be spoken to without asking who answers."""
    database = split_address(url)
    options = parse_qs(database.query)
    host, mode = options.get("host", [database.hostname or ""])[0], options.get("sslmode", [""])[0]
    return host not in LOCAL_HOSTS and not host.startswith("/") and mode not in VERIFIED_SSL_MODES


def _is_plain(address: SplitResult, scheme: str) -> bool:
    return address.scheme == scheme and (address.hostname or "") not in LOCAL_HOSTS
