"""Units: what a file does not carry stays, which list is complete, who came after whom, what free text finds."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from locations.models import SorUnit
from soredi.models import User
from sorimport.models import ImportRun
from tests.sorimport.extracts import (
    DAILY,
    UNIT,
    UNITS,
    csv_bytes,
    extract,
    gln,
    import_once,
    import_twice,
    problems,
    write,
)

pytestmark = pytest.mark.usefixtures("committed_db")
ENDED = {"SorId": "8", "FromDate": "1990-01-01", "ToDate": "1999-12-31"}
REPLACED, SHAK = "SORReplacedEntities.csv", "SHAKSORMap.csv"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "extract"


def only_units(folder: Path, name: str, *rows: dict[str, str], **options: object) -> ImportRun:
    return import_twice(write({name: csv_bytes(rows, UNIT)}, folder), accept_closures=True, **options)


def open_units() -> str:
    today = timezone.localdate()
    return " ".join(
        u.sor_id for u in SorUnit.objects.order_by("sor_id") if u.to_date is None or u.to_date >= today
    )


def test_a_column_that_the_file_lacks_leaves_what_is_known(folder: Path) -> None:
    whole = {
        "EntityName": "Før", "EntityTypeName": "Lægepraksis", "InstitutionOwnerSorId": "2", "ProviderId": "0123",
        "HealthInstitutionSorId": "3", "InstitutionOwnerCVRNumberId": "12345678", "ShakId": "99",
        "PostalAddressStreetName": "Gaden 1", "PostalAddressPostCodeId": "9990", "PostalAddressDistrictName": "Skagen",
        "EanLocationCodeInherited": "true", "PrioritizedEntitySpeciality1Id": "7", "FirstFromDate": "1999-01-01",
    }  # fmt: skip
    others = [
        {"SorId": "2", "SorType": "IE"},
        {"SorId": "3", "SorType": "SI", "PrioritizedEntitySpeciality1Id": "6"},
    ]
    import_twice(write(extract([{"EanLocationCode": gln(1)}], units=[whole, *others]), folder))
    before = SorUnit.objects.values().get(sor_id="1")
    assert (before["region_id"], before["specialities"]) != (None, [])
    few = {
        name: UNIT[name] for name in ("SorId", "SorType", "EntityName", "ParentSorId", "FromDate", "ToDate")
    }
    content = csv_bytes([{"EntityName": "Efter"}, {"SorId": "77"}], few)
    run = import_twice(write({UNITS: content}, folder))
    assert run.counts["units"] == {"new": 1, "changed": 1, "closed": 0, "unchanged": 0}
    found = before["search_text"].replace("foer", "efter")
    assert SorUnit.objects.values().get(sor_id="1") == before | {"name": "Efter", "search_text": found}
    new = SorUnit.objects.get(sor_id="77")
    assert (new.types, new.cvr, new.specialities, new.inherits_number, new.owner) == ([], "", [], False, None)


@pytest.mark.parametrize(
    ("name", "rows", "source", "left_open"),
    [
        # The daily file has no history, whatever it is called; SOREntity.csv has.
        ("enheder.csv", [{"SorId": "1"}], "auto", "1 2"),
        (DAILY, [{"SorId": "1"}], "auto", "1 2"),
        (DAILY, [{"SorId": "1"}, ENDED], "auto", "1"),
        ("enheder.csv", [{"SorId": "1"}, {"SorId": "1", "FromDate": "2005-05-05"}], "auto", "1"),
        ("enheder.csv", [{"SorId": "1"}, {"SorId": "1"}], "auto", "1 2"),
        (UNITS, [{"SorId": "1"}, ENDED], "daily", "1 2"),
        (DAILY, [{"SorId": "1"}], "sor2", "1"),
    ],
)
def test_a_unit_is_gone_where_the_list_is_complete(
    folder: Path, name: str, rows: list[dict[str, str]], source: str, left_open: str
) -> None:
    only_units(folder, UNITS, {"SorId": "1"}, {"SorId": "2"}, ENDED)
    assert open_units() == "1 2"
    only_units(folder, name, *rows, source=source)
    assert open_units() == left_open


@pytest.mark.parametrize(
    ("ended", "left_open"),
    [
        (-2, "1 2"),  # after the file was written
        (-9, "1"),  # before: only SOREntity.csv has it still
    ],
)
@pytest.mark.parametrize("dated", ["UpdatedAt", "FromDate"])
def test_the_daily_file_of_some_days_ago_closes_none(
    folder: Path, dated: str, ended: int, left_open: str
) -> None:
    def day(days: int) -> str:
        return (timezone.localdate() + timedelta(days=days)).isoformat()

    only_units(folder, UNITS, {"SorId": "1"}, {"SorId": "2"}, ENDED)
    ending = {"SorId": "3", "FromDate": "2010-01-01", "ToDate": day(ended)}
    only_units(folder, "enheder.csv", {"SorId": "1", dated: day(-5)}, ending)
    assert open_units() == left_open


def test_the_daily_file_beside_the_whole_one_is_passed_over(folder: Path) -> None:
    files = {
        "a.csv": csv_bytes([{"SorId": "1"}], UNIT),
        "b.csv": csv_bytes([{"SorId": "1"}, {"SorId": "2"}, ENDED], UNIT),
    }
    run = import_twice(write(files, folder))
    assert (run.counts["skipped_files"], open_units()) == (["a.csv"], "1 2")
    both_daily = files | {"b.csv": csv_bytes([{"SorId": "1"}, {"SorId": "3"}], UNIT)}
    run = import_once(write(both_daily, folder))
    assert (run.state, "a.csv" in str(run.message)) == ("failed", True)


def test_free_text_finds_a_unit_by_the_new_name_of_what_is_above_it(folder: Path) -> None:
    tree = [
        {"SorId": "1", "SorType": "IE", "EntityName": "Gammel ejer"},
        {"SorId": "2", "SorType": "SI", "EntityName": "Gammelt hus", "ParentSorId": "1", "InstitutionOwnerSorId": "1"},
        {"SorId": "3", "EntityName": "Afsnit", "ParentSorId": "2", "InstitutionOwnerSorId": "1",
         "HealthInstitutionSorId": "2"},
        {"SorId": "4", "EntityName": "Uden nummer", "ParentSorId": "2"},
    ]  # fmt: skip
    import_twice(write(extract([{"EanLocationCode": gln(1), "SorId": "3"}], units=tree), folder))
    assert SorUnit.objects.get(sor_id="3").search_text.startswith(
        "afsnit gammelt hus gammelt hus gammel ejer"
    )
    only_units(folder, DAILY, tree[0] | {"EntityName": "Ny ejer"}, tree[1] | {"EntityName": "Nyt hus"})
    assert SorUnit.objects.get(sor_id="3").search_text.startswith("afsnit nyt hus nyt hus ny ejer")
    assert SorUnit.objects.get(sor_id="4").search_text == ""
    # As a whole extract would have it.
    found = SorUnit.objects.get(sor_id="3").search_text
    only_units(folder, DAILY, tree[2])
    assert SorUnit.objects.get(sor_id="3").search_text == found


def replaced(*rows: str) -> bytes:
    return ("SorId;ReplacedBySorId;FromDate\r\n" + "\r\n".join(rows) + "\r\n").encode()


def test_a_unit_knows_its_latest_successor(folder: Path, client: Client) -> None:
    units = [{"SorId": n, "EntityName": f"Enhed {n}"} for n in "1234"]
    numbers = [{"EanLocationCode": gln(1), "SorId": "1"}]
    rows = replaced("1;2;2019-01-01", '="1";="3";01-02-2020', "2;99;2020-01-01", "4;4;2020-01-01")
    import_twice(write(extract(numbers, units=units) | {REPLACED: rows}, folder))
    successors = dict(SorUnit.objects.values_list("sor_id", "replaced_by__sor_id"))
    assert successors == {"1": "3", "2": None, "3": None, "4": None}
    client.force_login(User.objects.create_user("admin", is_staff=True))
    page = client.get(f"/lokationsnumre/{gln(1)}/").content.decode()
    assert "Afløst af" in page and "Enhed 3" in page
    # Without the file nothing is said of it; with another one it is said in whole.
    import_twice(write(extract(numbers, units=units), folder))
    assert dict(SorUnit.objects.values_list("sor_id", "replaced_by__sor_id")) == successors
    import_twice(write(extract(numbers, units=units) | {REPLACED: replaced("2;1;2020-01-01")}, folder))
    assert dict(SorUnit.objects.values_list("sor_id", "replaced_by__sor_id")) == {
        "1": None, "2": "1", "3": None, "4": None,
    }  # fmt: skip
    assert "Afløst af" not in client.get(f"/lokationsnumre/{gln(1)}/").content.decode()


def test_the_shak_map_fills_what_the_units_leave_empty(folder: Path) -> None:
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    units = [{"SorId": "1", "ShakId": "1301"}, *({"SorId": n} for n in "2345")]
    rows = [
        "1500;1;2010-01-01;", "6600;2;2005-01-01;", "6601;2;2010-01-01;", "7700;3;2010-01-01;2011-01-01",
        f"8800;4;{tomorrow};",
    ]  # fmt: skip
    shak = ("ShakId;SorId;FromDate;ToDate\r\n" + "\r\n".join(rows) + "\r\n").encode()
    run = import_twice(write(extract([{"EanLocationCode": gln(1)}], units=units) | {SHAK: shak}, folder))
    expected = {"1": "1301", "2": "6601", "3": "", "4": "", "5": ""}
    assert (dict(SorUnit.objects.values_list("sor_id", "shak")), problems(run)) == (expected, [])
    # The daily file comes without the map.
    only_units(folder, DAILY, *units)
    assert dict(SorUnit.objects.values_list("sor_id", "shak")) == expected


def test_a_cycle_that_only_a_later_file_closes_is_cut_there(folder: Path) -> None:
    units = [{"SorId": "1"}, {"SorId": "2", "ParentSorId": "1"}, {"SorId": "3", "ParentSorId": "2"}]
    import_twice(write(extract([{"EanLocationCode": gln(1)}], units=units), folder))
    run = only_units(folder, DAILY, {"SorId": "1", "ParentSorId": "3", "EntityName": "Ny"})
    assert problems(run) == [(DAILY, 2, "parent_cycle", "3")]
    assert set(SorUnit.objects.values_list("sor_id", "parent__sor_id", "name")) == {
        ("1", None, "Ny"), ("2", "1", "Lægehuset"), ("3", "2", "Lægehuset"),
    }  # fmt: skip
