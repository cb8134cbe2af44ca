"""The web server's entry: `uvicorn config.asgi:application`."""

import os
from typing import Any, cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

from django.core.asgi import get_asgi_application

django = cast("Any", get_asgi_application())

# These read models, which are ready only now.
from config.arrival import Application, note_arrival  # noqa: E402
from config.events_stream import Desk, stream_events  # noqa: E402

# The feed streams beside Django: a view that streams would hold a thread and a connection for each reader.
application = stream_events(note_arrival(django), Desk())

__all__ = ["Application", "application"]
