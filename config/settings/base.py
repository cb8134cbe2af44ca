"""Settings that hold everywhere; each of dev, test and production says only what differs."""

import os
from datetime import timedelta
from pathlib import Path

from config.settings import env

# The language model's matrices are small: one thread is several times faster than two that wait for each other. This
# is the first thing every process of ours reads, so numpy is not loaded yet.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

BASE_DIR = Path(__file__).resolve().parents[2]

# --- Hotseat's own ---------------------------------------------------------------------------------------------
HOTSEAT_STATE_DIR = env.path("HOTSEAT_STATE_DIR", BASE_DIR / ".hotseat")
HOTSEAT_REPOSITORIES = env.path("HOTSEAT_REPOSITORIES", HOTSEAT_STATE_DIR / "repositories")
HOTSEAT_SANDBOX = env.text("HOTSEAT_SANDBOX", "docker")
HOTSEAT_SANDBOX_IMAGE = env.text("HOTSEAT_SANDBOX_IMAGE")
HOTSEAT_SANDBOX_POOL = env.number("HOTSEAT_SANDBOX_POOL", 2)
HOTSEAT_PUBLIC_URL = env.text("HOTSEAT_PUBLIC_URL", f"http://127.0.0.1:{env.number('PORT', 8000)}")
HOTSEAT_ALLOWED_GIT_HOSTS = env.words("HOTSEAT_ALLOWED_GIT_HOSTS")
HOTSEAT_GIT_CA_FILE = env.readable_file("HOTSEAT_GIT_CA_FILE")  # none: the authorities this machine trusts
HOTSEAT_MAX_OPEN_CLAIMS = env.number("HOTSEAT_MAX_OPEN_CLAIMS", 4)
HOTSEAT_DEMO = env.flag("HOTSEAT_DEMO")
HOTSEAT_METRICS_TOKEN = env.text("HOTSEAT_METRICS_TOKEN")  # empty: only admins and this machine itself see /metrics
# A deployment's replay keeps a core busy for long; with two, one learner's slow code does not hold up everybody's.
HOTSEAT_REPLAYS_AT_ONCE = env.number("HOTSEAT_REPLAYS_AT_ONCE", 2)
HOTSEAT_TELEMETRY_PER_MINUTE = env.number("HOTSEAT_TELEMETRY_PER_MINUTE", 60, least=1)  # of one person; more at first
HOTSEAT_EXPORTS_PER_HOUR = env.number("HOTSEAT_EXPORTS_PER_HOUR", 60, least=1)
HOTSEAT_STOCK = env.number("HOTSEAT_STOCK", 4)  # incidents kept ready for each published twin

# --- Django ----------------------------------------------------------------------------------------------------
SECRET_KEY = env.text("SECRET_KEY")
DEBUG = False
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
AUTH_USER_MODEL = "accounts.User"
SILENCED_SYSTEM_CHECKS = [
    "auth.W004",  # e-mail addresses are unique whatever their case, by a constraint that the check does not know
    "rest_framework.W001",  # PAGE_SIZE is for the cursor paginators that each list names
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = HOTSEAT_STATE_DIR / "static"
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024  # JSON bodies; uploads of files have a limit and a doorway of their own
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

INSTALLED_APPS = [
    "accounts.operators_pages.OperatorsPages",  # Django's admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "knox",
    "axes",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "exams",
    "grading",
    "rubrics",
]

MIDDLEWARE = [
    "config.every_error.errors_are_problems",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASE_URL = env.text("DATABASE_URL", "postgresql://hotseat@/hotseat?host=" + str(HOTSEAT_STATE_DIR / "run"))
DATABASES = {"default": env.database(DATABASE_URL) | {"CONN_HEALTH_CHECKS": True}}

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_VERBOSE = False  # no line about itself before what each command says
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "accounts.signing_in.guessed_address"  # its own guess misses the operators' sign-in
AXES_LOCKOUT_CALLABLE = "config.problem_pages.locked_out"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "style-src": ["'self'", "'unsafe-inline'"],  # the API's documentation page styles itself inline
        "frame-ancestors": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
    }
}

# --- API -------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.token_header.PrintableTokenAuthentication",
        "accounts.session_header.SessionWithCsrfToken",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["exams.api.bodies.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.refusing.handle",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
REST_KNOX = {"TOKEN_TTL": timedelta(days=30), "AUTO_REFRESH": False, "AUTH_HEADER_PREFIX": "Token"}
SPECTACULAR_SETTINGS = {
    "TITLE": "Hotseat",
    "DESCRIPTION": "Timed live-incident exams in ML operations. Every time is UTC, from the server's one clock.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},  # nobody else's server looks at ours
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "config.schema.with_problems"],
    "ENUM_NAME_OVERRIDES": {
        "IncidentStateEnum": "exams.models.StatusUpdate.State",
        "GradingRunStateEnum": ["received", "waiting", "running", "held", "graded", "platform_fault"],
        "ReviewStateEnum": ["open", "claimed", "signed_off"],
    },
}

# --- Work queue ------------------------------------------------------------------------------------------------
# The broker is a doorbell: every task finds its work in the database, so nothing is kept in results.
CELERY_BROKER_URL = env.text("BROKER_URL", "redis+socket://" + str(HOTSEAT_STATE_DIR / "run" / "valkey.sock"))
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 600  # seconds; must stay below the visibility timeout, or a long task would be run twice
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 900, "unacked_restore_interval": 5}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
# What needs the container engine goes to the workers that may reach it. What a learner does to the live model is short,
# and the clock runs while they wait: it has processes of its own, so that it never stands behind other people's runs.
# Drawing incidents is long and can wait: its worker has a low priority and stands in nobody's way.
# Giving a run its place in the queue needs no engine: who waits is told of it at once.
CELERY_TASK_ROUTES = {
    "grading.tasks.replay_stock": {"queue": "stock"},
    "grading.tasks.replay_deployments": {"queue": "live"},
    "grading.tasks.check_diagnoses": {"queue": "live"},
    "grading.tasks.enlist_runs": {"queue": "exams"},
    "grading.*": {"queue": "grading"},
    "exams.tasks.answer_questions": {"queue": "live"},
    "exams.tasks.fill_stock": {"queue": "stock"},
}
CELERY_TASK_DEFAULT_QUEUE = "exams"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# --- Telling people and operators ------------------------------------------------------------------------------
EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Hotseat <hotseat@localhost>")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    # Sweeps run every second or two: a line for each that was sent, received and ended would bury what matters.
    "loggers": {name: {"level": "WARNING"} for name in ("celery.app.trace", "celery.beat", "celery.worker.strategy")},
}
