"""Pins and hashes what `requirements/*.in` allow; no address of any registry enters the files."""

import os
import subprocess
import sys
from pathlib import Path

from deploy.local import places
from deploy.local.saying import step
from deploy.local.trouble import Trouble

_FILES = ("installer", "base", "dev")  # in this order: dev is held to what base chose


def run() -> int:
    """Write the three pinned files anew.

    Raises:
        Trouble: the requirements contradict each other, or no registry is reached.
    """
    uv = Path(sys.executable).with_name("uv")
    flags = [
        "--upgrade",
        "--generate-hashes",
        "--python-version",
        "3.11",
        "--no-header",
        "--no-emit-index-url",
        "--system-certs",
        "--quiet",
    ]
    for name in _FILES:
        with step(f"requirements/{name}.txt"):
            source, target = f"requirements/{name}.in", f"requirements/{name}.txt"
            argv = [str(uv), "pip", "compile", *flags, source, "--output-file", target]
            ended = subprocess.run(argv, cwd=places.ROOT, env=os.environ, capture_output=True, text=True, check=False)
            if ended.returncode:
                raise Trouble(f"{source} could not be resolved: {ended.stderr.strip()}")
    return 0
