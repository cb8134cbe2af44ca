"""Decides which addresses on the network a learner may make this platform talk to."""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sandboxes.ingest import IngestRefused, Refusal, SourceUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    Resolver = Callable[[str, int], Sequence[str]]

_MAX_URL = 2_000
_MAX_ADDRESSES = 4
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?)*")
_PATH = re.compile(r"/[A-Za-z0-9._~!&'()*+,;=:@%/-]*")
_ENCODED_CONTROL = re.compile(r"%(?:[01][0-9A-Fa-f]|7[Ff])")
_NUMERIC_LABEL = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")
_DEFAULT_PORTS = {"https": 443, "http": 80}

# Parts of the global ranges that lead back inside, to a tunnel, or nowhere.
_V6_GLOBAL = ipaddress.ip_network("2000::/3")
_V6_NOT_PUBLIC = [
    ipaddress.ip_network(each) for each in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")
]
_V4_NOT_PUBLIC = [
    ipaddress.ip_network(each)
    for each in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15")
]


@dataclass(frozen=True)
class Source:
    """A remote repository's address, taken apart and found harmless in form.

    Attributes:
        url: rebuilt from the parts; holds no user, password, query or fragment.
        trusted: whether the operator allowed this host by name, whatever it resolves to.
    """

    url: str
    scheme: str
    host: str
    port: int
    trusted: bool


def _refused(why: str) -> IngestRefused:
    return IngestRefused(Refusal.BAD_URL, f"{why} Give the https address of a git repository that anyone may read.")


def _is_listed(host: str, port: int, allowed_hosts: Collection[str]) -> bool:
    shown = f"[{host}]" if ":" in host else host
    listed = {each.strip().lower() for each in allowed_hosts}
    return not listed.isdisjoint({host, shown, f"{shown}:{port}"})


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if "%" in host:  # an interface of this machine has no place in an address from outside
        return None
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def parse_source(url: str, *, allowed_hosts: Collection[str]) -> Source:
    """Return the parts of a repository's address.

    Args:
        url: what the learner gave.
        allowed_hosts: `host` or `host:port` that the operator trusts; only these may also be plain http.

    Raises:
        IngestRefused: it is not a plain https address of a host and a path. The message never repeats it.
    """
    if len(url) > _MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise _refused("The address is too long or holds a space or an unusual character.")
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").lower()
    except ValueError:
        raise _refused("The address cannot be read.") from None
    if parts.scheme not in _DEFAULT_PORTS or not url.lower().startswith(parts.scheme + "://"):
        raise _refused("Only https addresses are read; not ssh, git, file or any helper's.")
    if "@" in parts.netloc:
        raise IngestRefused(
            Refusal.CREDENTIALS_IN_URL,
            "The address holds a user name or password. Nothing of it was kept. Make the repository readable "
            "without one, change that password, and give the address alone.",
        )
    if (
        "?" in url
        or "#" in url
        or _PATH.fullmatch(parts.path) is None
        or parts.path == "/"
        or _ENCODED_CONTROL.search(url)
    ):
        raise _refused("The address must be a host and a path, with nothing after '?' or '#'.")
    if _literal(host) is None:
        ends_in_number = _NUMERIC_LABEL.fullmatch(host.rpartition(".")[2]) is not None
        if _HOST.fullmatch(host) is None or ends_in_number:
            raise _refused("The address's host is neither a name nor a plain IP address.")
    port = port or _DEFAULT_PORTS[parts.scheme]
    trusted = _is_listed(host, port, allowed_hosts)
    if parts.scheme == "http" and not trusted:
        raise _refused("Plain http is not read, because anybody on the way could change the files.")
    shown = f"[{host}]" if ":" in host else host
    return Source(
        url=f"{parts.scheme}://{shown}:{port}{parts.path}",
        scheme=parts.scheme,
        host=host,
        port=port,
        trusted=trusted,
    )


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet and to nothing that stands for something else."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if parsed.is_multicast or not parsed.is_global:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in network for network in _V4_NOT_PUBLIC)
    # Only plain unicast counts: mapped, translated and tunnelled forms of IPv4 addresses lie outside or are named.
    return parsed in _V6_GLOBAL and not any(parsed in network for network in _V6_NOT_PUBLIC)


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host as the operating system resolves it, in its order of preference."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(address[0]) for *_, address in found]


def _resolved(source: Source, resolver: Resolver, *, seconds: float) -> Sequence[str]:
    """Resolve in a thread of its own, because the system's resolver cannot be given a time limit."""
    answer: list[Sequence[str]] = []
    failure: list[Exception] = []

    def ask() -> None:
        try:
            answer.append(resolver(source.host, source.port))
        except (OSError, UnicodeError) as error:
            failure.append(error)

    thread = threading.Thread(target=ask, daemon=True, name="resolve")
    thread.start()
    thread.join(seconds)
    if answer:
        return answer[0]
    if failure:
        # "No such name" is also what a machine hears whose own lookup is broken, so it costs the learner nothing.
        raise SourceUnreachable(f"No host called {source.host} was found. Check that the address is right.")
    raise SourceUnreachable(f"The name {source.host} could not be looked up in time.")


def pinned_addresses(source: Source, *, resolver: Resolver, seconds: float) -> tuple[str, ...]:
    """Return the addresses that may be connected to for `source`, looked up once.

    The caller must connect to these and look nothing up again, or the check is worth nothing.

    Raises:
        IngestRefused: one of its addresses is not on the open internet and the operator has not allowed the
            host by name.
        SourceUnreachable: no such host was found, or the lookup took longer than `seconds`.
    """
    literal = _literal(source.host)
    found = [source.host] if literal else _resolved(source, resolver, seconds=seconds)
    addresses = list(dict.fromkeys(str(each) for each in found if "%" not in str(each)))
    if not addresses:
        raise SourceUnreachable(f"The name {source.host} has no address at the moment.")
    if not source.trusted and not all(is_public(each) for each in addresses):
        raise IngestRefused(
            Refusal.FORBIDDEN_ADDRESS,
            f"The host {source.host} is not on the open internet. Hand in a public repository, the one of this "
            "attempt, or a file; an operator can allow a host by name.",
        )
    return tuple(addresses[:_MAX_ADDRESSES])
