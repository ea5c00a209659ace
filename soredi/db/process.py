"""Starting, finding and ending the processes of the embedded servers."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

from soredi.db.owner import Owner

LOG_BYTES = 10_000_000
STOP_SECONDS = 60


class ServerFailed(Exception):
    """A server did not start; the message ends with the last lines of its log."""


_children: list[subprocess.Popen[bytes]] = []


def wheel(package: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServerFailed(
            f"The package {package} is not installed: run `make install`, or set DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0])


def programs(package: str, folder: str, user: Owner) -> Path:
    """The folder `folder` of an installed package, with all that its programs need readable to `user`."""
    root = wheel(package)
    libraries = root.with_name(f"{package}.libs")
    if libraries.exists():
        user.make_readable(libraries)
    user.make_readable(root / folder)
    return root / folder


def spawn(command: list[str], log: Path, user: Owner, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Starts a server in a session of its own, so that Ctrl-C in the terminal reaches only its users."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.rename(log.with_suffix(".log.1"))
    options = user.process()
    options["env"] |= environment
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **options,
        )
    _children.append(process)
    return process


def listens(path: Path) -> bool:
    """Whether a process listens on the socket `path`, answering or not."""
    with socket.socket(socket.AF_UNIX) as line:
        return line.connect_ex(str(path)) == 0


def pid_in(file: Path, mark: Path) -> int | None:
    """The process whose number is the first line of `file`, if it lives and its command names `mark`."""
    text = first_line(file)
    if not text or not text.lstrip("-").isdigit():
        return None
    pid = abs(int(text))
    command = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self/cmdline").exists():
        with contextlib.suppress(OSError):
            return pid if os.fsencode(mark) in command.read_bytes().split(b"\0") else None
        return None
    shown = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
    return pid if str(mark) in shown.stdout else None


def first_line(file: Path) -> str | None:
    """The first line of `file`, without its end; None when there is none."""
    with contextlib.suppress(OSError, IndexError):
        return file.read_text().splitlines()[0].strip()
    return None


def end(pid: int | None, gently: signal.Signals, roughly: signal.Signals) -> None:
    """Signals `pid` and waits until it is gone."""
    if pid is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, gently)
        deadline = time.monotonic() + STOP_SECONDS
        while _alive(pid):
            if time.monotonic() > deadline:
                os.kill(pid, roughly)
                deadline += STOP_SECONDS
            time.sleep(0.02)


def _alive(pid: int) -> bool:
    for child in _children:
        if child.pid == pid:
            return child.poll() is None
    os.kill(pid, 0)
    status = Path(f"/proc/{pid}/stat")
    with contextlib.suppress(OSError, IndexError):
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def tail(log: Path) -> str:
    """The last 20 lines of `log`."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])


def forget_children() -> None:
    """Reaps the ended servers that this process started, and lets go of those that live on for others."""
    for child in _children:
        if child.poll() is None:
            child.returncode = 0
    _children.clear()
