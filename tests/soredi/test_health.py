"""Whether the application says truly that it lives and can do its work."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection

from soredi.celery import HEARTBEAT, HEARTBEAT_SECONDS

ROOT = Path(__file__).resolve().parents[2]


def test_it_lives_without_looking_at_a_server(client):
    response = client.get("/health/live")

    assert (response.status_code, response.content) == (200, b"ok\n")


def test_it_is_not_ready_without_a_worker(committed_db, client):
    response = client.get("/health/ready")

    assert response.status_code == 503
    assert response.json() == {
        "database": "ok",
        "migrations": "ok",
        "broker": "ok",
        "worker": "no heartbeat for 20 s",
    }


def test_a_worker_makes_it_ready_and_its_death_ends_that(process_environment, client):
    worker = subprocess.Popen(
        [*(sys.executable, "-m", "celery", "--quiet", "--app", "soredi", "worker"), "--pool", "solo"],
        cwd=ROOT,
        env=process_environment,
    )
    try:
        deadline = time.monotonic() + 30
        while (response := client.get("/health/ready")).status_code != 200 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert set(response.json().values()) == {"ok"}
    finally:
        worker.kill()
        worker.wait()
    key = cache.make_and_validate_key(HEARTBEAT)
    left = cache._cache.get_client(key).pttl(key)
    assert 0 < left <= HEARTBEAT_SECONDS * 1000


@pytest.mark.django_db
def test_a_missing_migration_makes_it_not_ready(client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")

    response = client.get("/health/ready")

    assert response.status_code == 503
    assert response.json()["migrations"] == "1 not applied"


@pytest.mark.django_db
def test_a_broker_that_does_not_answer_makes_it_not_ready(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    response = client.get("/health/ready")

    assert response.status_code == 503
    assert response.json() == {
        "database": "ok",
        "migrations": "ok",
        "broker": "no answer",
        "worker": "unknown",
    }


def test_only_reading_is_allowed(client):
    assert client.post("/health/live").status_code == 405
    assert client.post("/health/ready").status_code == 405
