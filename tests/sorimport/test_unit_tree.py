"""Units are renamed, moved and closed; each uses its own numbers or those that it inherits."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from locations.models import SorUnit
from tests.sorimport import extracts
from tests.sorimport.extracts import DAILY, csv_bytes, extract, import_once, import_twice, loc, write
from tests.sorimport.imported import YESTERDAY, counts, number, place

pytestmark = pytest.mark.usefixtures("committed_db")


def test_units_are_renamed_moved_and_closed(folder: Path) -> None:
    tree = [
        {"SorId": "1", "SorType": "IE", "EntityName": "Region H", "InstitutionOwnerCVRNumberId": "29190623"},
        {"SorId": "2", "SorType": "HI", "EntityName": "Rigshospitalet", "ParentSorId": "1"},
        {"SorId": "3", "EntityName": "Afsnit A", "ParentSorId": "2"},
        {"SorId": "4", "EntityName": "Afsnit B", "ParentSorId": "2"},
    ]
    run = import_twice(write(extract([loc(1, SorId="3")], units=tree), folder))
    assert counts(run)["units"] == [4, 0, 0, 0]
    assert SorUnit.objects.get(sor_id="2").kind == "SI"
    tree[2] |= {"EntityName": "Ærøafsnittet", "PostalAddressRegionCode": "1083", "ParentSorId": "1"}
    tree[3] |= {"ToDate": "2020-12-31"}
    run = import_twice(write(extract([loc(1, SorId="3")], units=tree), folder), accept_closures=True)
    # The number is sorted by the name of its unit, which stands on it.
    assert counts(run) == {"units": [0, 1, 1, 2], "locations": [0, 1, 0, 0]}
    ward = SorUnit.objects.get(sor_id="3")
    assert (ward.name, ward.region and ward.region.code, ward.parent and ward.parent.sor_id) == (
        "Ærøafsnittet",
        "1083",
        "1",
    )
    assert number(1).unit_key.startswith("{r")
    run = import_twice(write(extract([loc(1, SorId="3")], units=tree[:3]), folder))
    assert (counts(run)["units"], SorUnit.objects.get(sor_id="4").to_date) == (
        [0, 0, 0, 3],
        date(2020, 12, 31),
    )
    cut_off = write(extract([loc(1, SorId="3")], units=[*tree[:2], tree[3]]), folder)
    waiting = import_once(cut_off)
    assert (waiting.state, waiting.counts["units"]["closed"]) == ("waiting", 1)
    assert SorUnit.objects.get(sor_id="3").to_date is None
    run = import_twice(cut_off, accept_closures=True)
    assert (counts(run)["units"], SorUnit.objects.get(sor_id="3").to_date) == ([0, 0, 1, 3], YESTERDAY)


def test_the_daily_file_refreshes_units_and_closes_none(folder: Path) -> None:
    units = [{"SorId": "1", "EntityName": "A"}, {"SorId": "2"}]
    import_twice(write(extract([loc(1)], units=units), folder))
    daily = csv_bytes([{"SorId": "1", "EntityName": "Zebra"}, {"SorId": "3"}], extracts.UNIT)
    run = import_twice(write({DAILY: daily}, folder))
    assert counts(run) == {"units": [1, 1, 0, 0], "locations": [0, 0, 0, 0]}
    assert list(SorUnit.objects.order_by("sor_id").values_list("sor_id", "name", "to_date")) == [
        ("1", "Zebra", None),
        ("2", "Lægehuset", None),
        ("3", "Lægehuset", None),
    ]
    assert (place(1)[0], number(1).unit_key) == ("1", "zebra")


@pytest.mark.parametrize(
    ("inherits", "holders"),
    [
        # own, inherited through two, stopped by one that does not inherit
        ("true true true", {"1": "1", "2": "1", "3": "1", "4": "4"}),
        ("true false true", {"1": "1", "2": "1", "3": None, "4": "4"}),
        ("false true true", {"1": "1", "2": None, "3": None, "4": "4"}),
    ],
)
def test_a_unit_uses_its_own_numbers_or_those_it_inherits(
    folder: Path, inherits: str, holders: dict[str, str | None]
) -> None:
    second, third, fourth = inherits.split()
    units = [
        {"SorId": "1", "SorType": "IE", "EanLocationCodeInherited": "true"},
        {"SorId": "2", "SorType": "SI", "ParentSorId": "1", "EanLocationCodeInherited": second},
        {"SorId": "3", "ParentSorId": "2", "EanLocationCodeInherited": third},
        {"SorId": "4", "ParentSorId": "3", "EanLocationCodeInherited": fourth},
    ]
    numbers = [loc(1, SorId="1"), loc(2, SorId="1"), loc(3, SorId="4")]
    import_twice(write(extract(numbers, units=units), folder))
    assert dict(SorUnit.objects.values_list("sor_id", "number_holder__sor_id")) == holders


def test_a_closed_number_is_used_by_nobody(folder: Path) -> None:
    units = [
        {"SorId": "1", "SorType": "IE"},
        {"SorId": "2", "ParentSorId": "1", "EanLocationCodeInherited": "ja"},
    ]
    others = [loc(serial, SorId="3") for serial in range(2, 25)]
    units += [{"SorId": "3"}]
    import_twice(write(extract([loc(1), *others], units=units), folder))
    assert dict(SorUnit.objects.values_list("sor_id", "number_holder__sor_id")) == {
        "1": "1",
        "2": "1",
        "3": "3",
    }
    import_twice(write(extract([loc(1, ToDate="2020-01-31"), *others], units=units), folder))
    assert dict(SorUnit.objects.values_list("sor_id", "number_holder__sor_id")) == {
        "1": None,
        "2": None,
        "3": "3",
    }


def test_of_the_rows_of_one_unit_the_one_in_force_counts(folder: Path) -> None:
    history = [
        {"SorId": "1", "EntityName": "Now", "FromDate": "2015-01-01"},
        {"SorId": "1", "EntityName": "Once", "FromDate": "2000-01-01", "ToDate": "2014-12-31"},
        {"SorId": "1", "EntityName": "Soon", "FromDate": "2090-01-01"},
        {"SorId": "2", "EntityName": "Later", "FromDate": "2095-01-01"},
        {"SorId": "2", "EntityName": "First to come", "FromDate": "2090-01-01"},
        {"SorId": "3", "EntityName": "Ended", "FromDate": "2001-01-01", "ToDate": "2002-01-01"},
    ]
    run = import_twice(write(extract([loc(1)], units=history), folder))
    assert counts(run)["units"] == [3, 0, 0, 0]
    assert dict(SorUnit.objects.values_list("sor_id", "name")) == {
        "1": "Now",
        "2": "First to come",
        "3": "Ended",
    }
