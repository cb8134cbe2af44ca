"""Makes the Python environment: the one program that must run with nothing but the interpreter's own library.

`python3 -m deploy.local.bootstrap base|dev [COMMAND...]` leaves `.hotseat/venv` holding exactly the pinned packages and
becomes `python -m deploy.local COMMAND...` in it. When nothing changed since the last time it only compares a stamp.
Before `up` it looks whether a start can succeed; for what can be answered without an environment it makes none.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.local import bare, preconditions
from deploy.local.places import ROOT, another_users, state_dir
from deploy.local.processes import dying_with_parent
from deploy.local.trouble import Trouble

_VERSION = (3, 11)
_STAMP = "hotseat-installed.json"
# Which requirement files a set holds; the larger set satisfies the smaller.
_SETS = {"base": ("base",), "dev": ("base", "dev")}


def ensure(wanted: str) -> Path:
    """Bring the environment up to date and return its interpreter.

    Args:
        wanted: `base` for running, `dev` for testing as well.

    Raises:
        Trouble: no Python 3.11, no way to make an environment, or a package could not be had.
    """
    state = state_dir()
    try:
        (state / "logs").mkdir(parents=True, exist_ok=True)
        lock = (state / "venv.lock").open("w")
    except OSError as error:
        raise another_users(state, error.strerror) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("  … another make is preparing the environment; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        venv = state / "venv"
        python = venv / "bin" / "python"
        stamp = venv / _STAMP
        want = _fingerprint(venv, _SETS[wanted])
        if not stamp.exists() or not _runs_as_wanted(python):  # without a stamp its making was killed half-way
            with _step("Environment", f"making {venv}"):
                _make(venv, state / "logs" / "install.log")
            stamp.write_text("{}")
        elif want.items() <= _read(stamp).items():
            return python
        _install(python, wanted, state / "logs" / "install.log")
        stamp.write_text(json.dumps(want))
    return python


def is_there() -> bool:
    """Whether an environment was made here once, whole, and still works."""
    venv = state_dir() / "venv"
    return bool(_read(venv / _STAMP)) and _runs_as_wanted(venv / "bin" / "python")


def _fingerprint(venv: Path, names: Sequence[str]) -> dict[str, str]:
    files = {name: (ROOT / "requirements" / f"{name}.txt").read_bytes() for name in names}
    return {"place": str(venv)} | {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def _read(stamp: Path) -> dict[str, str]:
    try:
        return dict(json.loads(stamp.read_text()))
    except (OSError, ValueError):
        return {}


def _runs_as_wanted(python: str | Path) -> bool:
    said = "import sys; print(sys.version_info[:2])"
    try:
        ran = subprocess.run([python, "-c", said], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ran.stdout.strip() == str(_VERSION)


def _named() -> str | None:
    """The Python that the person names with `PYTHON`; another instead of it would not be what was asked for."""
    given = os.environ.get("PYTHON")
    if given and not _runs_as_wanted(given):
        raise Trouble(
            f"PYTHON={given} is no Python 3.11 that runs here. Give the path of one, "
            "or unset PYTHON to have one looked for."
        )
    return given


def interpreter() -> str:
    """A Python 3.11: `PYTHON`, else this one, one on the path, or one of pyenv's."""
    if given := _named():
        return given
    names = [sys.executable, "python3.11", "/usr/bin/python3.11", "python3"]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    kept = [str(path) for path in sorted(pyenv.glob("3.11*/bin/python3.11"))]
    for name in [*names, *kept]:
        if _runs_as_wanted(name):
            return name
    raise Trouble(
        "Python 3.11 was not found. Install it (on Debian 12: apt-get install python3.11 python3.11-venv), "
        "or say where it is: make PYTHON=/path/to/python3.11 …"
    )


def _make(venv: Path, log: Path) -> None:
    """Make an empty environment.

    Debian ships Python without `ensurepip`. Then the system's pip can install from outside; without that too, root
    may install Debian's package.
    """
    shutil.rmtree(venv, ignore_errors=True)
    python = interpreter()
    if not _has(python, "ensurepip") and not _has(python, "pip") and os.getuid() == 0 and shutil.which("apt-get"):
        _say("\n  … this Python cannot make environments: installing Debian's python3.11-venv")
        apt_get_install("python3.11-venv", log=log)
    if _has(python, "ensurepip"):
        _run([*dying_with_parent(), python, "-m", "venv", str(venv)], log, "The environment could not be made")
    elif _has(python, "pip"):
        _run([python, "-m", "venv", "--without-pip", str(venv)], log, "The environment could not be made")
        # A pip of its own, so that what follows need not know the difference.
        from_outside = [python, "-m", "pip", "--python", str(venv / "bin" / "python"), "install", "--require-hashes"]
        _run([*from_outside, "-r", str(ROOT / "requirements" / "installer.txt")], log, "The installer could not be had")
    else:
        raise Trouble(
            f"{python} can make no environments. Ask root to run: apt-get install python3.11-venv. "
            "Then run the command again."
        )


def _has(python: str, module: str) -> bool:
    if python == sys.executable:
        importlib.invalidate_caches()
        return importlib.util.find_spec(module) is not None
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


def apt_get_install(package: str, *, log: Path) -> None:
    """Install a Debian package as root, asking nothing.

    Raises:
        Trouble: apt-get failed.
    """
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    remedy = f"Debian's {package} could not be installed; install it by hand (apt-get install {package})"
    # One that we started and then were killed beside goes on to its end, and has the lock until then.
    apt_get = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "-qq"]
    since = log.stat().st_size if log.exists() else 0
    _run([*apt_get, "update"], log, remedy, env=env)
    # Without a network `update` only warns and ends well; what `install` then says would not tell why.
    _run([*apt_get, "install", "-y", "--no-install-recommends", package], log, remedy, env=env, since=since)


def _install(python: Path, wanted: str, log: Path) -> None:
    """Install with uv, ten times as fast, and with pip where uv does not work: it reads none of pip's settings."""
    requirements = ROOT / "requirements" / f"{wanted}.txt"
    count = sum(1 for line in requirements.read_text().splitlines() if "==" in line and not line.startswith(" "))
    hashed = ["--require-hashes", "-r"]
    guard = dying_with_parent()
    pip = [*guard, str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    with _step("Packages", f"installing {count} pinned packages (seconds when cached, else a minute or two)"):
        if not _pip_goes_elsewhere(python):
            try:
                _run([*pip, *hashed, str(ROOT / "requirements" / "installer.txt")], log, "")
                # The machine's own certificates: a registry may sit behind an authority that only it knows.
                uv = [*guard, str(python.with_name("uv")), "pip", "install", "--python", str(python), "--system-certs"]
                _run([*uv, "--link-mode=copy", "--compile-bytecode", *hashed, str(requirements)], log, "")
            except Trouble:
                _say("\n  … uv could not; trying pip, which takes a minute longer")
            else:
                return
        _run(
            [*pip, "--no-deps", *hashed, str(requirements)],
            log,
            "The packages could not be installed; check that this machine reaches its package registry",
        )


def _pip_goes_elsewhere(python: Path) -> bool:
    """Whether pip is told to use a registry that uv would not know of."""
    if os.environ.get("UV_INDEX_URL") or os.environ.get("UV_DEFAULT_INDEX"):
        return False
    told = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False).stdout
    return any(line.split("=")[0].rpartition(".")[2] in {"index-url", "no-index"} for line in told.splitlines())


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # a command's own output stays fit for a pipe


@contextmanager
def _step(name: str, doing: str) -> Iterator[None]:
    _say(f"  • {name}: {doing}")
    begun = time.monotonic()
    done = threading.Event()

    def beat() -> None:
        while not done.wait(15):
            _say(f"    … {time.monotonic() - begun:.0f} s")

    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        done.set()
    _say(f"  ✓ {name}: {time.monotonic() - begun:.1f} s")


def _run(
    argv: Sequence[str], log: Path, remedy: str, *, env: dict[str, str] | None = None, since: int | None = None
) -> None:
    """Run a program that must succeed; of a failure quote what tells most of all it wrote to the log `since` there."""
    with log.open("ab") as out:
        out.write(f"\n$ {' '.join(argv)}\n".encode())
        out.flush()
        start = out.tell()
        try:
            ended = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False, env=env)
        except OSError as error:
            raise Trouble(f"{remedy}: {error}.") from error
    if ended.returncode:
        said = log.read_bytes()[start if since is None else since :].decode(errors="replace")
        raise Trouble(f"{remedy}: {_telling(said) or f'status {ended.returncode}'}\nAll it said is in {log}.")


def _telling(said: str) -> str:
    """The first complaint of apt, and its first error if that came later; of other programs the last line."""
    lines = [" ".join(line.split()) for line in said.strip().splitlines() if not line.startswith("$ ")]
    complaints = [line for line in lines if re.match(r"(E|W|Err):", line)]
    errors = [line for line in complaints if line.startswith("E:")]
    return " … ".join(dict.fromkeys([*complaints[:1], *errors[:1]])) or (lines[-1] if lines else "")


def main(wanted: str, *command: str) -> int:
    """Bring the environment up to date and become the command; return only where there is nothing to become."""
    _named()
    if command and not is_there() and (status := bare.answer(command[0])) is not None:
        return status
    if command[:1] == ("up",):
        preconditions.refuse_hopeless_start()
    umask = os.umask(0o022)  # the database's user has to execute what is installed here
    python = ensure(wanted)
    os.umask(umask)
    if command:
        os.execv(python, [str(python), "-m", "deploy.local", *command])  # noqa: S606 - no shell is wanted
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except Trouble as trouble:
        sys.exit(f"\n{trouble}")
    except KeyboardInterrupt:
        sys.exit("\nStopped.")
