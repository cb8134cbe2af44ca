"""Tests: the same parts as production, with cheap password hashing and tasks rung by hand."""

from config.settings import env
from config.settings.base import *  # noqa: F403 - a settings module is its base with differences
from config.settings.base import DATABASES, HOTSEAT_STATE_DIR, INSTALLED_APPS, SPECTACULAR_SETTINGS

INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]  # for `make check`
SECRET_KEY = "only-for-tests-" + "0" * 40
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # signing in is not what most tests measure
AXES_ENABLED = False  # the lock-out has tests of its own that switch it on
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
HOTSEAT_STOCK = 0  # tests that want a stock say so
HOTSEAT_REPOSITORIES = HOTSEAT_STATE_DIR / "test" / "repositories"
DATABASES["default"]["TEST"] = {"NAME": "test_hotseat_" + env.text("HOTSEAT_TEST_DB", "main")}
# The suite empties tables between tests; the record tables refuse that to everybody else.
DATABASES["default"]["OPTIONS"] = DATABASES["default"].get("OPTIONS", {}) | {"options": "-c hotseat.allow_truncate=on"}  # type: ignore[operator]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
SPECTACULAR_SETTINGS = SPECTACULAR_SETTINGS | {"DISABLE_ERRORS_AND_WARNINGS": False}
