"""What keeps a wrong extract out: far fewer rows wait for a word, older ones are refused, and one goes at a time."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone, translation

from locations.models import LocationNumber
from soredi.jobs import State
from sorimport import actions, turn
from sorimport.models import ImportRun
from tests import builders
from tests.sorimport.extracts import (
    DAILY,
    LOCATIONS,
    PAIRS,
    UNIT,
    UNITS,
    csv_bytes,
    everything,
    extract,
    gln,
    import_once,
    write,
)

pytestmark = pytest.mark.usefixtures("committed_db")


def numbers(*serials: int, **fields: str) -> list[dict[str, str]]:
    return [{"EanLocationCode": gln(serial), **fields} for serial in serials]


def said(run: ImportRun) -> str:
    with translation.override("en"):
        return str(ImportRun.objects.get(pk=run.pk).message)


def accepted(run: ImportRun) -> ImportRun:
    ImportRun.objects.filter(pk=run.pk).update(accept_closures=True)
    return run.run_here(actions.run_import)


@contextmanager
def its_turn(run: ImportRun) -> Iterator[None]:
    """As if `run` went on in another process."""
    params = connection.get_connection_params()
    params = {name: params[name] for name in ("dbname", "host", "port", "user") if params.get(name)}
    with psycopg.connect(**params) as other:
        other.execute(turn._TAKE)
        other.execute(turn._SIGN, [run.pk])
        yield


def aside(action: Callable[[], Any]) -> Any:
    """`action` on a connection of its own."""

    def act() -> Any:
        try:
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(act).result(60)


def until(happens: Callable[[], Any]) -> Any:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if found := happens():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen within 20 s")


def test_less_than_half_the_pairs_of_last_time_wait_for_a_word(tmp_path: Path) -> None:
    first = import_once(
        write(extract(numbers(1, 2), pairs={gln(1): "501 502 503", gln(2): "501 502"}), tmp_path / "complete")
    )
    assert (first.state, first.counts["rows"]) == (State.DONE, {"locations": 2, "pairs": 5, "units": 1})
    before = everything()
    run = import_once(write(extract(numbers(1, 2), pairs={gln(1): "501 502"}), tmp_path / "half"))
    assert (run.state, everything() == before) == (State.WAITING, True)
    assert said(run) == (
        f"{PAIRS} has 2 rows; in import {first.pk} there were 5. It may have been cut off. This extract would take EDI "
        "types away from 2 of 2 open location numbers, more than 5 %. Nothing was changed. If that is right, run it "
        "again and accept the closures."
    )
    assert accepted(run).state == State.DONE
    assert LocationNumber.objects.get(gln=gln(2)).sor_version.edi_types == []


def test_half_the_rows_are_enough(tmp_path: Path) -> None:
    twice = {gln(1): "501 501"}  # so that nobody loses a type
    import_once(write(extract(numbers(1), pairs=twice), tmp_path))
    assert import_once(write(extract(numbers(1), pairs={gln(1): "501"}), tmp_path)).state == State.DONE


def test_all_that_is_odd_is_asked_at_once(tmp_path: Path) -> None:
    first = import_once(write(extract(numbers(*range(1, 11)), units=[{}, {"SorId": "2"}]), tmp_path))
    run = import_once(write(extract(numbers(1, 2, 3, 4)), tmp_path))
    assert (run.state, said(run)) == (
        State.WAITING,
        f"{LOCATIONS} has 4 rows; in import {first.pk} there were 10. It may have been cut off. "
        "This extract would close 6 of 10 open location numbers, more than 5 %. Nothing was changed. "
        "If that is right, run it again and accept the closures.",
    )


def test_a_daily_file_is_no_complete_list_and_is_measured_by_none(tmp_path: Path) -> None:
    import_once(write(extract(numbers(1), units=[{"SorId": str(n)} for n in range(1, 9)]), tmp_path))
    run = import_once(write({DAILY: csv_bytes([{}], UNIT)}, tmp_path))
    assert (run.state, run.counts["rows"], run.counts["newest"]) == (State.DONE, {}, {})


def test_a_run_without_pairs_has_read_none(tmp_path: Path) -> None:
    files = extract(numbers(1), pairs={gln(1): "501 502"})
    assert import_once(write(files, tmp_path)).counts["edi_links"] == 2
    del files[PAIRS]
    assert import_once(write(files, tmp_path)).counts["edi_links"] == 0


@pytest.mark.parametrize(
    ("column", "file"), [("FromDate", LOCATIONS), ("UpdatedAt", LOCATIONS), ("FromDate", UNITS)]
)
def test_an_extract_older_than_the_last_one_is_refused(tmp_path: Path, column: str, file: str) -> None:
    def dated(day: str) -> Path:
        row = {column: day}
        if file == LOCATIONS:
            return write(extract(numbers(1, **row)), tmp_path)
        return write(extract(numbers(1), units=[row]), tmp_path)

    first = import_once(dated("2026-05-02"))
    kind = "locations" if file == LOCATIONS else "units"
    assert first.counts["newest"][kind] == "2026-05-02"
    before = everything()
    run = import_once(dated("2026-05-01"))
    assert (run.state, everything() == before) == (State.REFUSED, True)
    assert said(run) == (
        f"{file} is older than what was imported last: its newest date is 2026-05-01, in import {first.pk} it was "
        "2026-05-02. Give the newest extract. To import this one all the same, an administrator says why on the page "
        "of the import, or runs the command import_sor with --force."
    )
    assert import_once(dated("2026-05-02")).state == State.DONE
    assert import_once(dated("2026-05-01"), force=True).state == State.DONE


def units_of(day: str, folder: Path, *, daily: bool) -> Path:
    row = {"UpdatedAt": day}
    return write({DAILY: csv_bytes([row], UNIT)} if daily else extract(numbers(1), units=[row]), folder)


@pytest.mark.parametrize("spelled", ["2026-05-{:02}T04:30:00", "{:02}-05-2026"])
@pytest.mark.parametrize("daily", [True, False])
def test_units_are_as_old_as_they_say_daily_or_not(tmp_path: Path, daily: bool, spelled: str) -> None:
    first = import_once(units_of(spelled.format(9), tmp_path, daily=not daily))
    assert first.counts["newest"]["units_updated"] == "2026-05-09"
    before = everything()
    older = units_of(spelled.format(8), tmp_path, daily=daily)
    run = import_once(older)
    assert (run.state, everything() == before) == (State.REFUSED, True)
    assert said(run).startswith(
        f"{DAILY if daily else UNITS} is older than what was imported last: its newest date is 2026-05-08, in import "
        f"{first.pk} it was 2026-05-09."
    )
    assert import_once(older, force=True).state == State.DONE


def test_units_that_begin_today_are_no_older_for_having_been_written_before(tmp_path: Path) -> None:
    import_once(write(extract(numbers(1), units=[{"FromDate": "2026-05-09"}]), tmp_path))
    assert import_once(units_of("2026-05-08", tmp_path, daily=False)).state == State.DONE


def test_days_to_come_make_no_extract_newer(tmp_path: Path) -> None:
    to_come = str(timezone.localdate() + timedelta(days=30))
    first = import_once(write(extract([*numbers(1), *numbers(2, FromDate=to_come)]), tmp_path))
    assert first.counts["newest"] == {"locations": "2010-01-01", "units": "2000-01-01"}


def test_a_second_import_waits_and_says_for_which(tmp_path: Path, client: Client) -> None:
    folder = write(extract(numbers(1)), tmp_path)
    first = ImportRun.objects.create(paths=[], state=State.RUNNING)
    client.force_login(builders.user("staff", staff=True))
    stdout, stderr = io.StringIO(), io.StringIO()

    def command() -> None:
        try:
            call_command("import_sor", str(folder), stdout=stdout, stderr=stderr)
        finally:
            connection.close()

    thread = threading.Thread(target=command)
    with its_turn(first):
        thread.start()
        until(stderr.getvalue)
        second = ImportRun.objects.get(state=State.RUNNING, pk__gt=first.pk)
        fragment = client.get(f"/sor-import/{second.pk}/", headers={"HX-Request": "true"}).content.decode()
        assert f"Venter på import {first.pk}" in fragment
        assert "Læser" not in fragment
        assert not LocationNumber.objects.exists()
    thread.join(30)
    assert stderr.getvalue().split("\n") == [f"Venter på import {first.pk}", ""]
    assert json.loads(stdout.getvalue())["state"] == State.DONE
    assert LocationNumber.objects.count() == 1


def test_an_import_that_waits_or_reads_can_be_stopped(tmp_path: Path, client: Client) -> None:
    first = ImportRun.objects.create(paths=[], state=State.RUNNING)
    run = ImportRun.objects.create(paths=[str(write(extract(numbers(1)), tmp_path))])
    client.force_login(builders.user("staff", staff=True))
    with its_turn(first), ThreadPoolExecutor(1) as thread:
        ended = thread.submit(aside, lambda: run.run_here(actions.run_import))
        until(lambda: ImportRun.objects.filter(pk=run.pk, state=State.RUNNING).exists())
        page = client.post(f"/sor-import/{run.pk}/afbryd/", follow=True).content.decode()
        assert "Importen afbrydes, hvis den ikke netop er begyndt at skrive." in page
        assert ended.result(30).state == State.CANCELLED
    page = client.get(f"/sor-import/{run.pk}/").content.decode()
    assert "Importen blev afbrudt. Intet er ændret." in page
    assert not LocationNumber.objects.exists()


def test_an_import_that_writes_goes_on(
    tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(builders.user("staff", staff=True))
    run = ImportRun.objects.create(paths=[str(write(extract(numbers(1)), tmp_path))])
    told = []
    merge = actions.merge_locations

    def asked_meanwhile(**options: Any) -> None:
        page = aside(lambda: client.post(f"/sor-import/{run.pk}/afbryd/", follow=True).content.decode())
        told.append("Det er for sent at afbryde importen" in page)
        aside(lambda: ImportRun.objects.filter(pk=run.pk).update(cancel_asked=True))  # just too late
        merge(**options)

    monkeypatch.setattr(actions, "merge_locations", asked_meanwhile)
    run = run.run_here(actions.run_import)
    assert (told, run.state, LocationNumber.objects.count()) == ([True], State.DONE, 1)
