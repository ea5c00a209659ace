"""However an extract is written, with what dates, quotes, letters and line ends, it says the same."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from locations.models import LocationNumber, SorUnit
from sorimport.models import MESSAGES
from tests.sorimport.extracts import (
    LOCATION,
    LOCATIONS,
    PAIRS,
    UNIT,
    UNITS,
    csv_bytes,
    extract,
    gln,
    import_twice,
    loc,
    problems,
    write,
)
from tests.sorimport.imported import glns, types_of

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.mark.parametrize(
    ("first", "changed", "last"),
    [
        ("2019-03-01", "2020-03-01", "2090-12-31"),
        ("01-03-2019", "01-03-2020", "31-12-2090"),
        ("01.03.2019", "01.03.2020", "31.12.2090"),
        ("2019-03-01T00:00:00", "2020-03-01 08:15:00", "2090-12-31T23:59:59+01:00"),
        ('="2019-03-01"', "01-03-2020 08:15", "31.12.2090 00:00"),
    ],
)
def test_dates_are_read_in_the_forms_that_occur(folder: Path, first: str, changed: str, last: str) -> None:
    dates = {"FirstFromDate": first, "FromDate": changed, "ToDate": last}
    run = import_twice(write(extract([loc(1, **dates)], units=[{"SorId": "1", **dates}]), folder))
    assert problems(run) == []
    for row in (LocationNumber.objects.get(), SorUnit.objects.get()):
        found = (row.first_from_date, row.from_date, row.to_date)
        assert tuple(map(str, found)) == ("2019-03-01", "2020-03-01", "2090-12-31")


@pytest.mark.parametrize("never", ["", "9999-12-31", "31-12-9999"])
def test_a_number_without_an_end_has_none(folder: Path, never: str) -> None:
    import_twice(write(extract([loc(1, ToDate=never)]), folder))
    assert LocationNumber.objects.get().to_date is None


def _excel(files: dict[str, bytes], spelling: str) -> dict[str, bytes]:
    """Every run of digits that is an id is written as Excel wants it, in one of the two spellings."""
    written = {}
    for name, content in files.items():
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))
        lines = [";".join(rows[0])] + [
            ";".join(re.sub(r"^\d+$", lambda m: spelling.format(m.group()), value) for value in row)
            for row in rows[1:]
        ]
        written[name] = ("\r\n".join(lines) + "\r\n").encode()
    return written


@pytest.mark.parametrize("spelling", ['="{}"', '"=""{}"""', '"{}"', " {} "])
def test_ids_written_for_excel_are_the_same_ids(folder: Path, spelling: str) -> None:
    files = extract(
        [loc(1), loc(2)],
        units=[{"SorId": "1", "ParentSorId": "2"}, {"SorId": "2"}],
        pairs={gln(1): "501 502"},
    )
    run = import_twice(write(_excel(files, spelling), folder))
    assert (glns(), problems(run), types_of(1)) == ([gln(1), gln(2)], [], ["501", "502"])
    same = import_twice(write(files, folder))
    assert same.counts["locations"] == {"new": 0, "changed": 0, "closed": 0, "unchanged": 2}
    assert same.counts["units"] == {"new": 0, "changed": 0, "closed": 0, "unchanged": 2}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_danish_letters_come_in_right_from_each_encoding(folder: Path, encoding: str) -> None:
    units = csv_bytes([{"EntityName": "Ærø Børnelæge – Ålborg"}], UNIT, encoding=encoding)
    numbers = csv_bytes(
        [loc(1, SystemTypeName="Æskulap", SorNote="Før kl. 8 på Fanø")], LOCATION, encoding=encoding
    )
    import_twice(write(extract() | {UNITS: units, LOCATIONS: numbers}, folder))
    number = LocationNumber.objects.get()
    assert number.unit and number.system
    assert (number.unit.name, number.system.name, number.note) == (
        "Ærø Børnelæge – Ålborg",
        "Æskulap",
        "Før kl. 8 på Fanø",
    )


def test_a_stray_quote_costs_its_own_row(folder: Path) -> None:
    files = extract([loc(serial) for serial in range(1, 31)])
    lines = files[LOCATIONS].split(b"\r\n")
    lines[5] = lines[5].replace(b";CGM;", b';"CGM;', 1)
    files[LOCATIONS] = b"\r\n".join(lines)
    run = import_twice(write(files, folder))
    assert [problem[:3] for problem in problems(run)] == [(LOCATIONS, 6, "stray_quote")]
    assert len(glns()) == 29


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_a_row_that_is_no_text_is_left_out_and_the_rest_is_imported(folder: Path, encoding: str) -> None:
    numbers = [loc(serial, SorNote="Fanø") for serial in range(1, 31)]
    lines = csv_bytes(numbers, LOCATION, encoding=encoding).split(b"\r\n")
    lines[5] = lines[5].replace(b"CGM", b"C\0M", 1)
    other = "cp1252" if encoding == "utf-8-sig" else "utf-8"
    lines[7] = lines[7].decode(encoding).encode(other)
    run = import_twice(write(extract() | {LOCATIONS: b"\r\n".join(lines)}, folder))
    assert [problem[:3] for problem in problems(run)] == [
        (LOCATIONS, 6, "not_text"),
        (LOCATIONS, 8, "not_text"),
    ]
    assert ["Fanø" in problem[3] or "C?M" in problem[3] for problem in problems(run)] == [True, True]
    assert {"not_text"} <= set(MESSAGES)
    assert glns() == sorted(gln(serial) for serial in range(1, 31) if serial not in (5, 7))
    assert set(LocationNumber.objects.values_list("note", flat=True)) == {"Fanø"}


def test_a_stray_quote_does_not_take_the_next_row_with_a_line_break_along(folder: Path) -> None:
    rows = [loc(1), loc(2), loc(3, SystemTypeName="to\r\nlinjer", SorNote="x" * 400), loc(4)]
    lines = csv_bytes(rows, LOCATION).split(b"\r\n")
    lines[2] = lines[2].replace(b";KMD;", b';"KMD;', 1)
    run = import_twice(write(extract() | {LOCATIONS: b"\r\n".join(lines)}, folder))
    assert [problem[:3] for problem in problems(run)] == [
        (LOCATIONS, 3, "stray_quote"),
        (LOCATIONS, 4, "text_cut"),
    ]
    assert glns() == sorted([gln(1), gln(3), gln(4)])


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('Klinik "Syd" 1', 'Klinik "Syd" 1'),
        ('Klinik "Syd"', 'Klinik "Syd"'),
        ('Klinik ""Syd""', 'Klinik ""Syd""'),
        ('"Klinik ""Syd"" 1"', 'Klinik "Syd" 1'),
        ('"Klinik ""Syd"""', 'Klinik "Syd"'),
        ('"a ""b""; c"', 'a "b"; c'),
        ('A="Syd"', 'A="Syd"'),
        ('"Klinik\r\nSyd"', "Klinik\r\nSyd"),
        ('"Klinik; Syd"', "Klinik; Syd"),
    ],
)
@pytest.mark.parametrize("also", ["", "\r\n"], ids=["copied", "line by line"])
def test_quotes_within_a_name_stay_whichever_way_the_file_is_read(
    folder: Path, written: str, name: str, also: str
) -> None:
    units = csv_bytes([{"EntityName": "NAVN", "ProviderId": "7"}], UNIT).replace(b"NAVN", written.encode())
    run = import_twice(write(extract([loc(1)]) | {UNITS: units + also.encode()}, folder))
    assert (problems(run), SorUnit.objects.get().name, SorUnit.objects.get().provider_number) == (
        [],
        name,
        "7",
    )


def test_lines_that_end_in_different_ways_and_blank_and_longer_ones(folder: Path) -> None:
    files = extract([loc(serial) for serial in range(1, 7)], pairs={gln(1): "501 502"})
    first, *lines = files[LOCATIONS].split(b"\r\n")[:7]
    mixed = [first + b"\r\n", lines[0] + b"\n", b"\r\n", lines[1] + b";;\r\n", b" \n", lines[2] + b";x\r\n"]
    mixed += [lines[3][: len(lines[3]) // 2] + b"\n", lines[4] + b"\r\n", lines[4] + b"\r\n", lines[5]]
    files[LOCATIONS] = b"".join(mixed)
    run = import_twice(write(files, folder))
    assert [problem[:3] for problem in problems(run)] == [
        (LOCATIONS, 6, "ragged_row"),
        (LOCATIONS, 7, "ragged_row"),
        (LOCATIONS, 9, "duplicate_row"),
    ]
    assert glns() == sorted(gln(serial) for serial in (1, 2, 5, 6))


def test_headers_are_known_by_their_aliases(folder: Path) -> None:
    danish = "Lokationsnummer;SOR-kode;Netoperatør;EDB-system;Systemleverandør;EDI-administrator;Bemærkning;Fremtid"
    numbers = f"{danish}\r\n{gln(1)};1;30;20;10;102;hej;x\r\n".encode("cp1252")
    pairs = f"Loknr;EdiId\r\n{gln(1)};501\r\n".encode()
    run = import_twice(write(extract() | {LOCATIONS: numbers, PAIRS: pairs}, folder))
    number = LocationNumber.objects.get()
    assert (number.gln, number.note, types_of(1)) == (gln(1), "hej", ["501"])
    assert run.counts["ignored_columns"] == {LOCATIONS: ["Fremtid"]}
