"""`manage.py import_sor` on files that are broken: exit 1, one line of JSON that says what to do, and no change."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sorimport.extracts import LOCATIONS, UNITS, everything, extract, gln, import_once, write, zipped

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"


def import_sor(path: Path, environment: dict[str, str], *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code, and what the last line of stdout says."""
    done = subprocess.run(
        [sys.executable, str(MANAGE), "import_sor", str(path), *options],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, json.loads(done.stdout.strip().splitlines()[-1])


def _cut_zip(files: dict[str, bytes], folder: Path) -> Path:
    whole = zipped(files, folder / "Sor_complete.zip")
    whole.write_bytes(whole.read_bytes()[:-200])
    return whole


def _bent_zip(files: dict[str, bytes], folder: Path) -> Path:
    """The directory of the zip is whole; the last of a large member's bytes are not."""
    files = files | {UNITS: files[UNITS] + b"\r\n" * 100_000}
    path = zipped(files, folder / "Sor_complete.zip")
    data = bytearray(path.read_bytes())
    at = data.rfind(UNITS.encode(), 0, data.index(b"PK\x01\x02")) + 150
    data[at : at + 20] = bytes(byte ^ 0xFF for byte in data[at : at + 20])
    path.write_bytes(data)
    return path


def _without_a_column(files: dict[str, bytes], folder: Path) -> Path:
    return write(files | {LOCATIONS: files[LOCATIONS].replace(b";SystemTypeId", b";Ukendt", 1)}, folder)


def _utf_16(files: dict[str, bytes], folder: Path) -> Path:
    return write(files | {LOCATIONS: files[LOCATIONS].decode("utf-8-sig").encode("utf-16")}, folder)


BROKEN: dict[str, tuple[Any, list[str]]] = {
    "no extract": (
        lambda _f, folder: write({"billede.csv": b"\x89PNG\r\n\x1a\n\0"}, folder),
        ["billede.csv"],
    ),
    "another table": (
        lambda _f, folder: write({"regnskab.csv": b"Konto;Sum\r\n1;2\r\n"}, folder),
        ["regnskab.csv"],
    ),
    "empty": (lambda files, folder: write(files | {LOCATIONS: b""}, folder), [LOCATIONS]),
    "cut zip": (_cut_zip, ["Sor_complete.zip"]),
    "bent zip": (_bent_zip, [UNITS]),
    "missing column": (_without_a_column, [LOCATIONS, "1", "SystemTypeId", "Ukendt"]),
    "utf-16": (_utf_16, [LOCATIONS]),
    "no such file": (lambda _f, folder: folder / "væk.zip", ["væk.zip"]),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_fails_with_what_to_do_and_changes_nothing(
    fault: str, process_environment: dict[str, str], tmp_path: Path
) -> None:
    good = extract([{"EanLocationCode": gln(1)}], pairs={gln(1): "501 502"})
    assert import_once(write(good, tmp_path / "good")).state == "done"
    before = everything()
    breaking, words = BROKEN[fault]
    (tmp_path / "broken").mkdir()
    code, said = import_sor(breaking(good, tmp_path / "broken"), process_environment)
    assert (code, said["state"], said["change_set"], said["problems"]) == (1, "failed", None, 0)
    assert [word for word in words if word not in said["message"]] == [], said["message"]
    assert everything() == before


def test_a_good_file_is_done_and_a_second_time_changes_nothing(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    files = extract([{"EanLocationCode": gln(serial)} for serial in (1, 2)], pairs={gln(1): "501 777"})
    zipped(files, tmp_path / "Sor_complete.zip")
    first = import_sor(tmp_path / "Sor_complete.zip", process_environment)
    second = import_sor(tmp_path / "Sor_complete.zip", process_environment)
    nothing = {"new": 0, "changed": 0, "closed": 0, "unchanged": 0}
    example = {"file": "LocationsCodeEDITypeMap.csv", "line": 3, "code": "unknown_edi_type"}
    assert first[0] == second[0] == 0
    (shown,) = first[1].pop("problem_examples")
    assert shown.pop("message") and shown == example
    second[1].pop("problem_examples")
    run, change_set = first[1]["run"], first[1]["change_set"]
    assert change_set
    assert first[1] == {
        "run": run,
        "state": "done",
        "units": nothing | {"new": 1},
        "locations": nothing | {"new": 2},
        "edi_links": 1,
        "problems": 1,
        "change_set": change_set,
    }
    assert second[1] == {
        "run": run + 1,
        "state": "done",
        "units": nothing | {"unchanged": 1},
        "locations": nothing | {"unchanged": 2},
        "edi_links": 1,
        "problems": 1,
        "change_set": None,
    }


def test_closures_wait_for_a_word_that_the_command_can_give(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    numbers = [{"EanLocationCode": gln(serial)} for serial in range(1, 11)]
    assert import_once(write(extract(numbers), tmp_path)).state == "done"
    write(extract(numbers[1:]), tmp_path)
    code, said = import_sor(tmp_path, process_environment)
    assert (code, said["state"], said["locations"]["closed"]) == (1, "waiting", 1)
    code, said = import_sor(tmp_path, process_environment, "--accept-closures")
    assert (code, said["state"], said["locations"]["closed"]) == (0, "done", 1)
