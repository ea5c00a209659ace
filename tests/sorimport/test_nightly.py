"""The extract of the night: from a real server to an import run, planned by beat."""

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
from django.utils.translation import override

from locations.models import LocationNumber
from soredi.celery import app
from sorimport import nightly
from sorimport.models import ImportRun
from sorimport.nightly import Condition, Health
from tests.sorimport.extracts import extract, import_once
from tests.sorimport.nights import a_night, kept_files, numbers, packed, publish
from tests.sorimport.publisher import Publisher, another_version, cut_off, says

pytestmark = pytest.mark.usefixtures("committed_db", "night")


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
