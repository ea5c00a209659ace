"""The row of a job is the truth: who may run it, how it ends, and who takes over when its runner dies."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import redis
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from locations.models import ChangeSet
from locations.models.change import Source
from soredi import jobs
from soredi.jobs import MAX_ATTEMPTS, Failed, Refused, State
from soredi.sentences import Sentence

pytestmark = pytest.mark.django_db


def job(**fields: Any) -> ChangeSet:
    return ChangeSet.objects.create(source=Source.EDIT, **fields)


def finish(change_set: ChangeSet) -> None:
    ChangeSet.objects.filter(pk=change_set.pk).update(state=State.DONE, finished_at=timezone.now())


def ended(change_set: ChangeSet) -> tuple[str, str, int, bool]:
    change_set.refresh_from_db()
    return change_set.state, str(change_set.message), change_set.attempts, change_set.finished_at is not None


@pytest.fixture
def sent() -> Iterator[Callable[[], list[int]]]:
    """Empties the queue in Valkey, and gives what reads the keys of the jobs in it."""
    with redis.Redis.from_url(settings.REDIS_URL) as broker:

        def keys() -> list[int]:
            messages: list[bytes] = broker.lrange("celery", 0, -1)  # type: ignore[assignment]
            bodies = [json.loads(base64.b64decode(json.loads(message)["body"])) for message in messages]
            return sorted(args[0] for args, _kwargs, _embed in bodies)

        broker.delete("celery")
        yield keys
        broker.delete("celery")


@pytest.mark.parametrize(
    ("raised", "state", "message"),
    [
        (Refused(Sentence("somebody was first")), State.REFUSED, "somebody was first"),
        (Failed(Sentence("a.csv, line 3: no")), State.FAILED, "a.csv, line 3: no"),
        (RuntimeError("broken\nhint"), State.FAILED, "RuntimeError: broken"),
        (RuntimeError(), State.FAILED, "RuntimeError: "),
    ],
)
def test_what_the_action_raises_ends_the_job_with_the_reason(
    raised: Exception, state: str, message: str
) -> None:
    queued = job(state=State.QUEUED)

    def action(_job: ChangeSet) -> None:
        raise raised

    ChangeSet.run(queued.pk, action)
    now, said, attempts, finished = ended(queued)
    assert (now, said.endswith(message), attempts, finished) == (state, True, 1, True)
    assert "hint" not in said


def test_a_lost_database_leaves_the_job_for_the_sweep() -> None:
    queued = job(state=State.QUEUED)

    def action(_job: ChangeSet) -> None:
        raise OperationalError("the connection is closed")

    with pytest.raises(OperationalError):
        ChangeSet.run(queued.pk, action)
    assert ended(queued) == (State.RUNNING, "", 1, False)
    assert ChangeSet.run(queued.pk, finish).state == State.DONE
    assert ended(queued) == (State.DONE, "", 2, True)


@pytest.mark.parametrize("state", sorted(set(State) - {State.QUEUED, State.RUNNING}))
def test_a_message_for_a_job_that_is_not_queued_does_nothing(state: str) -> None:
    other = job(state=state, finished_at=timezone.now())

    def action(_job: ChangeSet) -> None:
        raise AssertionError("must not run")

    assert ChangeSet.run(other.pk, action).state == state
    assert other.attempts == 0


def test_a_job_whose_runner_died_each_time_is_given_up() -> None:
    dying = job(state=State.RUNNING, attempts=MAX_ATTEMPTS)
    assert ChangeSet.run(dying.pk, finish).state == State.FAILED
    state, message, attempts, finished = ended(dying)
    assert (state, attempts, finished) == (State.FAILED, MAX_ATTEMPTS, True)
    assert str(MAX_ATTEMPTS) in message


def test_a_job_that_somebody_runs_is_left_to_them() -> None:
    running = job(state=State.RUNNING, attempts=1)
    with _held(running):
        assert ChangeSet.run(running.pk, finish).state == State.RUNNING
    assert ended(running) == (State.RUNNING, "", 1, False)


def _held(change_set: ChangeSet) -> psycopg.Connection[Any]:
    """The lock of a job, held by another connection until that is closed."""
    params = connection.get_connection_params() | {"autocommit": True}
    other: psycopg.Connection[Any] = psycopg.connect(
        **{k: v for k, v in params.items() if k not in ("cursor_factory", "context")}
    )
    other.execute("SELECT pg_advisory_lock(hashtext('locations_changeset'), %s)", [change_set.pk])
    return other


def test_queueing_sends_when_the_transaction_is_committed(
    sent: Callable[[], list[int]], django_capture_on_commit_callbacks: Any
) -> None:
    draft = job()
    with django_capture_on_commit_callbacks(execute=True):
        with transaction.atomic():
            assert draft.enqueue()
        assert sent() == []
    assert sent() == [draft.pk]
    assert ended(draft) == (State.QUEUED, "", 0, False)
    assert not draft.enqueue(), "it is queued already"


@pytest.mark.parametrize("state", sorted(set(State) - {State.DRAFT, State.WAITING}))
def test_only_a_draft_or_a_waiting_job_is_queued(sent: Callable[[], list[int]], state: str) -> None:
    other = job(state=state, finished_at=timezone.now())
    assert not other.enqueue()
    assert other.state == state and ChangeSet.objects.get(pk=other.pk).state == state


def test_a_waiting_job_starts_afresh() -> None:
    waiting = job(state=State.WAITING, message="more than 5 %", attempts=2)
    waiting.run_here(finish)
    assert ended(waiting) == (State.DONE, "", 1, True)


def test_the_sweep_sends_what_was_lost_and_what_a_dead_process_was_running(
    sent: Callable[[], list[int]],
) -> None:
    long_ago, just_now = timezone.now() - timedelta(minutes=1), timezone.now()
    lost = job(state=State.QUEUED, queued_at=long_ago)
    job(state=State.QUEUED, queued_at=just_now)
    orphan = job(state=State.RUNNING)
    alive = job(state=State.RUNNING)
    for state in set(State) - {State.QUEUED, State.RUNNING}:
        job(state=state, finished_at=long_ago, queued_at=long_ago)
    with _held(alive):
        assert jobs.sweep() == {"queued": 1, "running": 1}
    assert sent() == sorted([lost.pk, orphan.pk])
