"""A worker that is killed in the middle leaves no half change, and another takes over what it was doing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from locations import changes
from locations.models import ChangeSet, LocationNumber
from soredi import jobs
from soredi.jobs import Job, State
from sorimport.models import ImportRun
from tests.builders import location
from tests.faults.conftest import Worker, until
from tests.sorimport.extracts import everything, extract, gln, import_once, problems, write

StartWorker = Callable[[dict[str, str]], Worker]


@contextmanager
def row_locked(statement: str, *params: Any) -> Iterator[psycopg.Connection[Any]]:
    """Rows held by a connection of the test, so that a worker that wants them waits in the middle of its work."""
    options = connection.get_connection_params()
    with psycopg.connect(
        **{k: v for k, v in options.items() if k not in ("cursor_factory", "context")}
    ) as other:
        other.execute(statement, params)
        yield other


def somebody_waits() -> bool:
    """Whether a process waits for a row that another holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND datname = current_database())"
        )
        return bool(cursor.fetchone()[0])


def sessions() -> int:
    """How many connections others have to this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def ended(job: Job) -> bool:
    job.refresh_from_db()
    return job.state not in (State.QUEUED, State.RUNNING)


def without(table: str, rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: content for name, content in rows.items() if name != table}


@pytest.mark.parametrize("held", ["locations_locationversion", "locations_changeset"])
def test_a_change_set_is_carried_out_by_the_next_worker(
    held: str, process_environment: dict[str, str], start_worker: StartWorker
) -> None:
    """Held up before the numbers are moved, and after they are moved but not yet committed."""
    for _ in range(20):
        location()
    planned = changes.plan(locations=LocationNumber.objects.all(), by=None, note="new")
    before = without("locations_changeset", everything())
    worker = start_worker(process_environment)
    version = planned.versions.latest("pk")
    with row_locked("SELECT FROM locations_locationversion WHERE id = %s FOR UPDATE", version.pk) as other:
        assert planned.enqueue()
        until(somebody_waits)
        if held == "locations_changeset":
            with row_locked("SELECT FROM locations_changeset WHERE id = %s FOR UPDATE", planned.pk):
                other.rollback()
                until(lambda: _waits_for("locations_changeset"))
                worker.kill()
        else:
            worker.kill()
    until(lambda: sessions() == 0, 10)
    planned.refresh_from_db()
    assert (planned.state, planned.attempts) == (State.RUNNING, 1)
    assert without("locations_changeset", everything()) == before, "no half change"

    start_worker(process_environment)
    assert jobs.sweep() == {"queued": 0, "running": 1}
    until(lambda: ended(planned))
    assert (planned.state, planned.attempts, planned.message) == (State.DONE, 2, "")
    assert set(LocationNumber.objects.values_list("note", flat=True)) == {"new"}
    assert planned.versions.filter(applied_at=None).count() == 0
    assert jobs.sweep() == {"queued": 0, "running": 0}


def _waits_for(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~* %s "
            "AND datname = current_database())",
            [f'^\\s*update "?{table}'],
        )
        return bool(cursor.fetchone()[0])


def test_a_change_set_survives_a_database_that_ends_its_sessions(
    process_environment: dict[str, str], start_worker: StartWorker
) -> None:
    """What a worker sees of a restart of PostgreSQL; the same worker goes on afterwards."""
    for _ in range(5):
        location()
    planned = changes.plan(locations=LocationNumber.objects.all(), by=None, note="new")
    before = without("locations_changeset", everything())
    start_worker(process_environment)
    version = planned.versions.latest("pk")
    with row_locked("SELECT FROM locations_locationversion WHERE id = %s FOR UPDATE", version.pk) as ours:
        planned.enqueue()
        until(somebody_waits)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> ALL (%s)",
                [[ours.info.backend_pid, connection.connection.info.backend_pid]],
            )
    until(lambda: sessions() == 0, 10)
    planned.refresh_from_db()
    assert planned.state == State.RUNNING
    assert without("locations_changeset", everything()) == before
    assert jobs.sweep() == {"queued": 0, "running": 1}
    until(lambda: ended(planned))
    assert (planned.state, planned.attempts) == (State.DONE, 2)


def test_an_import_is_run_again_by_the_next_worker(
    process_environment: dict[str, str], start_worker: StartWorker, tmp_path: Path
) -> None:
    numbers = [{"EanLocationCode": gln(serial)} for serial in range(1, 41)]
    folder = tmp_path / "extract"
    assert import_once(write(extract(numbers, pairs={gln(1): "501"}), folder)).state == "done"
    changed = [row | {"SorNote": "ny", "RegionCode": "1085"} for row in numbers]
    write(extract([*changed, {"EanLocationCode": gln(50)}], pairs={gln(1): "502"}), folder)
    before = everything()
    run = ImportRun.objects.create(paths=[str(folder)])
    worker = start_worker(process_environment)
    with row_locked("SELECT FROM locations_locationnumber WHERE gln = %s FOR UPDATE", gln(40)):
        run.enqueue()
        until(somebody_waits)
        worker.kill()
    until(lambda: sessions() == 0, 10)
    run.refresh_from_db()
    assert (run.state, run.attempts, problems(run)) == (State.RUNNING, 1, [])
    assert everything() == before, "no half import"

    start_worker(process_environment)
    assert jobs.sweep() == {"queued": 0, "running": 1}
    until(lambda: ended(run))
    assert (run.state, run.attempts) == (State.DONE, 2)
    assert run.counts["locations"] == {"new": 1, "changed": 40, "closed": 0, "unchanged": 0}
    assert ChangeSet.objects.count() == 2, "the first import's and this one's"


def test_the_next_worker_is_told_by_the_sweep_of_the_queue(
    process_environment: dict[str, str], start_worker: StartWorker
) -> None:
    """As Celery beat does it, again and again: by a message, in a worker."""
    from celery import current_app

    location()
    planned = changes.plan(locations=LocationNumber.objects.all(), by=None, note="new")
    ChangeSet.objects.filter(pk=planned.pk).update(state=State.RUNNING, attempts=1)
    start_worker(process_environment)
    swept = iter(range(1000))

    def told() -> bool:
        if next(swept) % 100 == 0:  # every five seconds and more: a busy broker may refuse one
            current_app.send_task("soredi.sweep")
        return bool(ended(planned))

    until(told, seconds=60)
    assert (planned.state, planned.attempts) == (State.DONE, 2)
