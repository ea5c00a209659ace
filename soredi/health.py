"""Whether the application lives (`/health/live`) and can do its work (`/health/ready`).

Both answer without log-in, and say nothing that a stranger may not know.
"""

import logging
from functools import cache as remember

import redis
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from soredi.celery import HEARTBEAT, HEARTBEAT_SECONDS
from sorimport.nightly import condition

OK = "ok"
SECONDS = 2
logger = logging.getLogger(__name__)


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """200 while the process answers, whatever the servers behind it do."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """`{"database", "migrations", "broker", "worker"}`, each "ok" or what is wrong; 200 when all are.

    Where extracts are fetched, `nightly` tells of that: "ok", "waiting" (for an administrator), "failed" or "missing".
    It is for whoever watches and takes nothing out of service: people work on with the extract of the day before.
    """
    checks = database() | broker()
    status = 200 if set(checks.values()) == {OK} else 503
    return JsonResponse(checks | nightly(), status=status)


def nightly() -> dict[str, str]:
    try:
        found = condition()
    except DatabaseError:
        return {"nightly": "unknown"}
    return {"nightly": found.health.value} if found else {}


def database() -> dict[str, str]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{SECONDS}s'")
            missing = _migrations() - set(MigrationRecorder(connection).applied_migrations())
    except DatabaseError as error:
        logger.warning("Not ready, database: %s", error)
        return {"database": "no answer", "migrations": "unknown"}
    return {"database": OK, "migrations": f"{len(missing)} not applied" if missing else OK}


def broker() -> dict[str, str]:
    client = redis.from_url(settings.REDIS_URL, socket_timeout=SECONDS, socket_connect_timeout=SECONDS)
    try:
        client.ping()
        beats = cache.get(HEARTBEAT) is not None
    except redis.RedisError as error:
        logger.warning("Not ready, broker: %s", error)
        return {"broker": "no answer", "worker": "unknown"}
    finally:
        client.close()
    return {"broker": OK, "worker": OK if beats else f"no heartbeat for {HEARTBEAT_SECONDS} s"}


@remember
def _migrations() -> set[tuple[str, str]]:
    return set(MigrationLoader(None).disk_migrations)
