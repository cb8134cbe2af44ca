"""Which addresses a learner can make the platform talk to, and which not, however they are written."""

from __future__ import annotations

import socket
import time

import pytest

from sandboxes.ingest import IngestRefused, Refusal, SourceUnreachable
from sandboxes.ingest.addresses import is_public, parse_source, pinned_addresses


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "140.82.112.3", "1.1.1.1", "192.88.98.1", "2606:4700:4700::1111", "2a00:1450:4001::8a"],
)
def test_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0",  # noqa: S104 - refused here, not bound to
        "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1",
        "203.0.113.9", "192.88.99.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1",
        "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0",
        "fec0::1", "ff02::1", "5f00::1", "4000::1",
    ],
)  # fmt: skip
def test_nothing_else_is(address: str) -> None:
    assert not is_public(address)


def test_an_address_is_taken_apart_and_rebuilt() -> None:
    source = parse_source("https://Git.Example.org/team/fix.git", allowed_hosts=[])
    assert (source.url, source.host, source.port) == (
        "https://git.example.org:443/team/fix.git",
        "git.example.org",
        443,
    )
    assert not source.trusted
    assert parse_source("https://[2606:4700::1]:8443/a", allowed_hosts=[]).url == "https://[2606:4700::1]:8443/a"


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "git.example.org/a", "//git.example.org/a", "https:git.example.org/a", "https:///a", "https://",
        "https://git.example.org", "https://git.example.org/", "https://git.example.org/a?x=1",
        "https://git.example.org/a#x", "http://git.example.org/a", "git://git.example.org/a",
        "ssh://git@git.example.org/a", "git@git.example.org:a.git",
        "file:///etc/passwd", "file://localhost/etc", "ftp://git.example.org/a", "/srv/git/a.git", "../a.git",
        "ext::sh -c touch% /tmp/x", "ext::https://a/b", "https::https://a.org/b", "fd::17", "ext::sh",
        "--upload-pack=touch /tmp/x", "-oProxyCommand=x", "https://-oProxyCommand=x/a", "https://git.example.org:99999/a",
        "https://git.example.org:0x50/a", "https://git.example.org/$HOME", "https://git.example.org/${HOME}/a",
        "https://git.example.org/`id`", "https://git.example.org/a b", "https://git.example.org/a\nb",
        "https://git.example.org/a\\b", "https://git.example.org\\@127.0.0.1/a", "https://git.example.org/%0a",
        "https://git.example.org/a%00b", "https://gït.example.org/a", "https://127.1/a", "https://0x7f.1/a",
        "https://2130706433/a", "https://0177.0.0.1/a", "https://0x7f000001/a", "https://1.2.3.04/a",
        "https://git.example.org./a", "https://.example.org/a", "https://exa mple.org/a", "https://[::1/a",
        "https://[fe80::1%25eth0]/a",
        "https://git.example.org/" + "a" * 2_000,
    ],
)  # fmt: skip
def test_what_is_not_a_plain_https_address_is_refused(url: str) -> None:
    with pytest.raises(IngestRefused) as caught:
        parse_source(url, allowed_hosts=[])
    assert caught.value.code == Refusal.BAD_URL or "@" in url


@pytest.mark.parametrize(
    "url", ["https://ada:hunter2@git.example.org/a", "https://hunter2@git.example.org/a", "https://@a.org/b"]
)
def test_a_password_in_the_address_is_refused_and_never_repeated(url: str) -> None:
    with pytest.raises(IngestRefused) as caught:
        parse_source(url, allowed_hosts=["git.example.org"])
    assert caught.value.code == Refusal.CREDENTIALS_IN_URL
    assert "hunter2" not in f"{caught.value} {caught.value!r} {caught.value.args}"


def test_http_is_for_hosts_the_operator_named() -> None:
    assert parse_source("http://git.bank.example:8080/a", allowed_hosts=["git.bank.example"]).trusted
    assert parse_source("http://git.bank.example:8080/a", allowed_hosts=["GIT.bank.example:8080"]).trusted
    for allowed in ([], ["bank.example"], ["git.bank.example:80"], ["xgit.bank.example"]):
        with pytest.raises(IngestRefused):
            parse_source("http://git.bank.example:8080/a", allowed_hosts=allowed)


def pinned(url: str, *addresses: str, allowed: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The addresses pinned when the host resolves to `addresses`."""
    source = parse_source(url, allowed_hosts=allowed)
    return pinned_addresses(source, resolver=lambda _host, _port: addresses, seconds=2)


def test_public_addresses_are_pinned_once_each() -> None:
    assert pinned("https://a.org/b", "8.8.8.8", "8.8.8.8", "2606:4700::1") == ("8.8.8.8", "2606:4700::1")
    assert pinned("https://8.8.8.8/b") == ("8.8.8.8",)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.1.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "100.64.1.1"]
)
def test_a_name_that_leads_inside_is_refused_even_among_public_ones(address: str) -> None:
    for addresses in ((address,), ("8.8.8.8", address), (address, "8.8.8.8")):
        with pytest.raises(IngestRefused) as caught:
            pinned("https://a.org/b", *addresses)
        assert caught.value.code == Refusal.FORBIDDEN_ADDRESS
        assert address not in caught.value.message
    assert pinned("https://a.org/b", address, allowed=("a.org",)) == (address,)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "10.0.0.8", "[::ffff:127.0.0.1]", "169.254.169.254", "[fd00::1]"]
)
def test_an_inner_address_written_out_is_refused(host: str) -> None:
    with pytest.raises(IngestRefused) as caught:
        pinned(f"https://{host}/a")
    assert caught.value.code == Refusal.FORBIDDEN_ADDRESS
    assert pinned(f"https://{host}/a", allowed=(host,))


def test_a_lookup_that_fails_or_hangs_is_tried_again_later() -> None:
    def failing(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    def nobody(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no")

    def hanging(_host: str, _port: int) -> list[str]:
        time.sleep(3)
        return ["8.8.8.8"]

    def empty(_host: str, _port: int) -> list[str]:
        return []

    source = parse_source("https://a.org/b", allowed_hosts=[])
    for resolver in (failing, nobody, hanging, empty):
        with pytest.raises(SourceUnreachable):
            pinned_addresses(source, resolver=resolver, seconds=0.1)
