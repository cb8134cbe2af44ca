"""Runs `manage.py` against the platform's own parts."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from deploy.local import places, postgres, processes, services
from deploy.local.places import Home
from deploy.local.supervise import Supervisor
from deploy.local.trouble import Trouble


def environment(home: Home, *, port: int | None = None) -> dict[str, str]:
    """The environment of every process of the platform."""
    return (
        {"DJANGO_SETTINGS_MODULE": "config.settings.dev"}
        | os.environ
        | services.addresses(home).as_env()
        | {"HOTSEAT_STATE_DIR": str(places.state_dir())}
        | ({"PORT": str(port)} if port else {})
    )


def prepare(home: Home, env: Mapping[str, str], *argv: str) -> str:
    """Run a command that must succeed; return what it printed.

    Raises:
        Trouble: it failed.
    """
    log = home.logs / f"{argv[0]}.log"
    ended = subprocess.run(
        [*processes.dying_with_parent(), sys.executable, "manage.py", *argv],
        cwd=places.ROOT,
        env=env,
        stdin=subprocess.DEVNULL,  # nobody sees a question that it might ask
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        log.write_text(ended.stdout + ended.stderr)  # only then: what it prints may be a password
        last = (ended.stderr.strip() or ended.stdout.strip() or "it said nothing").splitlines()[-1]
        raise Trouble(f"manage.py {argv[0]} failed: {last}\nAll it said is in {log}.")
    return ended.stdout


def run(argv: Sequence[str]) -> int:
    """Run any command as the person at the terminal asks; return its exit status."""
    home = places.platform()
    return subprocess.call([sys.executable, "manage.py", *argv], cwd=places.ROOT, env=environment(home))


def shell() -> int:
    """Open the person's shell with the platform's environment, interpreter and PostgreSQL tools in it."""
    home = places.platform()
    env = environment(home)
    folders = [str(places.state_dir() / "venv" / "bin"), str(postgres.binaries()), env.get("PATH", "")]
    env["PATH"] = os.pathsep.join(folders)
    if os.environ.get("DATABASE_URL") or "postgres" in Supervisor(home).statuses():
        print('python manage.py … reaches the platform here, and so does psql "$DATABASE_URL"; exit leaves.')
    else:
        print("The platform is not running: what needs its database will fail. Leave with exit, then: make up DETACH=1")
    return subprocess.call([os.environ.get("SHELL") or "/bin/sh"], cwd=places.ROOT, env=env)
