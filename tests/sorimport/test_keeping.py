"""Extracts are kept for some time, and as long as a run needs them."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from soredi.jobs import State
from sorimport import download, keeping, tasks
from sorimport.models import ImportRun
from tests.sorimport.extracts import extract, write
from tests.sorimport.nights import kept_files, numbers

pytestmark = pytest.mark.usefixtures("committed_db", "night")


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
