"""Settings, all from the environment.

Without DATABASE_URL the application runs its own PostgreSQL and Valkey under the data folder and answers
on this machine only. With DATABASE_URL it is in production: every secret must be given, and cookies,
redirects and headers assume a TLS proxy in front that sets X-Forwarded-Proto.

| name              | meaning                                                      | default            |
|-------------------|--------------------------------------------------------------|--------------------|
| DATABASE_URL      | postgres://user:password@host:5432/name                      | own server         |
| REDIS_URL         | redis://host:6379/0                                          | own server         |
| SECRET_KEY        | signs sessions and forms, at least 50 random characters      | made, data folder  |
| ALLOWED_HOSTS     | host names the site answers to, separated by commas          | localhost,127.0.0.1|
| DEBUG             | true shows tracebacks to visitors                            | false              |
| SOREDI_DATA_DIR   | folder for servers, keys and files                           | var/ by manage.py  |
| SOREDI_INBOX      | folder with one for each EDI administrator, by its code, to  | none               |
|                   | lay mass-update files in: docs/inbox.md                      |                    |
| SOREDI_INBOX_ACCEPT_WARNINGS | true carries out files with warnings too          | false              |
| SOR_BASE_URL      | folder that the SOR extracts are fetched from                | none               |
| SOR_FETCH_AT      | when in the night, in Danish time                            | 04:45              |
| SOR_COLUMNS_FILE  | file with further column names of the SOR extracts           | none               |
| SOREDI_CERTIFICATION | error: nobody may add what the system of a number is not  | warning            |
|                   | certified to receive; warning: who has seen it may           |                    |
| EMAIL_URL         | smtp://user:password@host:25, or submission:// with TLS      | printed to the log |
| EMAIL_FROM        | who receipts are from                                        | sor-edi@localhost  |
"""

import contextlib
import os
import secrets
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env, validate

from soredi import embedded

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("SOREDI_DATA_DIR", "") or BASE_DIR / "var").absolute()
EMBEDDED = not env.str("DATABASE_URL", "")


def required(name: str, example: str) -> str:
    """The environment variable `name`; raises ImproperlyConfigured with its cure when it is not set."""
    value = env.str(name, "")
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. It is needed when DATABASE_URL is set: export {name}={example} "
            "before the command, or set it under `environment` in docker-compose.yml."
        )
    return value


def kept_secret(path: Path) -> str:
    """The secret in the file `path`, made the first time; of two processes the first to write wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text()


DEBUG = env.bool("DEBUG", False)
if EMBEDDED:
    SECRET_KEY = kept_secret(DATA_DIR / "secret-key")
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1"])
    DATABASES: dict[str, dict[str, Any]] = {"default": embedded.database(DATA_DIR)}
    REDIS_URL = env.str("REDIS_URL", "") or embedded.valkey_url(DATA_DIR)
else:
    SECRET_KEY = required("SECRET_KEY", "<50 random characters>")
    required("ALLOWED_HOSTS", "soredi.example.dk")
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
    DATABASES = {"default": dict(env.dj_db_url("DATABASE_URL"))}
    REDIS_URL = required("REDIS_URL", "redis://localhost:6379/0")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]  # probes come from inside, without the proxy
    SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds())
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "pgtrigger",
    "pghistory",
    "django_tables2",
    "django_filters",
    "django_htmx",
    "axes",
    "csp",
    "soredi",
    "locations",
    "massupdate",
    "sorimport",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "soredi.middleware.language",
    "soredi.middleware.whole_page_login",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "soredi.middleware.no_nul",
    "soredi.middleware.wrong_method",
    "massupdate.uploads.upload",
]
ROOT_URLCONF = "soredi.urls"
WSGI_APPLICATION = "soredi.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "soredi.navigation.navigation",
                "sorimport.nightly.nightly",
            ]
        },
    }
]

AUTH_USER_MODEL = "soredi.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/log-ind/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL
DATA_UPLOAD_MAX_NUMBER_FIELDS = 50_000  # one for each number that is ticked
SESSION_COOKIE_AGE = int(timedelta(hours=8).total_seconds())
# Locking the pair keeps a stranger from locking a colleague out from elsewhere.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "soredi.people.locked"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "da"
LANGUAGES = [("da", "Dansk"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Copenhagen"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "var" / "staticfiles"
STATICFILES_DIRS: list[Any] = [folder for folder in [BASE_DIR / "static"] if folder.exists()]
DKFDS = BASE_DIR / "node_modules" / "dkfds" / "dist"
if DKFDS.exists():
    STATICFILES_DIRS.append(("dkfds", DKFDS))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = DATA_DIR / "files"
EXTRACTS_ROOT = DATA_DIR / "extracts"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "soredi",
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    },
}

INBOX = env.str("SOREDI_INBOX", "")
INBOX_ACCEPT_WARNINGS = env.bool("SOREDI_INBOX_ACCEPT_WARNINGS", False)
SOR_BASE_URL = env.str("SOR_BASE_URL", "")
SOR_FETCH_AT = env.time("SOR_FETCH_AT", time(4, 45))  # the extracts of the night are there by 04:30
SOR_COLUMNS_FILE = env.str("SOR_COLUMNS_FILE", "")
CERTIFICATION = env.str("SOREDI_CERTIFICATION", "warning", validate=validate.OneOf(("warning", "error")))

# Receipts. A mail server that does not answer must not hold a worker for long.
globals().update(env.dj_email_url("EMAIL_URL", "console:") | {"EMAIL_TIMEOUT": 10})
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", "sor-edi@localhost")

# A request that queues a job must not wait for a broker that is down: the job's row is already in the
# database, and the sweep sends it again.
CELERY_BROKER_URL = (
    REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
    if REDIS_URL.startswith("unix://")
    else REDIS_URL
)
CELERY_BROKER_CONNECTION_TIMEOUT = 0.5
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 0.8,
    "socket_connect_timeout": 0.5,
    "max_retries": 0,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = 2
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "soredi.sweep", "schedule": 30.0},
    "expire_plans": {"task": "locations.expire_plans", "schedule": 3600.0},
    "drop_unused_lists": {"task": "locations.drop_unused_lists", "schedule": crontab(hour=3, minute=10)},
    "clean": {"task": "sorimport.clean", "schedule": crontab(hour=3, minute=20)},
}
if INBOX:
    CELERY_BEAT_SCHEDULE["sweep_inbox"] = {
        "task": "massupdate.sweep_inbox",
        "schedule": 15.0,
        "options": {"expires": 15},  # sweeps that nobody could do need not be done after one another
    }
if SOR_BASE_URL:
    CELERY_BEAT_SCHEDULE["fetch_nightly"] = {
        "task": "sorimport.fetch_nightly",
        "schedule": crontab(hour=SOR_FETCH_AT.hour, minute=SOR_FETCH_AT.minute),
        "options": {"expires": 12 * 3600},  # workers that were away for days need fetch once only
    }
# What is kept of the code lists is kept for ever.
PGHISTORY_APPEND_ONLY = True
CELERY_BEAT_MAX_LOOP_INTERVAL = 1  # seconds; also how long it takes to stop
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_TIMEZONE = TIME_ZONE

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {process} {name}: {message}", "style": "{"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"level": "INFO", "handlers": ["stderr"], "propagate": False},
        "axes.apps": {"level": "WARNING"},
    },
}
