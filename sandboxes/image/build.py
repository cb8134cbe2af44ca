"""Puts the sandbox image on the engine: `python -m sandboxes.image.build`, or `ensure` from a program.

The image's tag is a hash of all it is made of, so an image that is there need not be built again, and one that
should be different has a different name. The first way that works is taken: the operator's registry if one is
named, this interpreter's own files, Debian packages.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import requests.exceptions
from docker import APIClient
from docker.auth import get_config_header
from docker.errors import APIError, DockerException, ImageNotFound
from docker.utils import kwargs_from_env

from sandboxes.image import debian
from sandboxes.image.rootfs import ENTRYPOINT, ENVIRONMENT, CannotAssemble, assemble
from sandboxes.sandbox import EngineRefused, EngineTimeout, EngineUnreachable, SandboxFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = "hotseat-sandbox"
_IMPORT_SECONDS = 300
REGISTRY_SECONDS = 300  # for the whole of a pull
REGISTRY_SILENCE_SECONDS = 30  # of an engine that waits for a registry


@cache
def expected_image() -> str:
    """The name of the image that belongs to this code and this interpreter.

    Raises:
        CannotAssemble: no image can be made from this interpreter.
    """
    return f"{REPOSITORY}:{assemble().tag}"


def ensure(progress: Callable[[str], None], *, image: str | None = None, registry: str | None = None) -> str:
    """Make sure that the image is on the engine, and return its name; `progress` is told each step.

    Args:
        progress: told each step, and why a way was not taken.
        image: an image of the operator's own, which is only looked for; it is theirs to build.
        registry: where to look for the image of this very tag before it is made here, such as
            `registry.example.org/exams`. No other registry is asked for anything.

    Raises:
        EngineUnreachable: no engine answers.
        EngineRefused: the engine would not take the image, or has none of the operator's name.
        CannotAssemble: no image can be made from this interpreter.
    """
    try:
        client = APIClient(version="auto", timeout=_IMPORT_SECONDS, **kwargs_from_env())
    except DockerException as error:
        raise EngineUnreachable(
            f"No container engine answers: {error}. Start Docker, and check that this user may use it."
        ) from error
    with client:
        try:
            return _ensure_own(client, image, progress) if image else _ensure_made(client, registry, progress)
        except (APIError, requests.exceptions.RequestException) as error:
            raise EngineRefused(f"The container engine would not take the sandbox image: {error}") from error


def _ensure_own(client: APIClient, image: str, progress: Callable[[str], None]) -> str:
    if not _present(client, image):
        raise EngineRefused(
            f"The engine has no image {image}. Build it from sandboxes/image/Dockerfile, or unset "
            "HOTSEAT_SANDBOX_IMAGE to have one made."
        )
    progress(f"{image} is there")
    return image


def _ensure_made(client: APIClient, registry: str | None, progress: Callable[[str], None]) -> str:
    try:
        name, cannot = expected_image(), None
    except CannotAssemble as error:
        name, cannot = f"{REPOSITORY}:{debian.expected_tag()}", error
    if _present(client, name):
        progress(f"{name} is there")
    elif registry and _pulled(registry, name, progress):
        progress(f"{name} came from {registry}")
    elif cannot is None:
        _import(client, name, progress)
    else:
        progress(f"{cannot} Making it from Debian packages instead.")
        _from_debian(client, name, cannot, progress)
    return name


def _from_debian(client: APIClient, name: str, cannot: CannotAssemble, progress: Callable[[str], None]) -> None:
    try:
        debian.build(client, name, progress)
    except CannotAssemble as error:
        raise CannotAssemble(f"{cannot} {error}") from cannot
    progress(f"{name} is ready")


def _pulled(registry: str, name: str, progress: Callable[[str], None]) -> bool:
    """Whether the registry gave the image; whatever it does instead, the next way is taken and this is said."""
    repository, tag = f"{registry.rstrip('/')}/{REPOSITORY}", name.rpartition(":")[2]
    ends = time.monotonic() + REGISTRY_SECONDS
    progress(f"asking {registry} for it")
    try:
        with APIClient(version="auto", timeout=REGISTRY_SILENCE_SECONDS, **kwargs_from_env()) as client:
            for line in _pulling(client, repository, tag):
                if "error" in line:
                    raise EngineRefused(str(line["error"])[-300:])
                if time.monotonic() > ends:
                    raise EngineTimeout(f"it took longer than {REGISTRY_SECONDS} seconds")
            client.tag(f"{repository}:{tag}", REPOSITORY, tag)
            return _present(client, name)
    except (APIError, requests.exceptions.RequestException, SandboxFault) as error:
        progress(f"{registry} did not give it, so it is made here ({error})")
        return False


def image_id(client: APIClient, name: str) -> str:
    """The engine's own id of an image; docker-py's errors are passed on."""
    found: dict[str, Any] = client.inspect_image(name)  # type: ignore[no-untyped-call]
    return str(found["Id"])


def _present(client: APIClient, name: str) -> bool:
    try:
        image_id(client, name)
    except ImageNotFound:
        return False
    return True


def _pulling(client: APIClient, repository: str, tag: str) -> Iterator[dict[str, Any]]:
    """Pull, yielding what the engine says; its silence has a limit, which `APIClient.pull` would not give it."""
    signed_in = get_config_header(client, repository.partition("/")[0])
    with client.post(
        f"{client.base_url}/v{client.api_version}/images/create",
        params={"fromImage": repository, "tag": tag},
        headers={"X-Registry-Auth": signed_in} if signed_in else {},
        stream=True,
        timeout=REGISTRY_SILENCE_SECONDS,
    ) as answer:
        if not answer.ok:
            raise EngineRefused(answer.text.strip()[-300:])
        for line in answer.iter_lines():
            yield json.loads(line)


def _import(client: APIClient, name: str, progress: Callable[[str], None]) -> None:
    rootfs = assemble()
    progress(f"assembling {name} from {len(rootfs.sources)} files of this interpreter")
    with tempfile.NamedTemporaryFile(prefix="hotseat-image-", suffix=".tar") as archive:
        rootfs.write_tar(archive, progress=progress)
        archive.flush()
        progress(f"importing {archive.tell() // 1_000_000} MB")
        repository, tag = name.rsplit(":", 1)
        changes = [
            f"ENTRYPOINT {_as_json(ENTRYPOINT)}",
            "WORKDIR /work",
            "USER 10001:10001",
            *(f'ENV {key}="{value}"' for key, value in sorted(ENVIRONMENT.items())),
        ]
        answer = client.import_image_from_file(archive.name, repository=repository, tag=tag, changes=changes)
    if not _present(client, name):
        raise EngineRefused(f"The container engine did not keep the sandbox image: {str(answer)[-500:]}")
    progress(f"{name} is ready")


def _as_json(words: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def main() -> int:
    """Build if need be; say what is done; name the remedy if it cannot be done."""
    try:
        ensure(
            lambda line: print(f"sandbox image: {line}", flush=True),  # noqa: T201 - for people
            registry=os.environ.get("HOTSEAT_SANDBOX_REGISTRY") or None,
        )
    except SandboxFault as error:
        print(f"sandbox image: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
