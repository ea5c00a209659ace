"""The extract of the night: from a real server to an import run, and what tells people that it did not come."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import builders
import pytest
from celery.schedules import crontab
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone
from django.utils.translation import override

from locations.models import LocationNumber
from soredi.celery import app
from soredi.jobs import State
from soredi.models import User
from sorimport import download, keeping, nightly, tasks
from sorimport.models import ImportRun, Origin
from sorimport.nightly import Condition, Health
from tests.sorimport.extracts import Files, extract, gln, import_once, write, zipped
from tests.sorimport.publisher import Publisher, another_version, cut_off, publishing, says

pytestmark = pytest.mark.usefixtures("committed_db", "night")


@pytest.fixture
def night(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder of its own, and pauses as short as a test's."""
    settings.EXTRACTS_ROOT = tmp_path / "extracts"
    settings.MEDIA_ROOT = tmp_path / "files"
    quick = download.PATIENCE.new(total=2, backoff_factor=0.01)
    monkeypatch.setattr(nightly, "NIGHT_PATIENCE", quick)
    monkeypatch.setattr(nightly, "PATIENCE", quick)


@pytest.fixture
def publisher(settings: Any, tmp_path: Path) -> Any:
    with publishing(packed(extract(numbers(10)), tmp_path)) as publisher:
        settings.SOR_BASE_URL = publisher.url + "/"
        yield publisher


def numbers(count: int) -> list[dict[str, str]]:
    return [{"EanLocationCode": gln(n)} for n in range(1, count + 1)]


def packed(files: Files, folder: Path) -> bytes:
    return zipped(files, folder / "packed.zip").read_bytes()


def publish(publisher: Publisher, content: bytes) -> None:
    publisher.content, publisher.etag = content, f'"{hash(content)}"'


def a_night(**options: Any) -> ImportRun:
    """What beat and a worker do."""
    run, _new = nightly.start(**options)
    return ImportRun.run(run.pk, nightly.fetch_and_import)


def kept_files() -> list[Path]:
    return [found.path for found in keeping.extracts()]


def test_the_extract_is_fetched_kept_and_imported(publisher: Publisher) -> None:
    run = a_night()
    assert (run.state, run.origin, run.by, run.counts["locations"]["new"]) == ("done", "nightly", None, 10)
    assert [run.paths] == [[str(path)] for path in kept_files()]
    assert kept_files()[0].read_bytes() == publisher.content
    assert len(publisher.asked) == 1


def test_what_did_not_change_is_neither_fetched_nor_imported_again(publisher: Publisher, client: Any) -> None:
    first, second = a_night(), a_night()
    said = f"Uændret siden import {first.pk}. Der var intet at importere."
    assert (second.state, second.counts, str(second.message)) == ("done", {}, said)
    assert publisher.conditions[1]["If-None-Match"] == publisher.etag
    assert len(kept_files()) == 1
    client.force_login(builders.user("administrator", staff=True))
    page = client.get(f"/sor-import/{second.pk}/").content.decode()
    assert (said in page, "Importen blev ikke gennemført" in page) == (True, False)
    assert client.get("/sor-import/").status_code == 200


def test_the_same_bytes_under_a_new_version_are_not_imported_again(publisher: Publisher) -> None:
    a_night()
    publisher.etag = '"touched"'
    second = a_night()
    assert (second.state, second.counts, len(kept_files())) == ("done", {}, 1)
    a_night()
    assert publisher.conditions[2]["If-None-Match"] == '"touched"'


def test_what_was_handed_in_by_day_is_not_imported_again_at_night(
    publisher: Publisher, tmp_path: Path
) -> None:
    (tmp_path / "mine.zip").write_bytes(publisher.content)
    by_day = import_once(tmp_path / "mine.zip")
    run = a_night()
    assert (run.state, run.counts) == ("done", {})
    assert str(run.message) == f"Uændret siden import {by_day.pk}. Der var intet at importere."


def test_a_broken_download_goes_on_and_is_imported(publisher: Publisher) -> None:
    publisher.bad_days = [says(503), cut_off(len(publisher.content) // 2)]
    assert a_night().counts["locations"]["new"] == 10
    assert publisher.conditions[2]["Range"] == f"bytes={len(publisher.content) // 2}-"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([says(404)], "svarede 404"),
        ([says(503)] * 3, "Kunne ikke hentes: serveren svarede 503. Prøv igen senere."),
    ],
)
def test_what_cannot_be_fetched_is_a_failed_run(publisher: Publisher, answers: Any, said: str) -> None:
    publisher.bad_days = answers
    run = a_night()
    assert (run.state, said in str(run.message), LocationNumber.objects.count()) == ("failed", True, 0)
    with override("en"):
        assert ("svarede" in str(run.message), "answered" in str(run.message)) == (False, True)
    assert nightly.condition() == Condition(Health.FAILED, run.pk)
    assert a_night().state == "done"
    assert nightly.condition().health == Health.OK


def test_a_page_that_is_no_zip_is_fetched_anew_the_next_night(publisher: Publisher) -> None:
    whole = publisher.content
    publisher.content = b"<h1>Back soon</h1>"
    failed = a_night()
    assert (failed.state, "zip" in str(failed.message)) == ("failed", True)
    publisher.content = whole
    assert a_night().state == "done"
    assert publisher.conditions == [{}, {}]


def test_a_night_that_would_close_much_waits_for_an_administrator(
    publisher: Publisher, tmp_path: Path
) -> None:
    a_night()
    publish(publisher, packed(extract(numbers(9)), tmp_path))
    waiting = a_night()
    assert (waiting.state, nightly.condition().health) == ("waiting", Health.WAITING)
    again = a_night()
    said = f"Uændret siden import {waiting.pk}, som venter på en administrators ord."
    assert (again.state, again.counts, str(again.message)) == ("done", {}, said)
    assert nightly.condition().run == waiting.pk

    ImportRun.objects.filter(pk=waiting.pk).update(accept_closures=True)
    publisher.bad_days = [says(404)]  # the word goes for the file that was shown
    assert waiting.run_here(nightly.fetch_and_import).counts["locations"]["closed"] == 1
    assert nightly.condition().health == Health.OK


def test_the_last_seven_are_kept_and_those_that_a_run_needs() -> None:
    def came(number: int) -> str:
        file = keeping.coming("Sor_complete.zip")
        file.parent.mkdir(parents=True)
        file.write_bytes(b"%d" % number)
        return str(keeping.keep(file, url="x", sha256=str(number), version=download.Version()).path)

    paths = [came(number) for number in range(10)]
    for path, state in zip(paths, (State.WAITING, State.QUEUED, State.DONE), strict=False):
        ImportRun.objects.create(paths=[path], state=state)
    assert keeping.clean() == {"extracts": 1, "uploads": 0}
    assert sorted(map(str, kept_files())) == paths[:2] + paths[3:]


def test_a_worker_that_is_killed_while_fetching_is_gone_on_from(publisher: Publisher) -> None:
    half = len(publisher.content) // 2
    publisher.bad_days = [cut_off(half)]
    run, _new = nightly.start()

    def killed(self: ImportRun, phase: Any, done: int = 0, total: int = 0) -> None:
        if done == half:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ImportRun, "report", killed)
        with pytest.raises(KeyboardInterrupt):
            ImportRun.run(run.pk, nightly.fetch_and_import)
    assert ImportRun.run(run.pk, nightly.fetch_and_import).counts["locations"]["new"] == 10
    assert publisher.conditions[1]["Range"] == f"bytes={half}-"


def test_a_download_can_be_stopped_and_the_next_night_goes_on_from_it(publisher: Publisher) -> None:
    half = len(publisher.content) // 2

    def stopped_half_way(request: Any) -> None:
        ImportRun.objects.get().ask_to_cancel()
        connection.close()
        cut_off(half)(request)

    publisher.bad_days = [stopped_half_way]
    assert a_night().state == "cancelled"
    assert a_night().counts["locations"]["new"] == 10
    assert publisher.conditions[1]["Range"] == f"bytes={half}-"


def test_of_two_that_start_it_at_once_one_goes(publisher: Publisher) -> None:
    barrier = threading.Barrier(4)

    def start(_number: int) -> tuple[int, bool]:
        try:
            connection.ensure_connection()
            barrier.wait(10)
            run, new = nightly.start()
            return run.pk, new
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        runs = list(threads.map(start, range(4)))
    assert len({pk for pk, _new in runs}) == 1
    assert sorted(new for _pk, new in runs) == [False, False, False, True]


def test_an_administrator_fetches_at_once(publisher: Publisher, client: Any) -> None:
    person = builders.user("administrator", staff=True)
    client.force_login(person)
    page = client.get("/sor-import/").content.decode()
    assert "Hent nu" in page and publisher.url in page
    response = client.post("/sor-import/hent/")
    run = ImportRun.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/sor-import/{run.pk}/")
    assert (run.origin, run.by, run.state) == ("nightly", person, "queued")
    assert client.post("/sor-import/hent/")["Location"] == f"/sor-import/{run.pk}/"
    assert ImportRun.run(run.pk, nightly.fetch_and_import).state == "done"


def test_without_an_address_there_is_nothing_to_fetch(client: Any) -> None:
    client.force_login(builders.user("administrator", staff=True))
    assert "Hent nu" not in client.get("/sor-import/").content.decode()
    page = client.post("/sor-import/hent/", follow=True).content.decode()
    assert "SOR_BASE_URL er ikke sat" in page
    assert not ImportRun.objects.exists()
    assert nightly.condition() is None


@pytest.mark.parametrize(
    ("health", "said"),
    [
        (Health.FAILED, "Den seneste import fra SOR mislykkedes"),
        (Health.WAITING, "Den hentede SOR-import venter på en administrator"),
        (Health.MISSING, "Der er ikke hentet fra SOR i over et døgn"),
        (Health.OK, ""),
    ],
)
def test_administrators_see_on_every_page_what_is_wrong(
    settings: Any, client: Any, health: Health, said: str
) -> None:
    settings.SOR_BASE_URL = "https://sor.example.dk/sor2/"
    night_before = timezone.now() - timedelta(hours=27 if health == Health.MISSING else 20)
    ended(State.DONE, night_before)
    if health in (Health.FAILED, Health.WAITING):
        ended(State(health.value), timezone.now() if health == Health.FAILED else None)
    told = {"nightly": health.value}
    assert client.get("/health/ready").json().items() >= told.items()
    for person, sees in (
        (builders.user("administrator", staff=True), bool(said)),
        (builders.user("own", administrators=["102"]), False),
    ):
        client.force_login(person)
        for page in ("/", "/lokationsnumre/", "/stamdata/"):
            text = client.get(page).content.decode()
            assert ("nightly-trouble" in text, said in text if said else False) == (sees, sees)


def ended(state: State, at: datetime | None) -> ImportRun:
    return ImportRun.objects.create(
        origin=Origin.NIGHTLY, paths=["x"], state=state, finished_at=at, message="404", counts={}
    )


def test_the_page_asks_once_and_only_where_extracts_are_fetched(
    settings: Any, client: Any, django_assert_num_queries: Any
) -> None:
    client.force_login(builders.user("administrator", staff=True))
    request = RequestFactory().get("/")
    request.user = User(is_staff=True)
    with django_assert_num_queries(0):
        assert nightly.nightly(request)["nightly"]() is None
    settings.SOR_BASE_URL = "https://sor.example.dk/sor2/"
    told = nightly.nightly(request)["nightly"]
    with django_assert_num_queries(1):
        assert told() == told()


def test_a_good_run_takes_the_warning_away_at_once(settings: Any, client: Any) -> None:
    settings.SOR_BASE_URL = "https://sor.example.dk/sor2/"
    client.force_login(builders.user("administrator", staff=True))
    ended(State.FAILED, timezone.now())

    def said() -> tuple[bool, str, bool]:
        metrics = client.get("/metrics").content.decode()
        return (
            "nightly-trouble" in client.get("/").content.decode(),
            client.get("/health/ready").json()["nightly"],
            'soredi_nightly_state{state="failed"} 1.0' in metrics,
        )

    assert said() == (True, "failed", True)
    run = ended(State.DONE, timezone.now())
    assert said() == (False, "ok", False)
    assert "nightly-trouble" not in client.get(f"/sor-import/{run.pk}/").content.decode()


def test_a_night_that_is_wrong_leaves_the_site_in_service(settings: Any, client: Any) -> None:
    before = client.get("/health/ready")
    settings.SOR_BASE_URL = "https://sor.example.dk/sor2/"
    after = client.get("/health/ready")
    assert after.status_code == before.status_code
    assert after.json() == before.json() | {"nightly": "missing"}


def test_extracts_handed_in_go_after_a_month_unless_a_run_needs_them(settings: Any, tmp_path: Path) -> None:
    month = timezone.now().timestamp() - timedelta(days=31).total_seconds()
    handed_in = settings.MEDIA_ROOT / "sorimport"

    def hand_in(name: str, state: State, *, old: bool) -> Path:
        folder = write(extract(numbers(1)), handed_in / name)
        ImportRun.objects.create(paths=[str(path) for path in folder.iterdir()], state=state)
        if old:
            os.utime(folder, (month, month))
        return folder

    hand_in("done", State.DONE, old=True)
    hand_in("failed", State.FAILED, old=True)
    stay = {hand_in("waits", State.WAITING, old=True), hand_in("new", State.DONE, old=False)}
    evidence = write(extract(numbers(1)), settings.MEDIA_ROOT / "massupdate" / "2020" / "01")
    os.utime(evidence, (month, month))

    assert tasks.clean() == {"extracts": 0, "uploads": 2}
    assert set(handed_in.iterdir()) == stay
    assert len(list(evidence.iterdir())) > 0


def test_the_command_fetches_by_the_same_way(publisher: Publisher, capsys: Any) -> None:
    from django.core.management import call_command

    publisher.bad_days = [cut_off(500)]
    call_command("import_sor", f"{publisher.url}/Sor_complete.zip")
    assert json.loads(capsys.readouterr().out)["locations"]["new"] == 10
    assert publisher.conditions[1]["Range"] == "bytes=500-"


def test_an_extract_that_changes_while_it_is_fetched_is_imported_whole(
    publisher: Publisher, tmp_path: Path
) -> None:
    newer = packed(extract(numbers(12)), tmp_path)
    publisher.bad_days = [cut_off(500), another_version(newer, '"two"')]
    assert a_night().counts["locations"]["new"] == 12


@pytest.mark.parametrize(
    ("environment", "planned"),
    [
        ({}, "None"),
        ({"SOR_BASE_URL": "https://sor.example.dk/"}, "<crontab: 45 4 * * * (m/h/dM/MY/d)>"),
        (
            {"SOR_BASE_URL": "https://sor.example.dk/", "SOR_FETCH_AT": "05:10"},
            "<crontab: 10 5 * * * (m/h/dM/MY/d)>",
        ),
    ],
)
def test_beat_plans_it_where_there_is_an_address(environment: dict[str, str], planned: str) -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "from soredi.settings import CELERY_BEAT_SCHEDULE as planned\n"
            "print(planned.get('fetch_nightly', {}).get('schedule'))",
        ],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == planned


def test_beat_starts_it_at_a_quarter_to_five_in_denmark_summer_and_winter() -> None:
    denmark = ZoneInfo("Europe/Copenhagen")
    for day in (datetime(2026, 1, 10), datetime(2026, 7, 10), datetime(2026, 3, 29), datetime(2026, 10, 25)):
        last = day.replace(hour=4, minute=44, tzinfo=denmark)
        now = last + timedelta(seconds=59)
        schedule = crontab(hour=4, minute=45, app=app, nowfun=lambda now=now: now)
        assert not schedule.is_due(last).is_due
        schedule = crontab(hour=4, minute=45, app=app, nowfun=lambda last=last: last + timedelta(minutes=1))
        assert schedule.is_due(last).is_due
