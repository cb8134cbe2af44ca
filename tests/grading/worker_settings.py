"""Settings of the worker processes that the kill tests start: the test's own database, and the small pack at hand."""

import os

from config.settings.test import *  # noqa: F403 - a settings module is its base with differences
from config.settings.test import DATABASES
from tests import packs

DATABASES["default"]["NAME"] = os.environ["HOTSEAT_TEST_DATABASE"]
SMALL_PACK = packs.NAME
