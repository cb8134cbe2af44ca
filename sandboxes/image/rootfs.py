"""The sandbox's root file system, put together from the files of the interpreter that runs this program.

Nothing is fetched: the interpreter, its standard library, the shared libraries these need, and the few packages
that the launcher imports are copied to fixed places. There is no shell and no other program in it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import os
import platform
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from sandboxes.sandbox import SandboxFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RECIPE = 4  # raise when the layout or the start command changes: it is part of every tag

PYTHON = "opt/python"
NATIVE = "opt/python/native"
HOTSEAT = "opt/hotseat"
PACKAGES = ("numpy", "pytest", "iniconfig", "packaging", "pluggy", "pygments")

ENTRYPOINT = (f"/{PYTHON}/bin/python3", "-P", "-s", "-S", "-B", f"/{HOTSEAT}/launcher.py", "--root", "/work")
ENVIRONMENT = {
    "LD_LIBRARY_PATH": f"/{NATIVE}",
    "HOME": "/work",
    "TMPDIR": "/tmp",  # noqa: S108 - a tmpfs of the container's own
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
# What Docker sets if we do not; set here so that every engine shows submitted code the same.
ENVIRONMENT["PATH"] = f"/{PYTHON}/bin"

_LAUNCHER_FILES = ("launcher.py", "harness.py")

_UNWANTED_FOLDERS = frozenset(
    {
        "__pycache__", "site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "turtledemo",
        "ensurepip", "lib2to3", "pydoc_data", "venv", "distutils", "f2py", "include", "_pyinstaller",
    }
)  # fmt: skip
_UNWANTED_FILES = re.compile(
    r".*\.(pyi|pyc|a|lib|h|c|pxd|pyx|exe|bat|rst|md|html)"
    r"|turtle\.py|antigravity\.py|sitecustomize\.py|usercustomize\.py"
    r"|(_tkinter|_curses.*|readline|_gdbm|_dbm|nis|ossaudiodev|xx.*|_test.*|_ctypes_test)\..*\.so"
)
_PYGMENTS_LEXERS = frozenset({"__init__.py", "_mapping.py", "python.py", "diff.py", "special.py"})
_STANDARD_FOLDERS = ("dev", "etc", "proc", "sys", "tmp", "work")
_ACCOUNTS = {
    "etc/passwd": b"root:x:0:0:root:/:/nologin\nsandbox:x:10001:10001::/work:/nologin\n",
    "etc/group": b"root:x:0:\nsandbox:x:10001:\n",
    "etc/hosts": b"",
    "etc/hostname": b"",
    "etc/resolv.conf": b"",
}


class CannotAssemble(SandboxFault):
    """This interpreter's files do not make a root file system; the message says which part and what to do."""


@dataclass
class RootFs:
    """The planned content: path inside → where it comes from. `tag` names it by everything it holds."""

    sources: dict[str, Path | bytes] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        """A hash of every input: equal inputs, equal tag, on any machine."""
        digest = hashlib.sha256(f"{RECIPE} {platform.machine()} {ENTRYPOINT} {ENVIRONMENT}".encode())
        for inside in sorted(self.sources):
            digest.update(f"{inside}\0".encode())
            digest.update(hashlib.sha256(_content(self.sources[inside])).digest())
        return digest.hexdigest()[:20]

    def write_tar(self, target: IO[bytes], *, progress: Callable[[str], None]) -> None:
        """Write the canonical tar: sorted, owned by root, without times, every module with its bytecode."""
        with (
            tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as tar,
            tempfile.TemporaryDirectory(prefix="hotseat-rootfs-") as scratch,
        ):
            for folder in self._folders():
                _add_folder(tar, folder)
            modules = [inside for inside in self.sources if inside.endswith(".py")]
            progress(f"compiling {len(modules)} modules (once per version)")
            for inside in sorted(self.sources):
                content = _content(self.sources[inside])
                _add_file(tar, inside, content, program=_is_program(inside))
                if inside.endswith(".py"):
                    bytecode = _bytecode(content, inside, Path(scratch))
                    if bytecode is not None:
                        _add_file(tar, _cached(inside), bytecode)

    def _folders(self) -> list[str]:
        folders = set(_STANDARD_FOLDERS)
        for inside in self.sources:
            if inside.endswith(".py"):
                folders.add(str(PurePosixPath(_cached(inside)).parent))
            folders.update(str(parent) for parent in PurePosixPath(inside).parents)
        return sorted(folders - {"."})


def assemble() -> RootFs:
    """Plan the root file system from the running interpreter.

    1. The interpreter and its standard library.
    2. The packages the launcher imports.
    3. The launcher itself, and the account files that programs expect.
    4. The shared libraries all of these need, and the loader at the path the interpreter names.

    Raises:
        CannotAssemble: a package or a shared library is not on this machine.
    """
    rootfs = RootFs()
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    interpreter = Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
    rootfs.sources[f"{PYTHON}/bin/python3"] = interpreter
    for relative, path in _wanted(Path(sysconfig.get_path("stdlib"))):
        rootfs.sources[f"{PYTHON}/lib/{version}/{relative}"] = path
    for relative, path in _package_files():
        rootfs.sources[f"{HOTSEAT}/packages/{relative}"] = path
    for name in _LAUNCHER_FILES:
        rootfs.sources[f"{HOTSEAT}/{name}"] = Path(__file__).with_name(name)
    rootfs.sources.update(_ACCOUNTS)
    _add_shared_libraries(rootfs, interpreter)
    return rootfs


def _wanted(base: Path) -> Iterator[tuple[str, Path]]:
    for folder, folders, files in os.walk(base):
        folders[:] = sorted(
            name for name in folders if name not in _UNWANTED_FOLDERS and not name.startswith("config-")
        )
        for name in sorted(files):
            path = Path(folder, name)
            if not _UNWANTED_FILES.fullmatch(name) and path.is_file():
                yield path.relative_to(base).as_posix(), path


def _package_files() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        try:
            listed = importlib.metadata.files(package)
        except importlib.metadata.PackageNotFoundError:
            listed = None
        if not listed:
            raise CannotAssemble(
                f"The sandbox image needs the package {package}, which is not installed here. "
                "Install requirements/base.txt and build again."
            )
        for entry in listed:
            inside = entry.as_posix()
            if _wanted_in_package(inside):
                yield inside, Path(str(entry.locate()))


def _wanted_in_package(inside: str) -> bool:
    *folders, name = inside.split("/")
    if ".." in folders or (not folders and name != "py.py"):
        return False
    if any(folder in _UNWANTED_FOLDERS or folder.endswith(".dist-info") for folder in folders):
        return False
    if folders[:2] == ["pygments", "lexers"]:
        return name in _PYGMENTS_LEXERS
    return not _UNWANTED_FILES.fullmatch(name)


def _add_shared_libraries(rootfs: RootFs, interpreter: Path) -> None:
    """Add what the interpreter and every extension module are linked with, as `ldd` finds it."""
    ldd = shutil.which("ldd")
    if ldd is None:
        raise CannotAssemble(
            "The program ldd is not on this machine, so the interpreter's shared libraries cannot be found. "
            "Install the C library's tools (on Debian: libc-bin), or build sandboxes/image/Dockerfile instead."
        )
    binaries = [path for inside, path in rootfs.sources.items() if isinstance(path, Path) and _is_program(inside)]
    listing = subprocess.run(
        [ldd, *(os.path.realpath(path) for path in [interpreter, *binaries])],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
    ).stdout
    shipped = {os.path.realpath(path) for path in binaries}
    for line in listing.splitlines():
        found = re.fullmatch(r"\s+(\S+) => (/\S+) \(0x[0-9a-f]+\)", line)
        loader = re.fullmatch(r"\s+(/\S*/ld-\S+) \(0x[0-9a-f]+\)", line)
        if loader:
            rootfs.sources[loader[1].lstrip("/")] = Path(os.path.realpath(loader[1]))
        elif found and os.path.realpath(found[2]) not in shipped:
            rootfs.sources[f"{NATIVE}/{PurePosixPath(found[1]).name}"] = Path(os.path.realpath(found[2]))
        elif line.endswith("=> not found"):
            raise CannotAssemble(
                f"A shared library of this interpreter is missing:{line.rstrip()}. "
                "Reinstall Python or the library, then build again."
            )


def _is_program(inside: str) -> bool:
    return ".so" in PurePosixPath(inside).name or inside.endswith("/bin/python3")


def _content(source: Path | bytes) -> bytes:
    return source if isinstance(source, bytes) else source.read_bytes()


def _cached(inside: str) -> str:
    module = PurePosixPath(inside)
    return f"{module.parent}/__pycache__/{module.stem}.{sys.implementation.cache_tag}.pyc"


def _bytecode(content: bytes, inside: str, scratch: Path) -> bytes | None:
    """Compile a module for its place inside; unchecked hashes, so that no file time matters."""
    source, compiled = scratch / "module.py", scratch / "module.pyc"
    source.write_bytes(content)
    try:
        py_compile.compile(
            str(source),
            cfile=str(compiled),
            dfile=f"/{inside}",
            doraise=True,
            quiet=2,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    except py_compile.PyCompileError:  # templates and broken-on-purpose files of some packages
        return None
    return compiled.read_bytes()


def _add_folder(tar: tarfile.TarFile, name: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type = tarfile.DIRTYPE
    entry.mode = 0o755
    tar.addfile(entry)


def _add_file(tar: tarfile.TarFile, name: str, content: bytes, *, program: bool = False) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = 0o755 if program else 0o644
    tar.addfile(entry, io.BytesIO(content))
