"""Listens for HL7 v2 messages over MLLP until it is stopped."""

import asyncio
import gc
import ipaddress
import ssl
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError, CommandParser

from exchange.hl7.mllp.applier import Applier
from exchange.hl7.mllp.connection import Limits
from exchange.hl7.mllp.listener import MllpListener

MEGABYTE = 1024 * 1024

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = (
        "Listen for HL7 v2 messages over MLLP. Each is stored as it came before it is acknowledged, then applied. "
        "On a network it wants a certificate of its own and a CA for those of the senders."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen at; this machine alone by default")
        parser.add_argument("--port", type=int, default=2575, help="port; 0 takes a free one")
        parser.add_argument("--tls-cert", metavar="FILE", help="our certificate with its chain, PEM")
        parser.add_argument("--tls-key", metavar="FILE", help="its private key, PEM")
        parser.add_argument("--client-ca", metavar="FILE", help="CA that signed the senders' certificates, PEM")
        parser.add_argument(
            "--insecure-network",
            action="store_true",
            help="listen on a network without TLS or without client certificates: only inside a tunnel or VPN",
        )
        limits = Limits()
        parser.add_argument("--max-megabytes", type=float, default=limits.message_bytes / MEGABYTE, help="of a message")
        parser.add_argument("--max-connections", type=int, default=limits.connections, help="at once")
        parser.add_argument("--idle-seconds", type=float, default=limits.idle_seconds, help="between two messages")
        parser.add_argument("--message-seconds", type=float, default=limits.message_seconds, help="for one message")

    def handle(self, *_args: Any, **options: Any) -> None:
        tls = get_tls_context(options)
        if not _is_loopback(options["host"]) and not options["insecure_network"] and not _asks_for_client(tls):
            raise CommandError(
                "On a network, messages with patient data need --tls-cert, --tls-key and --client-ca. "
                "Inside a tunnel or VPN that does the same, say --insecure-network."
            )
        limits = Limits(
            message_bytes=int(options["max_megabytes"] * MEGABYTE),
            connections=options["max_connections"],
            idle_seconds=options["idle_seconds"],
            message_seconds=options["message_seconds"],
        )
        gc.collect()
        gc.freeze()  # the collector would look at the whole program again and again: an eighth of a message's time
        applier = Applier()
        applier.start_process()
        try:
            asyncio.run(_listen(limits, applier, options["host"], options["port"], tls))
        except OSError as error:
            applier.stop()
            raise CommandError(f"Cannot listen at {options['host']} port {options['port']}: {error.strerror}") from None


async def _listen(limits: Limits, applier: Applier, host: str, port: int, tls: ssl.SSLContext | None) -> None:
    def note_ready(bound: int) -> None:
        log.info("hl7_listener_ready", port=bound, tls=tls is not None)

    listener = MllpListener(limits, applier, note_ready)
    await listener.run(host, port, tls)
    log.info("hl7_listener_stopped")
    if listener.lost_applier:
        raise CommandError("The process that applies messages has ended. What was received is kept: start anew.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _asks_for_client(tls: ssl.SSLContext | None) -> bool:
    return tls is not None and tls.verify_mode == ssl.CERT_REQUIRED


def get_tls_context(options: dict[str, Any]) -> ssl.SSLContext | None:
    """Raises CommandError for files that cannot be used, or a key without its certificate."""
    certificate, key, client_ca = options["tls_cert"], options["tls_key"], options["client_ca"]
    if not (certificate or key or client_ca):
        return None
    if not (certificate and key):
        raise CommandError("TLS needs both --tls-cert and --tls-key.")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
        if client_ca:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise CommandError(f"The files of TLS cannot be used: {type(error).__name__}. Are they PEM?") from None
    return context
