"""The Celery application; its settings are the `CELERY_` names in settings.py."""

import os
import time
from typing import Any

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soredi.settings")

app = Celery("soredi")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

HEARTBEAT = "worker-heartbeat"
HEARTBEAT_SECONDS = 20
_beaten = float("-inf")


@signals.worker_init.connect
@signals.beat_init.connect
def start_servers(**_: Any) -> None:
    """The broker must be there before the first connection to the database starts it."""
    from django.conf import settings

    from soredi import embedded

    if settings.EMBEDDED:
        embedded.ensure(settings.DATA_DIR)


@signals.heartbeat_sent.connect
def show_life(**_: Any) -> None:
    """Notes that a worker lives; the note expires by itself when the worker stops taking messages.

    Celery sends the signal every two seconds from the loop that takes the messages.
    """
    global _beaten
    if time.monotonic() - _beaten > HEARTBEAT_SECONDS / 4:
        from django.core.cache import cache

        _beaten = time.monotonic()
        cache.set(HEARTBEAT, time.time(), HEARTBEAT_SECONDS)
