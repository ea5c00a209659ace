"""Imports at the same time as each other, and as people's changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from locations import changes
from locations.models import ChangeSet, LocationNumber
from soredi.jobs import State
from tests.sorimport.extracts import extract, gln, import_once, write

pytestmark = pytest.mark.usefixtures("committed_db")


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    start = threading.Barrier(len(actions))

    def act(action: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            start.wait(10)
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as threads:
        return list(threads.map(act, actions, timeout=60))


def test_of_two_imports_of_one_extract_the_second_finds_nothing_to_do(tmp_path: Path) -> None:
    write(extract([{"EanLocationCode": gln(n)} for n in range(1, 50)], pairs={gln(1): "501"}), tmp_path)
    runs = at_once(lambda: import_once(tmp_path), lambda: import_once(tmp_path))
    assert [run.state for run in runs] == ["done", "done"]
    assert sorted(run.counts["locations"]["new"] for run in runs) == [0, 49]
    assert sorted(run.counts["locations"]["unchanged"] for run in runs) == [0, 49]


def test_an_import_and_a_change_set_do_not_stop_each_other(tmp_path: Path) -> None:
    """Eight rounds over the same numbers: both are done, the one's place and the other's profile both stand."""
    numbers = [{"EanLocationCode": gln(n)} for n in range(1, 200)]
    assert import_once(write(extract(numbers), tmp_path)).state == "done"
    for turn in range(8):
        day = f"2020-01-{turn + 1:02}"
        write(
            extract([row | {"FromDate": day, "SorNote": f"SOR {turn}"} for row in reversed(numbers)]),
            tmp_path,
        )
        planned = changes.plan(locations=LocationNumber.objects.all(), by=None, note=f"ours {turn}")
        ChangeSet.objects.filter(pk=planned.pk).update(state=State.QUEUED, queued_at=timezone.now())
        run, change_set = at_once(
            lambda: import_once(tmp_path), lambda pk=planned.pk: ChangeSet.run(pk, changes.apply)
        )
        assert (run.state, change_set.state) == ("done", State.DONE), (run.message, change_set.message)
        stands = LocationNumber.objects.values_list("note", "from_date", "sor_version__note").distinct()
        assert [(note, str(since), sor) for note, since, sor in stands] == [
            (f"ours {turn}", day, f"SOR {turn}")
        ]
