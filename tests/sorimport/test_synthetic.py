"""A synthetic extract has the form of a real one, is true to itself and comes out the same every time."""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import itertools
import json
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from stdnum import ean, verhoeff
from stdnum.dk import cvr

from sorimport.synthetic import make_extract
from sorimport.synthetic.extract import ARCHIVE, DAILY
from sorimport.synthetic.identifiers import gln_digit, sctid

TODAY = "2026-11-01"
LOCATIONS, UNITS, HISTORY = 900, 2200, 1500
ENCODINGS = {
    "LocationsCode.csv": "utf-8",
    "LocationsCodeEDITypeMap.csv": "utf-8-sig",
    "EDITypes.csv": "cp1252",
    "SOREntity.csv": "utf-8-sig",
    "SORClassifications.csv": "utf-8",
    "SHAKSORMap.csv": "utf-8",
    "SORReplacedEntities.csv": "utf-8",
}

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"

Row = dict[str, str]


def _bare(value: str) -> str:
    """Strip what either spelling of ="123" leaves after CSV parsing."""
    return value.removeprefix("=").strip('"')


def _table(data: bytes, encoding: str) -> list[Row]:
    # In the bare spelling ="123" the quotes stand inside the field; csv leaves them where they are.
    lines = io.StringIO(data.decode(encoding), newline="")
    return [
        {name: _bare(value) for name, value in row.items()} for row in csv.DictReader(lines, delimiter=";")
    ]


class Extract:
    """An extract read back: raw bytes and rows by file, and the current row of each unit."""

    def __init__(self, folder: Path, counts: dict[str, Any]) -> None:
        self.counts = counts
        with zipfile.ZipFile(folder / ARCHIVE) as archive:
            self.raw = {name: archive.read(name) for name in archive.namelist()}
        self.raw[DAILY] = (folder / DAILY).read_bytes()
        self.rows = {name: _table(self.raw[name], encoding) for name, encoding in ENCODINGS.items()}
        self.rows[DAILY] = _table(self.raw[DAILY], "utf-8-sig")
        self.locations = {row["EanLocationCode"]: row for row in self.rows["LocationsCode.csv"]}
        self.periods: dict[str, list[Row]] = {}
        for row in self.rows["SOREntity.csv"]:
            self.periods.setdefault(row["SorId"], []).append(row)
        for rows in self.periods.values():
            rows.sort(key=lambda row: row["FromDate"])
        self.units = {sor_id: rows[-1] for sor_id, rows in self.periods.items()}

    def types_of(self, *kinds: str) -> Counter[str]:
        """Return how many numbers on units of these entity types receive each EDI code."""
        codes = {row["EDITypeId"]: row["EDITypeCode"] for row in self.rows["EDITypes.csv"]}
        return Counter(
            codes[row["EDITypeId"]]
            for row in self.rows["LocationsCodeEDITypeMap.csv"]
            if self.units[self.locations[row["EanLocationCode"]]["SorId"]]["EntityTypeName"] in kinds
        )


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / ARCHIVE).read_bytes() + (folder / DAILY).read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> Extract:
    folder = tmp_path_factory.mktemp("extract")
    return Extract(
        folder, make_extract(folder, locations=LOCATIONS, units=UNITS, seed=7, history_rows=HISTORY)
    )


def test_the_same_arguments_give_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        make_extract(tmp_path / name, locations=60, units=150, seed=seed)
    assert _digest(tmp_path / "one") == _digest(tmp_path / "two")
    assert _digest(tmp_path / "one") != _digest(tmp_path / "other")


def test_history_leaves_units_and_numbers_as_they_are(tmp_path: Path) -> None:
    for name, rows in (("without", 0), ("with", 400)):
        make_extract(tmp_path / name, locations=60, units=150, history_rows=rows)
    without, with_history = (zipfile.ZipFile(tmp_path / name / ARCHIVE) for name in ("without", "with"))
    for name in ("LocationsCode.csv", "LocationsCodeEDITypeMap.csv", "SHAKSORMap.csv"):
        assert without.read(name) == with_history.read(name)


def test_counts_are_what_was_asked_for_and_what_is_in_the_files(extract: Extract) -> None:
    assert extract.counts["locations"] == len(extract.locations) == LOCATIONS
    assert extract.counts["units"] == len(extract.units) == UNITS
    assert extract.counts["entity_rows"] == len(extract.rows["SOREntity.csv"]) == UNITS + HISTORY
    assert extract.counts["rows"] == {name: len(rows) for name, rows in extract.rows.items()}
    assert extract.counts["edi_links"] == extract.counts["rows"]["LocationsCodeEDITypeMap.csv"]
    assert extract.counts["edi_types"] == 105
    assert 18 < extract.counts["edi_links"] / LOCATIONS < 26


def test_files_are_encoded_and_ended_as_real_ones(extract: Extract) -> None:
    for name, encoding in {**ENCODINGS, DAILY: "utf-8-sig"}.items():
        raw = extract.raw[name]
        assert raw.startswith(b"\xef\xbb\xbf") is (encoding == "utf-8-sig"), name
        assert raw.endswith(b"\r\n")
        assert raw.count(b"\n") == raw.count(b"\r\n")
    assert "Fødselsanmeldelse".encode("cp1252") in extract.raw["EDITypes.csv"]
    assert "Ø".encode() in extract.raw["SOREntity.csv"]


def test_ids_for_excel_come_in_both_spellings_and_in_the_map_as_digits(extract: Extract) -> None:
    assert extract.raw["LocationsCode.csv"].splitlines()[1].startswith(b'="57')
    assert extract.raw["SOREntity.csv"].splitlines()[1].startswith(b'"=""')
    assert extract.raw["LocationsCodeEDITypeMap.csv"].splitlines()[1].startswith(b"57")


def test_dates_are_spelled_in_three_ways(extract: Extract) -> None:
    for row in extract.locations.values():
        datetime.date.fromisoformat(row["FirstFromDate"])
        datetime.datetime.strptime(row["UpdatedAt"], "%Y-%m-%d %H:%M:%S")
    for row in extract.rows["SORReplacedEntities.csv"]:
        datetime.datetime.strptime(row["FromDate"], "%d-%m-%Y")


def test_check_digits_are_right(extract: Extract) -> None:
    assert gln_digit("579000012633") == "0"
    assert sctid(30601, "1000016") == "306011000016003"
    assert all(ean.is_valid(gln) for gln in extract.locations)
    assert {gln[:4] for gln in extract.locations} == {"5790", "5744"}
    assert all(verhoeff.is_valid(sor_id) and "1000016" in sor_id for sor_id in extract.units)
    for row in extract.locations.values():
        assert verhoeff.is_valid(row["SystemSupplierId"])
        assert "1000055" in row["SystemSupplierId"]
        assert verhoeff.is_valid(row["SystemTypeId"])
        assert "1000045" in row["SystemTypeId"]
    assert all(cvr.is_valid(row["InstitutionOwnerCVRNumberId"]) for row in extract.units.values())


def test_every_pair_names_a_location_number_and_an_edi_type_once(extract: Extract) -> None:
    pairs = [
        (row["EanLocationCode"], row["EDITypeId"]) for row in extract.rows["LocationsCodeEDITypeMap.csv"]
    ]
    assert len(set(pairs)) == len(pairs)
    assert {gln for gln, _ in pairs} <= extract.locations.keys()
    assert {type_ for _, type_ in pairs} <= {row["EDITypeId"] for row in extract.rows["EDITypes.csv"]}
    assert extract.locations.keys() - {gln for gln, _ in pairs}, "some numbers receive nothing"


def test_every_reference_between_units_holds(extract: Extract) -> None:
    levels = {sor_id: row["SorType"] for sor_id, row in extract.units.items()}
    parents = {"IE": {None}, "SI": {"IE"}, "OE": {"SI", "OE"}}
    for row in extract.rows["SOREntity.csv"]:
        assert levels.get(row["ParentSorId"]) in parents[row["SorType"]]
        assert levels[row["InstitutionOwnerSorId"]] == "IE"
        assert levels.get(row["HealthInstitutionSorId"], "") == ("" if row["SorType"] == "IE" else "SI")
    assert any(levels.get(row["ParentSorId"]) == "OE" for row in extract.units.values())
    assert {row["SorId"] for row in extract.locations.values()} <= levels.keys()
    for row in extract.rows["SORReplacedEntities.csv"]:
        assert {row["SorId"], row["ReplacedBySorId"]} <= levels.keys()
        assert extract.units[row["SorId"]]["ToDate"] < TODAY
    assert {row["SorId"] for row in extract.rows["SHAKSORMap.csv"]} <= levels.keys()


def test_own_numbers_are_named_and_inherited_ones_come_from_the_nearest_unit_that_has_one(
    extract: Extract,
) -> None:
    own: dict[str, list[str]] = {}
    for gln, row in extract.locations.items():
        own.setdefault(row["SorId"], []).append(gln)
    assert any(len(glns) > 1 for glns in own.values())
    seen = set()
    for sor_id, row in extract.units.items():
        seen.add((row["SorType"], row["EanLocationCodeInherited"]))
        if sor_id in own:
            assert (row["EanLocationCode"], row["EanLocationCodeInherited"]) == (own[sor_id][0], "false")
        elif row["EanLocationCodeInherited"] == "true":
            above = row["ParentSorId"]
            while above not in own:
                assert extract.units[above]["EanLocationCodeInherited"] == "true"
                above = extract.units[above]["ParentSorId"]
            assert row["EanLocationCode"] == own[above][0]
        else:
            assert (row["EanLocationCode"], row["EanLocationCodeInherited"]) == ("", "")
    levels = itertools.product(("SI", "OE"), ("false", "true", ""))
    assert seen == {("IE", "false"), ("IE", ""), *levels}


def test_units_and_numbers_are_open_closed_closing_and_to_come(extract: Extract) -> None:
    for rows in (extract.units.values(), extract.locations.values()):
        assert any(row["ToDate"] and row["ToDate"] < TODAY for row in rows)
        assert any(row["ToDate"] >= TODAY for row in rows)
        assert any(row["FirstFromDate"] > TODAY for row in rows)
        assert all(row["FirstFromDate"] <= row["FromDate"] for row in rows)
        assert all(row["FromDate"] <= row["ToDate"] for row in rows if row["ToDate"])
    closed = {gln for gln, row in extract.locations.items() if row["ToDate"] and row["ToDate"] < TODAY}
    pairs = {row["EanLocationCode"] for row in extract.rows["LocationsCodeEDITypeMap.csv"]}
    assert closed & pairs, "closed numbers keep their EDI types"
    assert any(not extract.units[extract.locations[gln]["SorId"]]["ToDate"] for gln in closed)


def test_the_periods_of_a_unit_follow_each_other(extract: Extract) -> None:
    for rows in extract.periods.values():
        assert rows[0]["FromDate"] == rows[0]["FirstFromDate"]
        for earlier, later in itertools.pairwise(rows):
            end = datetime.date.fromisoformat(earlier["ToDate"])
            assert end.isoformat() >= earlier["FromDate"]
            assert (end + datetime.timedelta(days=1)).isoformat() == later["FromDate"]


def test_the_rows_of_soreentity_are_not_in_order(extract: Extract) -> None:
    order = [row["SorId"] for row in extract.rows["SOREntity.csv"]]
    assert order != sorted(order, key=int)


def test_the_daily_file_has_the_current_row_of_each_unit_that_is_not_closed(extract: Extract) -> None:
    open_ = {
        sor_id: row for sor_id, row in extract.units.items() if not row["ToDate"] or row["ToDate"] >= TODAY
    }
    assert {row["SorId"]: row for row in extract.rows[DAILY]} == open_
    assert len(extract.rows[DAILY]) == len(open_)
    assert any(row["FromDate"] > TODAY for row in extract.rows[DAILY])


def test_edi_types_fit_the_kind_of_unit(extract: Extract) -> None:
    gp = extract.types_of("Almen lægepraksis", "Praktiserende læge", "Privat ejer, almen praksis")
    assert {"DIS01", "DIS91", "RPT01", "CTL01"} <= gp.keys()
    assert not any(code.removeprefix("X").startswith(("REQ", "REF", "PRE01")) for code in gp)
    assert {"REQ01", "XREQ01"} <= extract.types_of("Laboratorium", "Laboratorieafdeling").keys()
    assert "REF01" in extract.types_of("Afdeling", "Afsnit")
    assert "PRE01" in extract.types_of("Apotek", "Apotekejer")
    assert {"XDIS17", "XREF15", "GGOP"} <= extract.types_of("Hjemmepleje", "Kommunal enhed").keys()
    assert len({row["EDITypeCode"] for row in extract.rows["EDITypes.csv"]}) == 105


def test_an_administrator_keeps_the_numbers_that_are_its_business(extract: Extract) -> None:
    names = {row["EdiAdministratorId"]: row["EdiAdministratorName"] for row in extract.locations.values()}
    assert len(names) == 12
    assert (names["101"], names["110"]) == ("Region Nordjylland", "MedCom")
    for row in extract.locations.values():
        unit = extract.units[row["SorId"]]
        owner = unit["InstitutionOwnerEntityTypeName"]
        if owner == "Kommune":
            assert row["EdiAdministratorId"] == "110"
        elif owner == "Region":
            assert row["EdiAdministratorName"] == unit["InstitutionOwnerEntityName"]
    sizes = sorted(Counter(row["EdiAdministratorId"] for row in extract.locations.values()).values())
    assert sizes[0] < 12
    assert 0.3 < sizes[-1] / LOCATIONS < 0.5


def test_flags_notes_and_systems_vary(extract: Extract) -> None:
    rows = extract.locations.values()
    assert {row["OnlyInternalIndicator"] for row in rows} == {"true", "false"}
    assert {row["NonActiveIndicator"] for row in rows} == {"true", "false"}
    assert any(";" in row["SorNote"] for row in rows)
    vendors: dict[str, set[str]] = {}
    for row in rows:
        vendors.setdefault(row["SystemTypeId"], set()).add(row["SystemSupplierId"])
    assert {len(makers) for makers in vendors.values()} == {1, 2}
    vans = Counter(row["CommunicationSupplierName"] for row in rows).most_common(3)
    assert {name for name, _ in vans} == {"KMD", "DataGruppen MultiMed A/S", "TrueCommerce Denmark ApS"}


def test_classifications_cover_what_the_other_files_use(extract: Extract) -> None:
    codes: dict[str, set[str]] = {}
    for row in extract.rows["SORClassifications.csv"]:
        codes.setdefault(row["ClassificationType"], set()).add(row["Code"])
    numbers, units = extract.locations.values(), extract.units.values()
    assert {row["SystemTypeId"] for row in numbers} <= codes["SystemType"]
    assert {row["SystemSupplierId"] for row in numbers} <= codes["SystemSupplier"]
    assert {row["CommunicationSupplierId"] for row in numbers} <= codes["CommunicationSupplier"]
    assert {row["RegionCode"] for row in numbers} <= codes["Region"]
    assert {row["EntityTypeId"] for row in units} <= codes["EntityType"]
    assert {row["PrioritizedEntitySpeciality1Id"] for row in units} - {""} <= codes["Speciality"]


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_small_extract_has_every_kind_and_administrator(seed: int, tmp_path: Path) -> None:
    counts = make_extract(tmp_path, locations=60, units=150, seed=seed)
    extract = Extract(tmp_path, counts)
    assert len(extract.units) == 150
    kinds = {
        row["Code"]
        for row in extract.rows["SORClassifications.csv"]
        if row["ClassificationType"] == "EntityType"
    }
    assert {row["EntityTypeId"] for row in extract.units.values()} == kinds
    assert all(counts["administrators"].values()), counts["administrators"]
    for state in ("units_closed", "units_future", "locations_closed", "locations_future"):
        assert counts[state] > 0, state


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        ({"locations": 10, "units": 20}, "units is 20"),
        ({"locations": 200, "units": 200}, "locations is 200"),
        ({"locations": 50, "units": 150, "history_rows": -1}, "history_rows is -1"),
        ({"locations": 50, "units": 150, "today": datetime.date(1999, 1, 1)}, "today is 1999-01-01"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name(wish: dict[str, Any], named: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=named):
        make_extract(tmp_path / "none", **wish)
    assert not (tmp_path / "none").exists()


def test_the_command_ends_with_its_counts_as_json_and_refuses_with_two(tmp_path: Path) -> None:
    command = [
        sys.executable,
        MANAGE,
        "make_extract",
        tmp_path / "extract",
        "--locations",
        "60",
        "--seed",
        "5",
    ]
    done = subprocess.run([*command, "--units", "150"], capture_output=True, text=True, check=True)
    same = make_extract(tmp_path / "same", locations=60, units=150, seed=5)
    assert json.loads(done.stdout.splitlines()[-1]) == same
    assert _digest(tmp_path / "extract") == _digest(tmp_path / "same")
    assert subprocess.run([*command, "--units", "30"], capture_output=True, check=False).returncode == 2
