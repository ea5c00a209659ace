"""What cannot be an extract, or leaves out too much, fails the run by name and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils.translation import override

from locations.models import LocationNumber
from sorimport import fetch
from sorimport.models import ImportRun
from tests.sorimport.extracts import (
    DAILY,
    LOCATION,
    LOCATIONS,
    PAIRS,
    TYPES,
    UNIT,
    UNITS,
    csv_bytes,
    everything,
    extract,
    gln,
    import_once,
    import_twice,
    loc,
    problems,
    write,
    zipped,
)

pytestmark = pytest.mark.usefixtures("committed_db")


def test_more_rows_left_out_than_the_limit_fail_the_run_and_change_nothing(folder: Path) -> None:
    good = [loc(serial) for serial in range(1, 4)]
    import_twice(write(extract(good), folder))
    before = everything()
    wrong = [{"EanLocationCode": f"{n}"} for n in range(1001)]
    run = import_once(write(extract([*good, *wrong]), folder))
    message = failed(run)
    assert [
        word for word in (LOCATIONS, "linje 5", "1.001", "1.004", "13 cifre") if word not in message
    ] == [], message
    with override("en"):
        assert "A location number has 13 digits" in str(run.message)
    assert everything() == before
    # One less will do, and so will an administrator's word.
    assert import_once(write(extract([*good, *wrong[1:]]), folder)).state == "done"
    assert import_once(write(extract([*good, *wrong]), folder), force=True).state == "done"


def test_one_row_in_a_hundred_may_be_left_out_of_a_large_file(folder: Path) -> None:
    rows = [{"SorId": str(n), "EntityName": "x"} for n in range(1, 110_001)]
    few = {
        name: UNIT[name] for name in ("SorId", "SorType", "EntityName", "ParentSorId", "FromDate", "ToDate")
    }
    whole = csv_bytes(rows, few)
    run = import_once(write({UNITS: whole + b"x;y\r\n" * 1101}, folder))
    assert (run.state, run.problems.filter(code="ragged_row").count()) == ("done", 1101)
    run = import_once(write({UNITS: whole + b"x;y\r\n" * 1200}, folder))
    assert (run.state, "1.113 rækker" in str(run.message)) == ("failed", True), run.message


def _lying(archive: bytes, size: int) -> bytes:
    """The zip file, its central directory saying that each member unpacks to `size` bytes."""
    at = archive.index(b"PK\1\2")
    while at >= 0:
        archive = archive[: at + 24] + size.to_bytes(4, "little") + archive[at + 28 :]
        at = archive.find(b"PK\1\2", at + 4)
    return archive


def test_a_zip_bomb_is_refused_before_and_while_it_is_read(folder: Path, tmp_path: Path) -> None:
    bomb = zipped({UNITS: extract()[UNITS] + b"\n" * (64 << 20)}, tmp_path / "bombe.zip")
    said = failed(import_once(bomb))
    assert [word for word in ("bombe.zip", UNITS, "mere end 200 gange") if word not in said] == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetch, "MAX_MEMBER", 32 << 20)
        assert "64 MB udpakket; mere end 32 MB læses ikke" in failed(import_once(bomb))
    # One that says it is small is read no further than that, and then its checksum is wrong.
    lying = tmp_path / "løgn.zip"
    lying.write_bytes(_lying(bomb.read_bytes(), 5000))
    assert UNITS in failed(import_once(lying))
    # Many members, each small enough.
    many = zipped({f"{n}.csv": b"a;b\r\n" * 1_000_000 for n in range(20)}, tmp_path / "mange.zip")
    assert "mange.zip" in failed(import_once(many))


def test_a_path_in_a_zip_is_only_a_name(tmp_path: Path) -> None:
    names = {LOCATIONS: f"../../{LOCATIONS}", UNITS: f"C:\\data\\..\\{UNITS}", TYPES: f"/etc/{TYPES}"}
    files = extract([loc(1, EanLocationCode="57900000"), loc(2)])
    inside = tmp_path / "inside"
    inside.mkdir()
    path = zipped({names[name]: content for name, content in files.items()}, inside / "Sor_complete.zip")
    run = import_twice(path)
    assert problems(run) == [(LOCATIONS, 2, "malformed_gln", "57900000")]
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["Sor_complete.zip", "inside"]


def failed(run: ImportRun) -> str:
    assert (run.state, run.change_set, problems(run)) == ("failed", None, [])
    return str(run.message)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({LOCATIONS: b""}, ["LocationsCode.csv"]),
        ({LOCATIONS: b"\xef\xbb\xbf\r\n"}, ["LocationsCode.csv"]),
        ({UNITS: csv_bytes([], UNIT)}, ["SOREntity.csv"]),
        ({LOCATIONS: csv_bytes([], LOCATION)}, ["LocationsCode.csv"]),
        ({PAIRS: b"EanLocationCode;EDITypeId\r\n"}, ["LocationsCodeEDITypeMap.csv"]),
        (
            {UNITS: b"SorId;EntityName\r\n1;x\r\n"},
            ["SOREntity.csv", "1", "SorType", "ParentSorId", "EntityName", "SOR_COLUMNS_FILE", "[units]"],
        ),
        ({UNITS: "SorId;SorType\n".encode("utf-16")}, ["SOREntity.csv"]),
        ({PAIRS: b"EanLocationCode;EDI\0TypeId\r\n1;2\r\n"}, ["LocationsCodeEDITypeMap.csv", "1"]),
        ({UNITS: csv_bytes([{}] * 3, UNIT) + b"x;y\r\n" * 1001}, ["SOREntity.csv", "5", "1.001"]),
    ],
    ids=["empty", "blank", "no units", "no numbers", "no pairs", "column", "utf-16", "nul", "ragged"],
)
def test_a_file_that_breaks_the_run_is_named_and_nothing_changes(
    folder: Path, change: dict[str, bytes], words: list[str]
) -> None:
    files = extract([loc(1)], pairs={gln(1): "501"})
    import_twice(write(files, folder))
    before = everything()
    message = failed(import_once(write(files | change, folder)))
    assert [word for word in words if word not in message] == []
    assert everything() == before


def test_what_is_no_extract_is_refused(folder: Path, tmp_path: Path) -> None:
    assert "x.csv" in failed(import_once(write({"x.csv": b"a;b\r\n1;2\r\n"}, folder)))
    assert "x.csv" in failed(import_once(write({"x.csv": b"\x89PNG\r\n\x1a\n\0\0"}, folder)))
    failed(import_once(write({"readme.txt": b"nothing"}, folder)))
    assert "gone.zip" in failed(import_once(tmp_path / "gone.zip"))
    assert PAIRS in failed(
        import_once(write({PAIRS: b"Loknr;EdiId\r\n1;2\r\n", UNITS: extract()[UNITS]}, folder))
    )
    whole = zipped(extract([loc(1)]), tmp_path / "a.zip").read_bytes()
    for name, content in {
        "text.zip": b"no zip",
        "empty.zip": b"",
        "cut.zip": whole[: len(whole) // 2],
        "begun-late.zip": whole[20:],
        "bent.zip": whole[:200] + bytes(byte ^ 0x55 for byte in whole[200:230]) + whole[230:],
    }.items():
        (tmp_path / name).write_bytes(content)
        message = failed(import_once(tmp_path / name))
        assert name in message or ".csv" in message, message
        assert ("beskadiget" in message or "ikke et SOR-udtræk" in message, "(" in message) == (True, False)
    assert not LocationNumber.objects.exists()
    assert DAILY
