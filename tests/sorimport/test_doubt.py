"""What one row breaks is that row: what it was about stays as it was, neither closed nor robbed nor opened."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from locations.models import EdiType, LocationNumber, SorUnit
from tests.sorimport.extracts import (
    LOCATIONS,
    PAIRS,
    UNITS,
    extract,
    gln,
    import_once,
    import_twice,
    problems,
    write,
)

pytestmark = pytest.mark.usefixtures("committed_db")

MANY = range(1, 61)  # so that one number is less than 5 % of them
ALL = {"EanLocationCode": gln(1)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sixty open numbers on as many units are imported, with two EDI types each."""
    import_twice(write(files(), tmp_path))
    return tmp_path


def files(**first: str) -> dict[str, bytes]:
    """The extract, with `first` in the row of number 1."""
    numbers = [{"EanLocationCode": gln(n), "SorId": str(n)} | (first if n == 1 else {}) for n in MANY]
    units = [{"SorId": str(n), "EntityName": f"Enhed {n}"} for n in MANY]
    return extract(numbers, units=units, pairs={gln(n): "501 502" for n in MANY})


def spoilt(name: str, old: str, new: str) -> dict[str, bytes]:
    """The extract, where one text in one file has become another."""
    all_files = files()
    assert old.encode() in all_files[name]
    return all_files | {name: all_files[name].replace(old.encode(), new.encode(), 1)}


def closed() -> list[str]:
    numbers = LocationNumber.objects.filter(to_date__isnull=False)
    return [*numbers.order_by("gln").values_list("gln", flat=True)]


def without(all_files: dict[str, bytes], name: str, start: str) -> dict[str, bytes]:
    """`all_files` without the line of file `name` that begins so."""
    lines = all_files[name].splitlines(keepends=True)
    return all_files | {name: b"".join(line for line in lines if not line.startswith(start.encode()))}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (f"{gln(1)};1;", f'{gln(1)};1;stray " quote;;;', "stray_quote"),
        (f"{gln(1)};1;", f"{gln(1)};1;extra;extra;", "ragged_row"),
        (f"{gln(1)};1;false;", f"{gln(1)};1;maybe;", "bad_flag"),
    ],
)
def test_a_number_whose_row_cannot_be_read_stays_open(folder: Path, old: str, new: str, code: str) -> None:
    run = import_once(write(without(spoilt(LOCATIONS, old, new), LOCATIONS, gln(2)), folder))
    assert (run.state, closed()) == ("done", [gln(2)]), "number 2 is gone for good"
    assert [
        problem[:3] for problem in problems(run) if problem[2] not in ("missing", "unknown_location")
    ] == [(LOCATIONS, 2, code)]


@pytest.mark.parametrize("spoilt_number", ["", "57900", "579000000000O1"])
def test_where_a_row_does_not_tell_its_number_none_is_closed(folder: Path, spoilt_number: str) -> None:
    broken = spoilt(LOCATIONS, f"{gln(1)};1;", f"{spoilt_number};1;")
    run = import_once(write(without(broken, LOCATIONS, gln(2)), folder))
    assert (run.state, closed()) == ("done", [])


@pytest.mark.parametrize("field", ["FirstFromDate", "FromDate", "ToDate"])
def test_a_date_that_cannot_be_read_changes_nothing(folder: Path, field: str) -> None:
    import_twice(write(files(ToDate="2020-01-31"), folder))
    run = import_once(write(files(**({"ToDate": "2020-01-31"} | {field: "2025-13-01"})), folder))
    number = LocationNumber.objects.get(gln=gln(1))
    assert (number.first_from_date, number.from_date, number.to_date) == (
        date(2010, 1, 1),
        date(2010, 1, 1),
        date(2020, 1, 31),
    )
    assert problems(run) == [(LOCATIONS, 2, "bad_date", f"{gln(1)} 2025-13-01")]


@pytest.mark.parametrize(
    "to_date", ["", "9999-12-31", "31-12-9999", "2030-01-31 00:00:00", "31.01.2030", '="2030-01-31"']
)
def test_dates_that_can_be_read_are_no_problem(folder: Path, to_date: str) -> None:
    assert problems(import_once(write(files(ToDate=to_date), folder))) == []


def edi_types() -> list[str]:
    names = {t.pk: str(t.sor_id) for t in EdiType.objects.all()}
    return [names[pk] for pk in LocationNumber.objects.get(gln=gln(1)).edi_types]


@pytest.mark.parametrize("pair", [f"{gln(1)};99999", f'{gln(1)};5"02', f"{gln(1)};", f"{gln(1)};501;501"])
def test_a_pair_that_cannot_be_read_takes_no_edi_type_away(folder: Path, pair: str) -> None:
    run = import_once(write(spoilt(PAIRS, f"{gln(1)};502", pair), folder))
    assert (run.state, edi_types(), len(problems(run))) == ("done", ["501", "502"], 1)
    gone = without(files(), PAIRS, f"{gln(1)};502")
    assert import_once(write(gone, folder)).state == "done"
    assert edi_types() == ["501"], "a pair that is plainly gone is taken away"


@pytest.mark.parametrize(("old", "new"), [("1;OE;", "1;ZZ;"), ("1;OE;", "x;OE;"), ("1;OE;", '1;OE";')])
def test_a_unit_whose_row_cannot_be_read_stays_open(folder: Path, old: str, new: str) -> None:
    broken = spoilt(UNITS, f"\r\n{old}", f"\r\n{new}")
    run = import_once(write(broken, folder))
    assert (run.state, run.counts["units"]["closed"]) == ("done", 0)
    assert SorUnit.objects.filter(to_date__isnull=False).count() == 0


def test_a_unit_keeps_the_date_it_had_where_the_new_one_cannot_be_read(folder: Path) -> None:
    broken = spoilt(UNITS, "2000-01-01;2000-01-01;", "2000-01-01;2000-02-30;")
    run = import_once(write(broken, folder))
    assert SorUnit.objects.get(sor_id="1").from_date == date(2000, 1, 1)
    assert problems(run) == [(UNITS, 2, "unit_date", "1 2000-02-30")]


def test_an_extract_that_takes_edi_types_from_many_waits_for_a_word(folder: Path) -> None:
    some = files()
    for n in range(1, 5):
        some = without(some, PAIRS, f"{gln(n)};502")
    waiting = import_once(write(some, folder))
    assert waiting.state == "waiting" and "EDI-typer fra 4 af 60" in str(waiting.message)
    assert edi_types() == ["501", "502"]
    assert import_once(write(some, folder), accept_closures=True).state == "done"
    assert edi_types() == ["501"]
