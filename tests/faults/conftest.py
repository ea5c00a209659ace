"""Real workers, in process groups of their own so that a test can end one with all its children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]


class Worker:
    """A Celery worker with its pool of children, as in production."""

    def __init__(self, environment: dict[str, str], log: Path):
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [*(sys.executable, "-m", "celery", "-A", "soredi", "worker"), "--loglevel", "INFO"],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the worker ended: {self.log.read_text()[-2000:]}")
        return " ready." in self.log.read_text()

    def kill(self) -> None:
        """SIGKILL for the worker and all its children: none of them can tidy up."""
        family: list[psutil.Process] = []
        if self.process.poll() is None:
            children = psutil.Process(self.process.pid).children(recursive=True)
            # Not the servers that it runs for others too.
            family = [child for child in children if os.getpgid(child.pid) == self.process.pid]
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        psutil.wait_procs(family, 10)
        assert not [child for child in family if child.is_running()]


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[Callable[[dict[str, str]], Worker]]:
    """Starts workers in an environment and waits until each takes messages; kills what is left of them."""
    workers: list[Worker] = []

    def start(environment: dict[str, str]) -> Worker:
        worker = Worker(environment, tmp_path / f"worker{len(workers)}.log")
        workers.append(worker)
        until(worker.ready)
        return worker

    yield start
    for worker in workers:
        worker.kill()


def until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """What `condition` gives, as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
    return result
