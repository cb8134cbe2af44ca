"""One machine, embedded parts: what `make up` runs."""

from config.settings import env
from config.settings.base import *  # noqa: F403 - a settings module is its base with differences
from config.settings.base import HOTSEAT_STATE_DIR


def _local_secret() -> str:
    """A secret made once for this machine, so that sign-ins survive a restart and no default key exists."""
    from django.core.management.utils import get_random_secret_key  # noqa: PLC0415 - needed on the first start only

    file = HOTSEAT_STATE_DIR / "secret_key"
    if not file.exists():
        HOTSEAT_STATE_DIR.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_text(get_random_secret_key())
        fresh.chmod(0o600)
        fresh.replace(file)
    return file.read_text()


SECRET_KEY = env.text("SECRET_KEY") or _local_secret()

# A platform on one's own machine shows the demonstration twin; one for real learners does not.
HOTSEAT_DEMO = env.flag("HOTSEAT_DEMO", default=True)
