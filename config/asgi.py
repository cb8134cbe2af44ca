"""The web server's entry: `uvicorn config.asgi:application`."""

import os
from typing import Any, cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

from django.core.asgi import get_asgi_application

from config.arrival import Application, note_arrival

application = note_arrival(cast("Any", get_asgi_application()))

__all__ = ["Application", "application"]
