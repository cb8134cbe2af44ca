"""Is the platform ready, and what to tell the person who waits for it."""

import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from deploy.local.places import Home
from deploy.local.supervise import Supervisor
from deploy.local.trouble import Trouble

_GRACE_SECONDS = 10.0


def missing(address: str) -> dict[str, str] | None:
    """What the platform at `address` still lacks, part by part; None when it does not answer at all."""
    try:
        answer = httpx.get(f"{address}/readyz", timeout=5, trust_env=False)
        parts = answer.json()["parts"]
    except (httpx.HTTPError, ValueError, KeyError):
        return None
    return {name: part["detail"] for name, part in parts.items() if not part["ok"]}


def wait(address: str, supervisor: Supervisor, names: Sequence[str], *, seconds: float = 180) -> None:
    """Return when `/readyz` is green.

    Raises:
        Trouble: a process keeps ending, or something is still missing after `seconds`.
    """
    begun = time.monotonic()
    while True:
        lacks = missing(address)
        if lacks == {}:
            return
        waited = time.monotonic() - begun
        failed = supervisor.failed(names)
        if failed and waited > _GRACE_SECONDS:  # one false start may mend itself
            log = supervisor.log(failed)
            raise Trouble(f"{failed} keeps ending. Its last words:\n{_tail(log)}\nAll it said is in {log}.")
        if waited > seconds:
            what = (
                "; ".join(f"{name}: {detail}" for name, detail in lacks.items()) if lacks else "the web does not answer"
            )
            raise Trouble(f"Not ready after {seconds:.0f} s ({what}). Read the logs in {supervisor.home.logs}.")
        time.sleep(0.2)


def _tail(log: Path, lines: int = 12) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(none)"


def remember(home: Home, address: str) -> None:
    """Note the address for those who ask while it runs."""
    (home.path / "address").write_text(address)


def address(home: Home) -> str:
    """The address of the platform that runs, or that ran last.

    Raises:
        Trouble: none ever ran here.
    """
    try:
        return (home.path / "address").read_text()
    except OSError as error:
        raise Trouble("Hotseat is not running. Start it: make up") from error
