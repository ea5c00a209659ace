"""What is wrong in an extract is kept and flagged, or left out and listed with its line; the rest comes in."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from django.utils.translation import override

from locations.models import EdiType, LocationNumber, SorUnit
from sorimport import fetch
from sorimport.models import MESSAGES, ImportRun
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
    problems,
    write,
    zipped,
)

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "extract"


def loc(serial: int = 1, **columns: str) -> dict[str, str]:
    return {"EanLocationCode": gln(serial), **columns}


def glns() -> list[str]:
    return list(LocationNumber.objects.order_by("gln").values_list("gln", flat=True))


def types_of(serial: int) -> list[str | None]:
    keys = LocationNumber.objects.get(gln=gln(serial)).edi_types
    return sorted(EdiType.objects.filter(pk__in=keys).values_list("sor_id", flat=True))


def test_what_is_odd_is_kept_and_flagged(folder: Path) -> None:
    wrong = gln(1)[:-1] + str((int(gln(1)[-1]) + 1) % 10)
    rows = [{"EanLocationCode": wrong}, loc(2, SorId="999"), loc(3, SorId=""), loc(4, SorNote="x" * 300)]
    run = import_twice(write(extract(rows), folder))
    assert problems(run) == [
        (LOCATIONS, 2, "bad_check_digit", wrong),
        (LOCATIONS, 3, "unknown_unit", f"{gln(2)} 999"),
        (LOCATIONS, 4, "unknown_unit", gln(3)),
        (LOCATIONS, 5, "text_cut", gln(4)),
    ]
    assert glns() == sorted([wrong, gln(2), gln(3), gln(4)])
    odd = LocationNumber.objects.get(gln=wrong)
    assert (odd.check_digit_ok, odd.unit and odd.unit.sor_id) == (False, "1")
    assert LocationNumber.objects.get(gln=gln(2)).unit is None
    assert LocationNumber.objects.get(gln=gln(4)).note == "x" * 254


def test_what_cannot_be_right_is_left_out_with_its_line(folder: Path) -> None:
    rows = [
        loc(1),
        {"EanLocationCode": "57900000"},
        {"EanLocationCode": ""},
        {"EanLocationCode": "5,79E+12"},
        loc(2, FromDate="2020-01-01", FirstFromDate="2020-01-01", ToDate="2019-01-01"),
        loc(3),
        loc(3),
    ]
    run = import_twice(write(extract(rows), folder))
    assert problems(run) == [
        (LOCATIONS, 3, "malformed_gln", "57900000"),
        (LOCATIONS, 4, "malformed_gln", ""),
        (LOCATIONS, 5, "malformed_gln", "5,79E+12"),
        (LOCATIONS, 6, "bad_period", "2020-01-01 > 2019-01-01"),
        (LOCATIONS, 8, "duplicate_row", gln(3)),
    ]
    assert glns() == sorted([gln(1), gln(3)])
    assert {code for _f, _l, code, _v in problems(run)} <= set(MESSAGES)


def test_two_units_on_one_day_are_refused_on_both_lines(folder: Path) -> None:
    units = [{"SorId": "1"}, {"SorId": "2"}]
    rows = [
        loc(1, SorId="1", ToDate="2020-01-01"),
        loc(2),
        loc(1, SorId="2", FromDate="2020-01-01"),
        # Adjacent days are fine; a row with its dates the wrong way round is not in force on any day.
        loc(3, SorId="1", ToDate="2019-12-31"),
        loc(3, SorId="2", FromDate="2020-01-01"),
        loc(4, SorId="1", FromDate="2020-01-01", ToDate="2015-01-01"),
        loc(4, SorId="2", FromDate="2012-01-01"),
    ]
    run = import_twice(write(extract(rows, units=units), folder))
    assert problems(run) == [
        (LOCATIONS, 2, "two_units", gln(1)),
        (LOCATIONS, 4, "two_units", gln(1)),
        (LOCATIONS, 7, "bad_period", "2020-01-01 > 2015-01-01"),
    ]
    assert glns() == sorted([gln(2), gln(3), gln(4)])


def test_a_known_number_whose_row_is_refused_is_left_as_it_is(folder: Path) -> None:
    import_twice(write(extract([loc(1), loc(2)], pairs={gln(1): "501"}), folder))
    before = everything()
    run = import_once(write(extract([loc(1, ToDate="2009-01-01"), loc(2)], pairs={gln(1): "501"}), folder))
    assert (run.state, [problem[2] for problem in problems(run)]) == ("done", ["bad_period"])
    assert everything() == before


def test_pairs_that_fit_nothing_are_left_out_with_their_line(folder: Path) -> None:
    files = extract(
        [loc(1), loc(2)], pairs={gln(1): "501 777 502 501", gln(2): "", gln(9): "501 502", gln(8): "888"}
    )
    run = import_twice(write(files, folder))
    assert problems(run) == [
        (PAIRS, 3, "unknown_edi_type", f"{gln(1)} 777"),
        (PAIRS, 6, "unknown_location", gln(9)),
        (PAIRS, 8, "unknown_edi_type", f"{gln(8)} 888"),
        (PAIRS, 8, "unknown_location", gln(8)),
    ]
    assert (types_of(1), types_of(2), run.counts["edi_links"]) == (["501", "502"], [], 2)


def test_two_edi_types_of_one_code_and_version_are_one(folder: Path) -> None:
    files = extract([loc(1)], types={"1": "DIS91 A", "2": "DIS91 A", "3": "DIS91 B"}, pairs={gln(1): "1 3"})
    run = import_twice(write(files, folder))
    assert problems(run) == [(TYPES, 3, "edi_type_clash", "2 DIS91 A")]
    assert types_of(1) == ["1", "3"]


def test_units_that_cannot_be_placed(folder: Path) -> None:
    units = [
        {"SorId": "1"},
        {"SorId": "abc"},
        {"SorId": "1234567890123456789"},
        {"SorId": "4", "SorType": "XX"},
        {"SorId": "5", "SorType": ""},
        {"SorId": "6", "ParentSorId": "99"},
        {"SorId": "7", "ParentSorId": "8", "EanLocationCodeInherited": "true"},
        {"SorId": "8", "ParentSorId": "7", "EanLocationCodeInherited": "true"},
        {"SorId": "9", "ParentSorId": "9", "EanLocationCodeInherited": "true"},
    ]
    run = import_twice(write(extract([loc(1)], units=units), folder))
    assert problems(run) == [
        (UNITS, 3, "malformed_sor_id", "abc OE"),
        (UNITS, 4, "malformed_sor_id", "1234567890123456789 OE"),
        (UNITS, 5, "unknown_kind", "4 XX"),
        (UNITS, 6, "unknown_kind", "5"),
        (UNITS, 7, "unknown_parent", "99"),
        (UNITS, 8, "parent_cycle", "8"),
        (UNITS, 9, "parent_cycle", "7"),
        (UNITS, 10, "parent_cycle", "9"),
    ]
    assert set(SorUnit.objects.values_list("sor_id", "parent__sor_id")) == {
        (sor_id, None) for sor_id in "16789"
    }


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


def test_history_rows_of_a_unit_are_one_unit(folder: Path) -> None:
    units = [
        {"SorId": "1", "EntityName": "Først", "FromDate": "2000-01-01", "ToDate": "2009-12-31"},
        {"SorId": "1", "EntityName": "Siden", "FromDate": "2010-01-01"},
        {"SorId": "1", "EntityName": "Engang", "FromDate": "2999-01-01"},
        {"SorId": "1", "EntityName": "Siden", "FromDate": "2010-01-01"},
    ]
    run = import_twice(write(extract([loc(1)], units=units), folder))
    assert (problems(run), list(SorUnit.objects.values_list("name", flat=True))) == ([], ["Siden"])


def test_texts_and_codes_without_room_are_cut_or_left_out_and_listed(folder: Path) -> None:
    long = "æ" * 300
    units = [
        {"EntityName": long},
        {"SorId": "2", "ProviderId": "1" * 17},
        {"SorId": "3", "EntityName": long[:255]},
    ]
    files = extract(
        [loc(1, CommunicationSupplierId="3" * 65, SystemTypeName=long), loc(2, RegionCode="r" * 65)],
        units=units,
        types={"501": "DIS91 " + "V" * 33, "5" * 33: "CTL01 X", "503": "FDIS91"},
        pairs={gln(1): "501 503"},
    )
    run = import_twice(write(files, folder))
    assert problems(run) == [
        (LOCATIONS, 2, "malformed_code", f"{gln(1)} {'3' * 65}"),
        (LOCATIONS, 3, "malformed_code", f"{gln(2)} {'r' * 65}"),
        (TYPES, 2, "text_cut", "501"),
        (TYPES, 3, "malformed_code", f"{'5' * 33} CTL01"),
        (UNITS, 2, "text_cut", "1"),
        (UNITS, 3, "text_cut", "2"),
    ]
    numbers = LocationNumber.objects.order_by("gln").values_list("vans__code", "region__code", "system__name")
    assert list(numbers) == [(None, "1084", long[:255]), ("30", None, long[:255])]
    assert SorUnit.objects.get(sor_id="1").name == long[:255]
    assert {code for _f, _l, code, _v in problems(run)} <= set(MESSAGES)


def test_more_rows_left_out_than_the_limit_fail_the_run_and_change_nothing(folder: Path) -> None:
    good = [loc(serial) for serial in range(1, 4)]
    import_twice(write(extract(good), folder))
    before = everything()
    wrong = [{"EanLocationCode": f"{n}"} for n in range(1001)]
    run = import_once(write(extract([*good, *wrong]), folder))
    message = failed(run)
    assert [
        word for word in (LOCATIONS, "linje 5", "1001", "1004", "13 cifre") if word not in message
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


def test_headers_are_known_by_their_aliases(folder: Path) -> None:
    danish = "Lokationsnummer;SOR-kode;Netoperatør;EDB-system;Systemleverandør;EDI-administrator;Bemærkning;Fremtid"
    numbers = f"{danish}\r\n{gln(1)};1;30;20;10;102;hej;x\r\n".encode("cp1252")
    pairs = f"Loknr;EdiId\r\n{gln(1)};501\r\n".encode()
    run = import_twice(write(extract() | {LOCATIONS: numbers, PAIRS: pairs}, folder))
    number = LocationNumber.objects.get()
    assert (number.gln, number.note, types_of(1)) == (gln(1), "hej", ["501"])
    assert run.counts["ignored_columns"] == {LOCATIONS: ["Fremtid"]}


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
        ({UNITS: csv_bytes([{}] * 3, UNIT) + b"x;y\r\n" * 1001}, ["SOREntity.csv", "5", "1001"]),
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
        "bent.zip": whole[:200] + bytes(byte ^ 0x55 for byte in whole[200:230]) + whole[230:],
    }.items():
        (tmp_path / name).write_bytes(content)
        message = failed(import_once(tmp_path / name))
        assert name in message or ".csv" in message, message
        assert ("beskadiget" in message or "ikke et SOR-udtræk" in message, "(" in message) == (True, False)
    assert not LocationNumber.objects.exists()
    assert DAILY
