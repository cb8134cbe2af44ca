"""Puts the sandbox image on the engine: `python -m sandboxes.image.build`, or `ensure` from a program.

The image's tag is a hash of all it is made of, so an image that is there need not be built again, and one that
should be different has a different name. No registry is asked for anything.
"""

from __future__ import annotations

import sys
import tempfile
from functools import cache
from typing import TYPE_CHECKING, Any

import requests.exceptions
from docker import APIClient
from docker.errors import APIError, DockerException, ImageNotFound
from docker.utils import kwargs_from_env

from sandboxes.image.rootfs import ENTRYPOINT, ENVIRONMENT, assemble
from sandboxes.sandbox import EngineRefused, EngineUnreachable, SandboxFault

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = "hotseat-sandbox"
_IMPORT_SECONDS = 300


@cache
def expected_image() -> str:
    """The name of the image that belongs to this code and this interpreter.

    Raises:
        CannotAssemble: no image can be made from this interpreter.
    """
    return f"{REPOSITORY}:{assemble().tag}"


def ensure(progress: Callable[[str], None], *, image: str | None = None) -> str:
    """Make sure that the image is on the engine, and return its name; `progress` is told each step.

    An `image` of the operator's own is only looked for; it is theirs to build.

    Raises:
        EngineUnreachable: no engine answers.
        EngineRefused: the engine would not take the image, or has none of the operator's name.
        CannotAssemble: no image can be made from this interpreter.
    """
    name = image or expected_image()
    try:
        client = APIClient(version="auto", timeout=_IMPORT_SECONDS, **kwargs_from_env())
    except DockerException as error:
        raise EngineUnreachable(
            f"No container engine answers: {error}. Start Docker, and check that this user may use it."
        ) from error
    with client:
        try:
            if _present(client, name):
                progress(f"{name} is there")
            elif image:
                raise EngineRefused(
                    f"The engine has no image {image}. Build it from sandboxes/image/Dockerfile, or unset "
                    "HOTSEAT_SANDBOX_IMAGE to have one made."
                )
            else:
                _import(client, name, progress)
        except (APIError, requests.exceptions.RequestException) as error:
            raise EngineRefused(f"The container engine would not take the sandbox image: {error}") from error
    return name


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
        ensure(lambda line: print(f"sandbox image: {line}", flush=True))  # noqa: T201 - for people
    except SandboxFault as error:
        print(f"sandbox image: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
