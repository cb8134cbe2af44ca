"""Removes sandbox images that no checkout on this machine has used for a month; each weighs a hundred megabytes."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import requests.exceptions
from docker import APIClient
from docker.errors import DockerException
from docker.utils import kwargs_from_env

from sandboxes.image.build import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable

UNUSED_SECONDS = 30 * 24 * 3600.0
_ENGINE_SECONDS = 60
_FRACTION = re.compile(r"\.\d+")


def tidy(
    progress: Callable[[str], None],
    *,
    current: str,
    repository: str = REPOSITORY,
    unused_seconds: float = UNUSED_SECONDS,
) -> int:
    """Note that `current` is used now, remove those of ours that were not for long, and return how many went.

    Every checkout tags its image anew whenever it starts, so the engine's own time of the last tag says when one was
    used. Nobody else's image has our repository and the hash of one of our making for its tag. The engine refuses to
    give up an image that a container has, running or not. An engine that does not answer is left as it is: nobody
    waits for this.

    Args:
        progress: told which went.
        current: the image that this checkout uses.
        repository: the name without the tag.
        unused_seconds: how long one must have been without use.
    """
    ours = re.compile(rf"(?:.+/)?{re.escape(repository)}:(?:debian-)?[0-9a-f]{{20}}")
    gone = 0
    try:
        with APIClient(version="auto", timeout=_ENGINE_SECONDS, **kwargs_from_env()) as client:
            if ours.fullmatch(current):
                name, _, tag = current.rpartition(":")
                client.tag(current, name, tag)
            for image in client.images():
                for name in image["RepoTags"] or ():
                    if name != current and ours.fullmatch(name) and _unused_for(client, name) > unused_seconds:
                        gone += _removed(client, name, progress)
    except (DockerException, requests.exceptions.RequestException) as error:
        progress(f"old images were left where they are ({error})")
    return gone


def _unused_for(client: APIClient, name: str) -> float:
    """Seconds since it was tagged, or made where the engine does not remember tagging."""
    facts: dict[str, Any] = client.inspect_image(name)  # type: ignore[no-untyped-call]
    tagged = str(facts.get("Metadata", {}).get("LastTagTime") or "0001")
    said = str(facts["Created"]) if tagged.startswith("0001") else tagged
    at = datetime.fromisoformat(_FRACTION.sub("", said))
    return time.time() - at.replace(tzinfo=at.tzinfo or UTC).timestamp()


def _removed(client: APIClient, name: str, progress: Callable[[str], None]) -> bool:
    try:
        client.remove_image(name)
    except DockerException:  # a container has it, or somebody else has just removed it
        return False
    progress(f"removed {name}, which nobody has used for {UNUSED_SECONDS / 86_400:.0f} days")
    return True
