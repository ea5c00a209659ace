"""The demo as its user meets it: started, disturbed, killed and started again, on real processes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from soredi import embedded

ROOT = Path(__file__).resolve().parents[2]
Demo = subprocess.Popen[str]
MADE_ONCE = [
    "Laver et syntetisk SOR-udtræk\n",
    "Importerer det\n",
    "Indlæser et syntetisk ark med godkendelser\n",
]


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """One data folder for the tests below: whichever is first makes the data, as a user's first start does."""
    folder = Path(tempfile.mkdtemp(prefix="soredi-test-"))
    yield folder
    kill(processes(folder))
    shutil.rmtree(folder)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def said() -> list[str]:
    """The lines of the latest start, until it was up."""
    return []


@pytest.fixture
def start(data: Path, port: int, said: list[str]) -> Iterator[Callable[[], Demo]]:
    """Starts the demo and returns when it says that it is up."""
    started: list[Demo] = []
    environment = os.environ | {"SOREDI_DATA_DIR": str(data)}
    del environment["REDIS_URL"]

    def start_demo() -> Demo:
        demo = subprocess.Popen(
            [sys.executable, "manage.py", "demo", f"--port={port}", "--locations=200", "--units=600"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(demo)
        assert demo.stdout is not None
        said.clear()
        for line in demo.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                return demo
        raise AssertionError(said)

    yield start_demo
    kill(processes(data))
    for demo in started:
        demo.kill()
        demo.communicate()


def processes(data: Path) -> list[psutil.Process]:
    """Every process that works in `data`: the demo's own and the servers'."""
    marks = {str(data / "postgres"), str(embedded.run_folder(data) / "valkey.sock")}
    found = []
    for candidate in psutil.process_iter():
        try:
            if candidate.environ().get("SOREDI_DATA_DIR") == str(data) or marks & set(candidate.cmdline()):
                found += [candidate, *candidate.children(recursive=True)]
        except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
            continue
    return list(dict.fromkeys(found))


def kill(found: list[psutil.Process]) -> None:
    for process in found:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(found, timeout=10)


def workers(data: Path) -> set[int]:
    """The worker's main process, the first of its session; its pool belongs to the same one."""
    found = set()
    for process in processes(data):
        try:
            if "worker" in process.cmdline() and os.getsid(process.pid) == process.pid:
                found.add(process.pid)
        except (psutil.NoSuchProcess, psutil.ZombieProcess, ProcessLookupError):
            continue
    return found


def status(port: int, page: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def becomes(true: Callable[[], bool], *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def test_it_starts_from_nothing_and_ctrl_c_leaves_no_process(start, data, port, said):
    kill(processes(data))
    shutil.rmtree(data)
    demo = start()

    assert [line for line in said if line in MADE_ONCE] == MADE_ONCE
    assert status(port, "/health/live") == 200
    assert becomes(lambda: status(port, "/health/ready") == 200, seconds=20)
    assert (data / "demo-password").stat().st_mode & 0o777 == 0o600
    demo.send_signal(signal.SIGINT)
    assert demo.wait(20) == 0
    assert processes(data) == []
    start()
    assert not set(MADE_ONCE) & set(said)


def test_a_killed_worker_comes_back(start, data, port):
    start()
    (killed,) = workers(data)

    os.kill(killed, signal.SIGKILL)

    assert becomes(lambda: bool(workers(data) - {killed}), seconds=10)
    assert becomes(lambda: status(port, "/health/ready") == 200, seconds=20)


def test_when_only_the_demo_is_killed_all_else_ends_by_itself(start, data):
    demo = start()

    demo.kill()
    demo.wait()

    assert becomes(lambda: not processes(data), seconds=20)


def test_after_everything_was_killed_it_comes_up_again(start, data, port):
    start()
    kill(processes(data))

    start()

    assert status(port, "/health/live") == 200


def test_a_port_in_use_is_named(data, port):
    with socket.create_server(("127.0.0.1", port)):
        refused = subprocess.run(
            [sys.executable, "manage.py", "demo", f"--port={port}"],
            cwd=ROOT,
            env=os.environ | {"SOREDI_DATA_DIR": str(data)},
            capture_output=True,
            text=True,
        )

    assert refused.returncode == 1
    assert str(port) in refused.stderr
    assert processes(data) == []
