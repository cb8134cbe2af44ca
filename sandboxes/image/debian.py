"""The sandbox image from Debian packages: for a machine whose own interpreter's files do not make one. Needs root.

The base is put together by `debootstrap`, imported, and `Dockerfile` is built on it without a network: the wheels that
the image needs are fetched here, by the platform's own pip, and go in with the context.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import ImageNotFound

from sandboxes.image.rootfs import PACKAGES, CannotAssemble
from sandboxes.sandbox import EngineRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker import APIClient

SUITE = "bookworm"  # the one whose python3 is 3.11
BASE = f"hotseat-debian:{SUITE}"
_HOUSE = Path(__file__).resolve().parents[2]
_FILES = (
    "requirements/base.txt", "sandboxes/image/Dockerfile", "sandboxes/image/launcher.py", "sandboxes/image/harness.py"
)  # fmt: skip
_SECONDS = 900


def expected_tag() -> str:
    """A hash of all that the image is made of, but for Debian's packages."""
    digest = hashlib.sha256(SUITE.encode())
    for name in _FILES:
        digest.update((_HOUSE / name).read_bytes())
    return f"debian-{digest.hexdigest()[:20]}"


def build(client: APIClient, name: str, progress: Callable[[str], None]) -> None:
    """Build the image called `name` from Debian packages.

    Raises:
        CannotAssemble: this is no machine to do that on, or a step failed; the message says which.
        EngineRefused: the engine would not build it.
    """
    if os.getuid() != 0 or shutil.which("debootstrap") is None:
        raise CannotAssemble(
            "Debian packages make an image only as root and with debootstrap (apt-get install debootstrap)."
        )
    try:
        client.inspect_image(BASE)  # type: ignore[no-untyped-call]
    except ImageNotFound:
        import_base(client, progress)
    with tempfile.TemporaryDirectory(prefix="hotseat-wheels-") as folder:
        wheels = Path(folder)
        progress("fetching the packages that run inside")
        fetch_wheels(wheels)
        progress(f"building {name} on {BASE}")
        lines = client.build(
            fileobj=context(wheels),
            custom_context=True,
            dockerfile="sandboxes/image/Dockerfile",
            buildargs={"BASE": BASE},
            tag=name,
            network_mode="none",
            rm=True,
            forcerm=True,
            decode=True,
        )
        for line in lines:
            if "error" in line:
                raise EngineRefused(f"The container engine could not build the sandbox image: {line['error'][-500:]}")
        client.prune_images({"dangling": True, "label": "org.hotseat.stage=build"})  # type: ignore[no-untyped-call]


def import_base(client: APIClient, progress: Callable[[str], None]) -> None:
    """Put Debian's smallest system, with Python and pip, on the engine as `BASE`."""
    with tempfile.TemporaryDirectory(prefix="hotseat-debian-") as folder:
        root, packed = Path(folder, "root"), Path(folder, "root.tar")
        progress(f"putting Debian {SUITE} together (about a minute)")
        _run(
            [
                "debootstrap",
                "--variant=minbase",
                "--include=python3,python3-pip",
                *_mirror_options(),
                SUITE,
                str(root),
                *_mirror(),
            ],
            "Debian's packages could not be put together",
        )
        _run(["tar", "-C", str(root), "--exclude=./proc/*", "--exclude=./sys/*", "--exclude=./dev/*",
              "--exclude=./var/cache/apt/*", "-cf", str(packed), "."], "Debian could not be packed")  # fmt: skip
        progress(f"importing {packed.stat().st_size // 1_000_000} MB")
        repository, tag = BASE.split(":")
        client.import_image_from_file(str(packed), repository=repository, tag=tag)


def _mirror() -> list[str]:
    """The archive that this machine's own packages come from, if it says so; else debootstrap's usual one."""
    for listed in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        text = listed.read_text(errors="replace") if listed.is_file() else ""
        found = re.search(r"^(?:URIs:|deb(?: \[[^]]*\])?)\s+(https?://\S*/debian)/?\s", text, re.MULTILINE)
        if found:
            return [found[1]]
    return []


def _mirror_options() -> list[str]:
    keyring = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    return [f"--keyring={keyring}"] if keyring.is_file() else []


def fetch_wheels(folder: Path) -> None:
    """Fetch the pinned packages that run inside, checked against their hashes, as the platform's own were."""
    wanted, keep = [], False
    for line in (_HOUSE / "requirements/base.txt").read_text().splitlines():
        if line[:1].isalpha():
            keep = line.partition("==")[0] in PACKAGES
        if keep:
            wanted.append(line)
    listed = folder / "sandbox.txt"
    listed.write_text("\n".join(wanted) + "\n")
    pip = [shutil.which("pip3") or "pip3"] if not _has_pip() else [sys.executable, "-m", "pip"]
    _run(
        [
            *pip,
            "download",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "--only-binary=:all:",
            "--dest",
            str(folder),
            "-r",
            str(listed),
        ],
        "The packages that run inside could not be fetched",
    )
    listed.unlink()


def _has_pip() -> bool:
    return subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def context(wheels: Path) -> io.BytesIO:
    """What the build is given: the four files it is made of, and the wheels."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, path in _context_files(wheels):
            tar.add(path, name)
    packed.seek(0)
    return packed


def _context_files(wheels: Path) -> Iterator[tuple[str, Path]]:
    yield from ((name, _HOUSE / name) for name in _FILES)
    yield from ((f"wheels/{path.name}", path) for path in sorted(wheels.glob("*.whl")))


def _run(argv: list[str], failure: str) -> None:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotAssemble(f"{failure}: {error}") from error
    if done.returncode:
        raise CannotAssemble(f"{failure}: {(done.stderr or done.stdout).strip()[-500:]}")
