"""Benchmarks write a lot, so they run nowhere but in a data folder of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.builders import location

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.django_db
@pytest.mark.parametrize("names", [[], ["import"], ["list", "export"]])
def test_a_benchmark_refuses_any_other_data_folder(names: list[str]) -> None:
    """`import` would begin by emptying the database."""
    number = location(note="kept")
    with pytest.raises(CommandError, match="make bench") as refusal:
        call_command("bench", *names)
    assert refusal.value.returncode == 1
    number.refresh_from_db()
    assert number.note == "kept"


@pytest.mark.django_db
def test_a_benchmark_refuses_a_database_that_somebody_named(settings: Any, tmp_path: Path) -> None:
    settings.EMBEDDED, settings.DATA_DIR = False, tmp_path / "bench"
    number = location(note="kept")
    with pytest.raises(CommandError, match="make bench"):
        call_command("bench", "import")
    number.refresh_from_db()
    assert (number.note, list(tmp_path.iterdir())) == ("kept", [])


@pytest.mark.parametrize("names", [["nonsense"], ["list", "nonsense"], ["Import", "nonsense"]])
def test_an_unknown_benchmark_is_named(settings: Any, tmp_path: Path, names: list[str]) -> None:
    settings.EMBEDDED, settings.DATA_DIR = True, tmp_path / "bench"
    with pytest.raises(CommandError, match="nonsense") as error:
        call_command("bench", *names)
    assert error.value.returncode == 2


def test_a_real_process_starts_no_server_to_refuse(tmp_path: Path) -> None:
    for name, code in [("list", 1), ("nonsense", 2)]:
        done = subprocess.run(
            [sys.executable, "manage.py", "bench", name],
            cwd=ROOT,
            env=os.environ | {"SOREDI_DATA_DIR": str(tmp_path / "data")},
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (code, b"")
    assert not (tmp_path / "data" / "postgres").exists()
