"""An import that is cut short in any phase leaves nothing half done, and the next try does it all."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
from django.db import connection

from soredi import jobs
from soredi.jobs import Phase, State
from sorimport.models import ImportRun, Origin
from tests.faults.conftest import until
from tests.faults.test_killed_worker import StartWorker, ended, row_locked, sessions, somebody_waits
from tests.faults.undisturbed import Tables, data, next_keys, result, set_keys, undisturbed
from tests.sorimport.extracts import extract, gln, import_once, write, zipped
from tests.sorimport.publisher import Request, publishing

TURN = "SELECT pg_advisory_xact_lock(hashtext('sorimport.turn'), 0)"
# What an import has to write to in a phase, and does not touch before it.
HOLDS = {
    Phase.CHECKING: "LOCK TABLE sorimport_problem IN SHARE MODE",
    Phase.NUMBERS: "LOCK TABLE locations_locationnumber IN SHARE MODE",
    Phase.UNITS: "LOCK TABLE locations_sorunit IN SHARE MODE",
    Phase.FINISHING: "SELECT FROM sorimport_importrun WHERE state = 'running' FOR NO KEY UPDATE",
}
NUMBERS = [{"EanLocationCode": gln(serial)} for serial in range(1, 41)]


@pytest.fixture
def folder(process_environment: dict[str, str], tmp_path: Path) -> Path:
    """An extract that has something to do in every phase, after the import of another."""
    place = tmp_path / "extract"
    assert import_once(write(extract(NUMBERS, pairs={gln(1): "501"}), place)).state == State.DONE
    return write(second(), place)


def second(note: str = "ny", serial: int = 50) -> dict[str, bytes]:
    """Changed profiles, a new number and one that is gone, another unit, and a row to complain of."""
    changed = [row | {"SorNote": note, "RegionCode": "1085"} for row in NUMBERS[:-1]]
    added = [{"EanLocationCode": gln(serial), "SorId": "2"}, {"EanLocationCode": "123"}]
    units = [{"EntityName": f"Lægehuset {note}"}, {"SorId": "2", "ParentSorId": "1"}]
    return extract([*changed, *added], units=units, pairs={gln(1): "502"})


def running(run: ImportRun, phase: Phase) -> bool:
    progress = run.progress()
    return progress is not None and progress.phase == phase


def waits_for_its_turn(run: ImportRun) -> bool:
    """It looks for its turn now and then; having it, or waiting for none, it would be in another phase."""
    run.refresh_from_db()
    return run.state == State.RUNNING and running(run, Phase.READING)


@contextmanager
def copying() -> Iterator[int]:
    """A session of the server that is stopped in the middle of reading a file."""

    def caught() -> int | None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_progress_copy WHERE datname = current_database() AND tuples_processed > 0"
            )
            found = cursor.fetchone()
            if not found:
                return None
            psutil.Process(found[0]).suspend()
            cursor.execute("SELECT 1 FROM pg_stat_progress_copy WHERE pid = %s", found)
            assert cursor.fetchone(), "the file was read before the session could be stopped"
            return int(found[0])

    deadline = time.monotonic() + 30
    while not (pid := caught()):
        assert time.monotonic() < deadline
    try:
        yield pid
    finally:
        psutil.Process(pid).resume()


def large(files: dict[str, bytes], megabytes: int = 24) -> dict[str, bytes]:
    """`files` with a column in LocationsCode.csv that nobody asks for, and takes long to read."""
    lines = files["LocationsCode.csv"].decode("utf-8-sig").splitlines()
    filler = random.Random(1).randbytes((megabytes << 19) // len(lines)).hex()
    body = [f"{line};{filler}" for line in lines[1:]]
    return files | {"LocationsCode.csv": "\r\n".join([f"{lines[0]};Filler", *body, ""]).encode()}


@contextmanager
def stopped_in(phase: Phase | None, run: ImportRun) -> Iterator[None]:
    """A worker is in the middle of `phase` of `run`; None is the wait for its turn."""
    with ExitStack() as holds:
        turn = holds.enter_context(row_locked(TURN))
        assert run.enqueue()
        until(lambda: waits_for_its_turn(run))
        if phase in HOLDS:
            holds.enter_context(row_locked(HOLDS[phase]))
        if phase:
            turn.rollback()
        if phase == Phase.READING:
            holds.enter_context(copying())
        elif phase:
            until(lambda: running(run, phase) and somebody_waits())
        yield


def is_done_by_the_next_try(run: ImportRun) -> None:
    assert jobs.sweep() == {"queued": 0, "running": 1}
    until(lambda: ended(run))
    assert (run.state, run.attempts, run.message) == (State.DONE, 2, "")
    assert jobs.sweep() == {"queued": 0, "running": 0}


@pytest.mark.parametrize("phase", [None, Phase.READING, *HOLDS], ids=lambda phase: phase or "turn")
def test_a_worker_killed_in_any_phase_of_an_import(
    phase: Phase | None, folder: Path, process_environment: dict[str, str], start_worker: StartWorker
) -> None:
    if phase == Phase.READING:
        write(large(second()), folder)
    expected = undisturbed(lambda: import_once(folder))
    run = ImportRun.objects.create(paths=[str(folder)])
    before, keys = data(), next_keys()
    worker = start_worker(process_environment)
    with stopped_in(phase, run):
        worker.kill()
    start_worker(process_environment)
    until(lambda: sessions() == 0, 10)
    run.refresh_from_db()
    assert (run.state, run.attempts) == (State.RUNNING, 1)
    assert data() == before, "nothing half done"
    set_keys(keys)
    is_done_by_the_next_try(run)
    assert result() == expected


def test_a_worker_killed_while_it_fetches(
    folder: Path, process_environment: dict[str, str], start_worker: StartWorker, tmp_path: Path
) -> None:
    """The next worker goes on where the file broke off."""
    extract_zip = zipped(large(second(), 1), tmp_path / "Sor_complete.zip")
    expected = undisturbed(lambda: import_once(extract_zip))
    environment = process_environment | {"SOREDI_DATA_DIR": str(tmp_path / "data")}
    gone = threading.Event()
    content = extract_zip.read_bytes()

    def half(request: Request) -> None:
        request.head(200, Content_Length=len(content), **request.version())
        request.wfile.write(content[: len(content) // 2])
        request.wfile.flush()
        gone.wait(60)
        request.break_off()

    with publishing(content, half) as publisher:
        run = ImportRun.objects.create(origin=Origin.NIGHTLY, paths=[f"{publisher.url}/{extract_zip.name}"])
        before = data()
        worker = start_worker(environment)
        assert run.enqueue()
        part = tmp_path / "data" / "extracts" / "coming" / f"{extract_zip.name}.part"
        until(lambda: running(run, Phase.FETCHING) and part.exists() and part.stat().st_size > 1000)
        worker.kill()
        gone.set()
        start_worker(environment)
        until(lambda: sessions() == 0, 10)
        assert data() == before
        kept = part.stat().st_size
        is_done_by_the_next_try(run)
        assert [asked.get("Range") for asked in publisher.conditions] == [None, f"bytes={kept}-"]
    (imported,) = (row for row in result()["sorimport_importrun"] if row["id"] == run.pk)
    (wanted,) = (row for row in expected["sorimport_importrun"] if row["id"] == run.pk)
    assert (imported["counts"], imported["sha256"]) == (wanted["counts"], wanted["sha256"])
    assert without_runs(result()) == without_runs(expected)


def without_runs(tables: Tables) -> Tables:
    return {table: rows for table, rows in tables.items() if table != "sorimport_importrun"}


# The session that reads the file, and the one that holds the job's lock.
SESSIONS = {
    "reading": "SELECT %s::int",
    "lock": "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND objsubid = 2 "
    "AND classid = hashtext('sorimport_importrun')::oid AND database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database())",
}


@pytest.mark.parametrize("which", SESSIONS)
def test_an_import_whose_session_ends_while_it_reads_is_handed_on(
    which: str, folder: Path, process_environment: dict[str, str], start_worker: StartWorker
) -> None:
    """The driver tells of a lost session in other words there; the same worker goes on."""
    write(large(second()), folder)
    expected = undisturbed(lambda: import_once(folder))
    run = ImportRun.objects.create(paths=[str(folder)])
    before, keys = data(), next_keys()
    start_worker(process_environment)
    with ExitStack() as holds, connection.cursor() as cursor:
        assert run.enqueue()
        pid = holds.enter_context(copying())
        cursor.execute(SESSIONS[which], [pid if which == "reading" else run.pk])
        cursor.execute("SELECT pg_terminate_backend(%s)", cursor.fetchone())
    until(lambda: sessions() == 0, 10)
    run.refresh_from_db()
    assert (run.state, run.attempts) == (State.RUNNING, 1), run.message
    assert data() == before, "nothing half done"
    set_keys(keys)
    is_done_by_the_next_try(run)
    assert result() == expected


def test_an_import_that_goes_on_without_its_lock_is_not_done_once_more(
    folder: Path, process_environment: dict[str, str], start_worker: StartWorker
) -> None:
    """The sweep takes it for dead and sends another, which finds it done when its turn comes."""
    expected = undisturbed(lambda: import_once(folder))
    run = ImportRun.objects.create(paths=[str(folder)])
    for _ in range(2):
        start_worker(process_environment)
    with row_locked(HOLDS[Phase.NUMBERS]), connection.cursor() as cursor:
        assert run.enqueue()
        until(lambda: running(run, Phase.NUMBERS) and somebody_waits())
        cursor.execute(SESSIONS["lock"], [run.pk])
        cursor.execute("SELECT pg_terminate_backend(%s)", cursor.fetchone())
        until(lambda: jobs.sweep() == {"queued": 0, "running": 1})
        until(lambda: waits_for_its_turn(run))
    until(lambda: ended(run) and sessions() == 0, 30)
    assert result() == expected


def test_a_second_import_waits_and_goes_on_from_what_the_first_left(
    folder: Path, process_environment: dict[str, str], start_worker: StartWorker, tmp_path: Path
) -> None:
    later = write(second("nyere", 51), tmp_path / "later")
    expected = undisturbed(lambda: import_once(folder), lambda: import_once(later))
    first, waiting, dropped = (ImportRun.objects.create(paths=[str(p)]) for p in (folder, later, later))
    before = data()
    for _ in range(2):
        start_worker(process_environment)
    with row_locked(HOLDS[Phase.NUMBERS]):
        assert first.enqueue()
        until(lambda: running(first, Phase.NUMBERS) and somebody_waits())
        assert waiting.enqueue()
        assert dropped.enqueue()
        until(lambda: waits_for_its_turn(waiting) and waits_for_its_turn(dropped))
        assert dropped.ask_to_cancel()
        until(lambda: ended(dropped))
        assert (dropped.state, dropped.attempts) == (State.CANCELLED, 1)
        assert data() == before
    until(lambda: ended(first) and ended(waiting))
    assert [(run.state, run.attempts) for run in (first, waiting)] == [(State.DONE, 1)] * 2
    found = result()
    runs = [run for run in found["sorimport_importrun"] if run["id"] != dropped.pk]
    assert found | {"sorimport_importrun": runs} == expected
