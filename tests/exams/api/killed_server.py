"""The platform in a process of its own, which is killed once git has taken a push and before that is written down.

Called with the name of the database, the folder of the repositories, and the port's file descriptor.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import django
import uvicorn
from django.conf import settings

settings.DATABASES["default"]["NAME"] = sys.argv[1]
settings.HOTSEAT_REPOSITORIES = Path(sys.argv[2])
django.setup()

import tests.packs  # noqa: E402, F401 - registers the small pack
from config.asgi import application  # noqa: E402
from exams.api import git_http  # noqa: E402


def _killed(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


setattr(git_http, "_ledger", _killed)  # noqa: B010 - of another type, because it never returns
listening = socket.socket(fileno=int(sys.argv[3]))
uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off", ws="none")).run(sockets=[listening])
