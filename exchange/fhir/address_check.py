"""Says whether an address may be called from here: never one of this network, unless the operator named its host.

A name is looked up once, all of its addresses are checked, and one of these is connected to: a name that changes its
answer in between leads nowhere else.
"""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings

_PORTS = {"https": 443, "http": 80}
_NAT64 = ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class CheckedAddress:
    """Where to connect; `host` is what the certificate and the Host header name."""

    scheme: str
    host: str
    port: int
    path: str
    ip: str = ""

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def check_address(url: str) -> CheckedAddress:
    """The address taken apart. Raises ValueError with a sentence; looks nothing up."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("This is no address.") from None
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or not host or parts.username is not None or parts.fragment or not url.isascii():
        raise ValueError("Write an address such as https://ris.example.org/recalls, without a user name.")
    if any(char.isspace() or ord(char) < 32 for char in url):
        raise ValueError("An address has no spaces.")
    if parts.scheme == "http" and not _is_named(host):
        raise ValueError("Only https is called, except for hosts that WEBHOOK_HOSTS names.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return CheckedAddress(parts.scheme, host, port or _PORTS[parts.scheme], path)


def resolve_address(url: str) -> CheckedAddress:
    """With the IP address to connect to. Raises ValueError for one of this network, OSError where there is none."""
    found = check_address(url)
    answers = socket.getaddrinfo(found.host, found.port, type=socket.SOCK_STREAM)
    ips = [str(answer[4][0]).partition("%")[0] for answer in answers]
    if not _is_named(found.host) and not all(_is_public(ip_address(ip)) for ip in ips):
        raise ValueError("This address leads into a private network.")
    return CheckedAddress(found.scheme, found.host, found.port, found.path, ips[0])


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    """No address of a private network, nor one that leads to such through a gateway (6to4, NAT64) or to many."""
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inner = IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(inner)
    return ip.is_global and not ip.is_multicast


def _is_named(host: str) -> bool:
    return host.lower() in {name.lower() for name in settings.WEBHOOK_HOSTS}
