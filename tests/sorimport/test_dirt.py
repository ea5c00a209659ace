"""What is wrong in an extract is kept and flagged, or left out and listed with its line; the rest comes in."""

from __future__ import annotations

from pathlib import Path

import pytest

from locations.models import LocationNumber, SorUnit
from sorimport.models import MESSAGES
from tests.sorimport.extracts import (
    LOCATIONS,
    PAIRS,
    TYPES,
    UNITS,
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
from tests.sorimport.imported import glns, types_of

pytestmark = pytest.mark.usefixtures("committed_db")


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


@pytest.mark.parametrize("end", [b"\r", b"\r\r\n"], ids=["old Mac", "written twice"])
@pytest.mark.parametrize("as_zip", [False, True])
def test_lines_end_as_on_old_macs_or_twice(folder: Path, end: bytes, as_zip: bool) -> None:
    rows = [loc(1, SorNote='æøå, "så"'), {"EanLocationCode": "57900000"}, loc(2)]
    files = extract(rows, pairs={gln(1): "501 502", gln(2): "501"})
    written = {name: content.replace(b"\r\n", end) for name, content in files.items()}
    path = zipped(written, folder.with_name("Sor_complete.zip")) if as_zip else write(written, folder)
    run = import_twice(path)
    assert problems(run) == [(LOCATIONS, 3, "malformed_gln", "57900000")]
    assert (glns(), types_of(1), types_of(2)) == ([gln(1), gln(2)], ["501", "502"], ["501"])
    assert LocationNumber.objects.get(gln=gln(1)).note == 'æøå, "så"'


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
        (LOCATIONS, 6, "bad_period", f"{gln(2)} 2020-01-01 > 2019-01-01"),
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
        (LOCATIONS, 7, "bad_period", f"{gln(4)} 2020-01-01 > 2015-01-01"),
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
