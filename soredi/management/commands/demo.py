"""`manage.py demo`: the whole application on this machine, with synthetic data and people to log in as."""

import argparse
import contextlib
import ctypes
import http.client
import io
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils.translation import gettext as _

from locations.models import EdiAdministrator, LocationNumber
from soredi import embedded
from soredi.db.process import ServerFailed
from soredi.management.demo_approvals import add_approvals, has_approvals
from soredi.models import User

HOST = "127.0.0.1"
GRACE_SECONDS = 10
START_SECONDS = 60
PR_SET_PDEATHSIG = 1
# User name → whether staff, and the codes of the EDI administrators it belongs to.
PEOPLE: dict[str, tuple[bool, list[str]]] = {
    "administrator": (True, []),
    "region": (False, ["102"]),
    "medcom": (False, ["110"]),
    "leverandoer": (False, ["116"]),
    "uden-rettigheder": (False, []),
}


class Command(BaseCommand):
    """Runs until Ctrl-C or SIGTERM. What the servers hold is kept; a later start goes on from it."""

    help = "Run SOR-EDI on this machine with demo data, until Ctrl-C."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="port of the web server (8000)")
        parser.add_argument("--locations", type=int, metavar="N", help="location numbers in the demo extract")
        parser.add_argument("--units", type=int, metavar="N", help="units in the demo extract")
        parser.add_argument(
            "--without-approvals", action="store_true", help="load no list of approvals: nothing is certified"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError(_("The demo has servers of its own: unset DATABASE_URL and try again."))
        port: int = options["port"]
        check_port_is_free(port)
        children: list[Child] = []
        # A shell that starts it in the background has the signal ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            self.say(_("Starting PostgreSQL and Valkey in %(folder)s") % {"folder": settings.DATA_DIR})
            embedded.ensure(settings.DATA_DIR)
            call_command("migrate", verbosity=0, interactive=False)
            if not LocationNumber.objects.exists():
                self.fill({name: options[name] for name in ("locations", "units") if options[name]})
            password = kept_password(settings.DATA_DIR / "demo-password")
            add_people(password)
            if not options["without_approvals"] and not has_approvals():
                self.say(_("Loading a synthetic sheet of approvals"))
                add_approvals(by=User.objects.get(username="administrator"))
            connections.close_all()
            children = [Child(name, command) for name, command in commands(port).items()]
            for child in children:
                child.start()
            self.wait_for_web(port, children[0])
            self.say(_("SOR-EDI answers at http://%(host)s:%(port)s") % {"host": HOST, "port": port})
            self.say(_("Users: %(names)s") % {"names": ", ".join(PEOPLE)})
            self.say(_("Password of all: %(password)s") % {"password": password})
            self.say(_("Ctrl-C stops everything."))
            self.watch(children)
        except KeyboardInterrupt:
            pass
        except (ServerFailed, PermissionError) as error:
            raise CommandError(str(error)) from error
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)  # stopping is under way
            self.say(_("Stopping"))
            stop(children)
            embedded.release(settings.DATA_DIR)

    def say(self, text: str) -> None:
        with contextlib.suppress(OSError):  # the terminal may be gone while all has yet to be stopped
            self.stdout.write(text)
            self.stdout.flush()

    def fill(self, size: dict[str, int]) -> None:
        """Makes and imports the demo extract; a first start that was cut short begins again here."""
        folder = settings.DATA_DIR / "demo-extract"
        shutil.rmtree(folder, ignore_errors=True)
        self.say(_("Making a synthetic SOR extract"))
        call_command("make_extract", str(folder), stdout=io.StringIO(), **size)
        self.say(_("Importing it"))
        answer = io.StringIO()
        try:
            call_command("import_sor", str(folder), stdout=answer)
        except SystemExit as end:
            if end.code:
                raise CommandError(
                    _("The import did not succeed: %(answer)s") % {"answer": answer.getvalue()}
                ) from end

    def wait_for_web(self, port: int, web: "Child") -> None:
        deadline = time.monotonic() + START_SECONDS
        while not answers(port):
            if not web.lives() or time.monotonic() > deadline:
                raise CommandError(_("The web server did not start; its messages are above."))
            time.sleep(0.1)

    def watch(self, children: list["Child"]) -> None:
        """Starts again what died, servers too, for ever."""
        while True:
            time.sleep(1)
            embedded.ensure(settings.DATA_DIR, again=True)
            for child in children:
                if not child.lives() and child.may_start():
                    self.say(_("%(name)s ended and is started again") % {"name": child.name})
                    child.start()


class Child:
    """One process of the demo, with those it starts itself in a session of its own."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name, self.command = name, command
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0

    def start(self) -> None:
        if self.process is not None:
            self.signal(signal.SIGKILL)  # what a killed process left behind
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            cwd=settings.BASE_DIR,
            env=os.environ | {"PYTHONWARNINGS": "ignore:You're running the worker"},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=ends_with_parent(),  # safe: the demo has one thread
        )

    def lives(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def may_start(self) -> bool:
        """Not more often than every three seconds, lest a process that cannot run fills the screen."""
        return time.monotonic() > self.started + 3

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def check_port_is_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CommandError(
                _("Port %(port)s cannot be used (%(reason)s). Stop what uses it, or give another: --port N")
                % {"port": port, "reason": error.strerror}
            ) from error


def kept_password(file: Path) -> str:
    """The demo users' password, made the first time and readable to the one who runs the demo only."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(12))
    return file.read_text()


def add_people(password: str) -> None:
    """Adds the demo users that are missing and leaves those that are there as they are."""
    for name, (is_staff, codes) in PEOPLE.items():
        if not User.objects.filter(username=name).exists():
            user = User.objects.create_user(
                username=name, password=password, is_staff=is_staff, is_superuser=is_staff
            )
            for administrator in EdiAdministrator.objects.filter(code__in=codes):
                administrator.users.add(user)


def commands(port: int) -> dict[str, list[str]]:
    """The processes by name, in the order of their start."""
    celery = [sys.executable, "-m", "celery", "--app", "soredi"]
    return {
        "web": [
            *[sys.executable, "-m", "gunicorn", "soredi.wsgi", "--bind", f"{HOST}:{port}"],
            *["--worker-class", "gthread", "--workers", "2", "--threads", "4"],
            *["--log-level", "warning", "--no-control-socket"],
        ],
        "worker": [
            *celery,
            "--quiet",
            "worker",
            "--loglevel",
            "warning",
            "--without-gossip",
            "--without-mingle",
        ],
        "beat": [*celery, "--quiet", "beat", "--loglevel", "warning"],
    }


def ends_with_parent() -> Callable[[], None] | None:
    """Makes the kernel end a child whose parent was killed; elsewhere than on Linux it outlives it."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def before_exec() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def stop(children: list[Child]) -> None:
    """Asks all children to end; who takes longer than the grace is killed, with what it started."""
    started = [(child, child.process) for child in children if child.process is not None]
    for _child, process in started:
        process.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for child, process in started:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, deadline - time.monotonic()))
        child.signal(signal.SIGKILL)
        process.wait()
