"""Mass updates that are cut short: nothing lost, nothing half done, and the person is told."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from locations.models import ChangeSet, LocationNumber
from massupdate import actions
from massupdate.models import Finding, MassUpdate
from soredi import jobs
from soredi.jobs import RESEND_AFTER, Phase, State
from tests.builders import edi_type, location, user
from tests.faults.conftest import ROOT, until
from tests.faults.test_broker_down import SWEEP, Broker, broker, shell
from tests.faults.test_killed_worker import StartWorker, ended, row_locked, sessions, somebody_waits
from tests.massupdate.running import ONE, TWO, sets
from tests.sorimport.extracts import everything

__all__ = ["broker"]  # a fixture
HEADER = "Loknr;EdiId\r\n"
GROWN = f"{HEADER}{ONE};1001\r\n{ONE};1002\r\n{ONE};1001\r\n{TWO};1001\r\n{TWO};1003\r\n"
JOBS = ("locations_changeset", "massupdate_massupdate", "massupdate_finding", "locations_locationversion")


@pytest.fixture
def numbers(committed_db: None, settings: Any, tmp_path: Path) -> Path:
    """ONE and TWO with 1001; returns the folder that files are kept in."""
    types = [edi_type("DIS91", "D9134L", sor_id="1001")]
    edi_type("DIS20", "D2034L", sor_id="1002")
    edi_type("REF06", "H0630R", sor_id="1003")
    for gln in (ONE, TWO):
        location(gln, edi_types=types)
    settings.MEDIA_ROOT = tmp_path / "data" / "files"
    return tmp_path / "data" / "files"


@pytest.fixture
def environment(process_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    return process_environment | {"SOREDI_DATA_DIR": str(tmp_path / "data")}


def handed_in(text: str = GROWN) -> MassUpdate:
    return actions.hand_in(file=SimpleUploadedFile("maj.csv", text.encode()), name="maj.csv", by=None)


def nothing_half_done(before: dict[str, Any]) -> None:
    """But for the rows of the job itself, which say that it runs."""
    after = everything()
    assert {k: v for k, v in after.items() if k not in JOBS} == {
        k: v for k, v in before.items() if k not in JOBS
    }
    assert sets() == {ONE: "1001", TWO: "1001"}


def in_phase(job: Any, phase: Phase) -> Callable[[], bool]:
    return lambda: (told := job.progress()) is not None and told.phase == phase


@pytest.mark.parametrize("phase", [Phase.READING, Phase.CHECKING])
def test_a_check_whose_worker_is_killed_is_done_by_the_next(
    phase: Phase, numbers: Path, environment: dict[str, str], start_worker: StartWorker
) -> None:
    before = everything()
    update = handed_in()
    kept = Path(update.file.path)
    worker = start_worker(environment)
    if phase == Phase.READING:  # a file that gives nothing for now
        content = kept.read_bytes()
        kept.unlink()
        os.mkfifo(kept)
        update.enqueue()
        until(lambda: MassUpdate.objects.get().state == State.RUNNING)
        worker.kill()
        kept.unlink()
        kept.write_bytes(content)
    else:
        with row_locked("LOCK TABLE locations_editype IN ACCESS EXCLUSIVE MODE"):
            update.enqueue()
            until(in_phase(update, Phase.CHECKING))
            until(somebody_waits)
            worker.kill()
    until(lambda: sessions() == 0, 10)
    update.refresh_from_db()
    assert (update.state, update.attempts, Finding.objects.count()) == (State.RUNNING, 1, 0)
    nothing_half_done(before)

    start_worker(environment)
    assert jobs.sweep() == {"queued": 0, "running": 1}
    until(lambda: ended(update))
    assert (update.state, update.attempts, update.message) == (State.DONE, 2, "")
    assert list(Finding.objects.values_list("line", "code")) == [(4, "duplicate_line")]
    plan = ChangeSet.objects.get(source="massupdate")
    assert (plan.state, plan.counts["changed"], plan.counts["added"]) == (State.DRAFT, 2, 2)
    nothing_half_done(before)


def test_two_mass_updates_of_the_same_numbers_at_once_are_one_done_and_one_refused(
    numbers: Path, environment: dict[str, str], start_worker: StartWorker
) -> None:
    plans = [
        handed_in(text).run_here(actions.check_and_plan).change_set
        for text in (GROWN, f"{HEADER}{TWO};1001\r\n{TWO};1002\r\n")
    ]
    start_worker(environment)
    with row_locked("SELECT FROM locations_locationnumber WHERE gln = %s FOR UPDATE", TWO):
        for plan in plans:
            plan.enqueue()
        until(lambda: ChangeSet.objects.filter(state=State.RUNNING).count() == 2)
        until(somebody_waits)
    for plan in plans:
        until(lambda plan=plan: ended(plan))
    first, second = plans
    assert {first.state, second.state} == {State.DONE, State.REFUSED}
    refused = first if first.state == State.REFUSED else second
    assert TWO in str(refused.message)
    expected = {ONE: "1001 1002", TWO: "1001 1003"} if refused is second else {ONE: "1001", TWO: "1001 1002"}
    assert sets() == expected


UPLOAD = """
import json, sys, time
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from soredi.models import User
client = Client(headers={"x-forwarded-proto": "https"})
client.force_login(User.objects.get(username="anna"))
began = time.monotonic()
file = SimpleUploadedFile("maj.csv", sys.stdin.read().encode())
answer = client.post("/masseopdatering/", {"file": file}, secure=True)
page = client.get(answer["Location"], secure=True)
print(json.dumps({"seconds": time.monotonic() - began, "status": page.status_code, "page": page.content.decode()}))
"""


def test_a_file_uploaded_without_a_broker_is_checked_when_it_is_back(
    numbers: Path, environment: dict[str, str], broker: Broker, start_worker: StartWorker
) -> None:
    user("anna", administrators=["102"])
    environment |= {"REDIS_URL": broker.url, "ALLOWED_HOSTS": "testserver"}
    start_worker(environment)
    broker.kill()
    said = shell(UPLOAD, environment, GROWN)
    assert (said["status"], "Venter på sin tur" in said["page"]) == (200, True)
    assert said["seconds"] < 10
    update = MassUpdate.objects.get()
    assert update.state == State.QUEUED
    broker.start()
    # As if the time had passed after which the sweep takes the message for lost.
    MassUpdate.objects.update(queued_at=timezone.now() - RESEND_AFTER)
    shell(SWEEP, environment)
    until(lambda: ended(update))
    assert (update.state, update.change_set.counts["changed"]) == (State.DONE, 2)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """One megabyte."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small disk")
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode()}")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.django_db
@pytest.mark.parametrize("setting", ["MEDIA_ROOT", "FILE_UPLOAD_TEMP_DIR"])
@pytest.mark.parametrize(
    "size", [1_500_000, 4_000_000]
)  # Django keeps the one in memory, the other in a file
def test_a_disk_that_is_full_is_told_and_nothing_of_the_file_stays(
    client: Client, small_disk: Path, settings: Any, tmp_path: Path, setting: str, size: int
) -> None:
    settings.MEDIA_ROOT = tmp_path / "kept"
    setattr(settings, setting, str(small_disk))
    client.force_login(user("anna", administrators=["102"]))
    answer = client.post("/masseopdatering/", {"file": SimpleUploadedFile("maj.csv", b"x" * size)})
    if setting == "FILE_UPLOAD_TEMP_DIR" and size < 2_500_000:
        assert answer.status_code == 302, "it never needed that disk"
        return
    assert answer.status_code == 507
    assert "Der er ikke plads til filen på serverens disk." in answer.content.decode()
    assert not MassUpdate.objects.exists()
    assert [path for path in small_disk.rglob("*") if path.is_file()] == []
    small = client.post("/masseopdatering/", {"file": SimpleUploadedFile("maj.csv", GROWN.encode())})
    assert small.status_code == 302, "there is room for that"


class Web:
    """gunicorn as in production, with a folder of its own for what is uploaded."""

    def __init__(self, environment: dict[str, str], folder: Path):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.uploads = folder / "uploads"
        self.uploads.mkdir()
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "soredi.wsgi",
                "--bind",
                f"127.0.0.1:{self.port}",
                "--threads",
                "2",
            ],
            cwd=ROOT,
            env=environment | {"TMPDIR": str(self.uploads)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self.answers, 60)

    def answers(self) -> bool:
        assert self.process.poll() is None
        try:
            return self.request(
                b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            ).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def request(self, *parts: bytes, half: bool = False) -> bytes:
        """What is answered to `parts`; with `half` the connection is broken off instead."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as line:
            for part in parts:
                line.sendall(part)
            if half:
                return b""
            return b"".join(iter(lambda: line.recv(65536), b""))

    def kept(self) -> list[Path]:
        return list(self.uploads.rglob("*.upload*"))


@pytest.fixture
def web(numbers: Path, environment: dict[str, str], tmp_path: Path) -> Iterator[Web]:
    own = Web(environment, tmp_path)
    yield own
    own.process.terminate()
    own.process.wait(20)


def posted(length: int) -> bytes:
    """The head of an upload by a person who is logged in, with so many bytes to come."""
    client = Client()
    client.force_login(user("anna", administrators=["102"]))
    token = "a" * 32
    session = client.cookies[configured.SESSION_COOKIE_NAME].value
    cookies = f"{configured.SESSION_COOKIE_NAME}={session}; csrftoken={token}"
    return (
        "POST /masseopdatering/ HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\n"
        f"Referer: https://localhost/\r\nCookie: {cookies}\r\nX-CSRFToken: {token}\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=xyz\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


PART = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="maj.csv"\r\nContent-Type: text/csv\r\n\r\n'
END = b"\r\n--xyz--\r\n"


def test_an_upload_that_the_browser_breaks_off_leaves_nothing(web: Web) -> None:
    content = GROWN.encode() + b"\r\n" * 2_000_000
    head = posted(len(PART) + len(content) + len(END))
    web.request(head, PART, content[: len(content) // 2], half=True)
    until(lambda: web.kept() == [], 20)
    assert web.answers()
    assert (MassUpdate.objects.count(), sets()) == (0, {ONE: "1001", TWO: "1001"})
    whole = web.request(head, PART, content, END)
    assert whole.startswith(b"HTTP/1.1 302"), whole[:300]
    assert MassUpdate.objects.get().size == len(content)


def test_what_is_too_large_is_refused_before_it_is_sent(web: Web) -> None:
    answer = web.request(posted(200_000_000))
    assert answer.startswith(b"HTTP/1.1 413"), answer[:300]
    assert "højst 100 MB" in answer.decode()
    assert (web.kept(), MassUpdate.objects.count()) == ([], 0)


def test_the_inbox_is_swept_by_a_real_worker(
    numbers: Path, environment: dict[str, str], start_worker: StartWorker, tmp_path: Path
) -> None:
    from celery import current_app

    folder = tmp_path / "inbox" / "102"
    folder.mkdir(parents=True)
    (folder / "maj.csv").write_text(GROWN.replace(f"{ONE};1001\r\n{TWO}", TWO))  # without its repetition
    start_worker(environment | {"SOREDI_INBOX": str(tmp_path / "inbox")})

    def back() -> list[Path]:
        current_app.send_task("massupdate.sweep_inbox")
        return list(folder.glob("done/*.json"))

    (receipt,) = until(back, 60)
    assert json.loads(receipt.read_text())["changed"] == 2
    assert sets() == {ONE: "1001 1002", TWO: "1001 1003"}
    assert MassUpdate.objects.count() == 1
    assert LocationNumber.objects.count() == 2
    connection.close()
