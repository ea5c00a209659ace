"""Tiny extracts: a few dicts become the files of a SOR2 extract, in the form the real ones have."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.db import connection
from stdnum import ean

from sorimport import actions
from sorimport.models import ImportRun

Row = Mapping[str, str]
Files = dict[str, bytes]

# Every column that a file has, with what stands in it where a test does not say.
LOCATION = {
    "EanLocationCode": "",
    "SorId": "1",
    "OnlyInternalIndicator": "false",
    "NonActiveIndicator": "false",
    "SystemSupplierId": "10",
    "SystemSupplierName": "CGM",
    "SystemTypeId": "20",
    "SystemTypeName": "XMO",
    "CommunicationSupplierId": "30",
    "CommunicationSupplierName": "KMD",
    "RegionCode": "1084",
    "RegionName": "Region Hovedstaden",
    "EdiAdministratorId": "102",
    "EdiAdministratorName": "CGM",
    "SorNote": "",
    "FirstFromDate": "2010-01-01",
    "FromDate": "2010-01-01",
    "ToDate": "",
}
UNIT = {
    "SorId": "1",
    "SorType": "OE",
    "EntityName": "Lægehuset",
    "EntityTypeName": "Lægepraksis",
    "ParentSorId": "",
    "InstitutionOwnerSorId": "",
    "HealthInstitutionSorId": "",
    "InstitutionOwnerCVRNumberId": "",
    "EanLocationCodeInherited": "false",
    "ProviderId": "",
    "ShakId": "",
    "PostalAddressRegionCode": "1084",
    "PostalAddressStreetName": "",
    "PostalAddressPostCodeId": "",
    "PostalAddressDistrictName": "",
    "PrioritizedEntitySpeciality1Id": "",
    "PrioritizedEntitySpeciality1Name": "",
    "FirstFromDate": "2000-01-01",
    "FromDate": "2000-01-01",
    "ToDate": "",
}
PAIR = {"EanLocationCode": "", "EDITypeId": ""}
EDI_TYPE = {"EDITypeId": "", "EDITypeCode": "", "EDITypeVersion": "", "EDITypeName": ""}
LOCATIONS, PAIRS, TYPES, UNITS, DAILY = (
    "LocationsCode.csv",
    "LocationsCodeEDITypeMap.csv",
    "EDITypes.csv",
    "SOREntity.csv",
    "SorEntity_daily.csv",
)
DEFAULTS = {LOCATIONS: LOCATION, PAIRS: PAIR, TYPES: EDI_TYPE, UNITS: UNIT, DAILY: UNIT}


def gln(serial: int) -> str:
    """The location number of a serial number, with its right check digit."""
    first = f"5790{serial:08d}"
    return first + ean.calc_check_digit(first)


def loc(serial: int = 1, **columns: str) -> dict[str, str]:
    return {"EanLocationCode": gln(serial), **columns}


def csv_bytes(rows: Iterable[Row], defaults: Row, *, encoding: str = "utf-8-sig", end: str = "\r\n") -> bytes:
    """`rows` under the header of `defaults`, semicolons between; a row may add columns of its own."""
    rows = list(rows)
    header = [*defaults, *dict.fromkeys(name for row in rows for name in row if name not in defaults)]
    written = io.StringIO()
    writer = csv.DictWriter(written, header, restval="", delimiter=";", lineterminator=end)
    writer.writeheader()
    writer.writerows({**defaults, **row} for row in rows)
    return written.getvalue().encode(encoding)


def extract(
    locations: Iterable[Row] = (),
    *,
    units: Iterable[Row] = ({},),
    types: Mapping[str, str] | None = None,
    pairs: Mapping[str, str] | None = None,
) -> Files:
    """A complete extract. `types`: id → "code version"; `pairs`: GLN → ids with spaces between; none, no such file."""
    types = {"501": "DIS91 D9134L", "502": "CTL01 K0130K", "503": "FDIS91"} if types is None else types
    named = [
        {"EDITypeId": key, "EDITypeCode": code, "EDITypeVersion": version, "EDITypeName": f"Besked {code}"}
        for key, name in types.items()
        for code, _space, version in [name.partition(" ")]
    ]
    linked = [
        {"EanLocationCode": number, "EDITypeId": key}
        for number, ids in (pairs or {}).items()
        for key in ids.split()
    ]
    return {
        LOCATIONS: csv_bytes(locations, LOCATION),
        **({PAIRS: csv_bytes(linked, PAIR)} if linked else {}),
        TYPES: csv_bytes(named, EDI_TYPE, encoding="cp1252"),
        UNITS: csv_bytes(units, UNIT),
    }


def write(files: Files, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def zipped(files: Files, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def import_once(*paths: Path, **options: Any) -> ImportRun:
    run = ImportRun.objects.create(paths=[str(path) for path in paths], **options)
    return run.run_here(actions.run_import)


def import_twice(*paths: Path, **options: Any) -> ImportRun:
    """Import, and again: the second time must find the same problems and change nothing."""
    first = import_once(*paths, **options)
    assert (first.state, first.message) == ("done", ""), first.message
    before = everything()
    second = import_once(*paths, **options)
    after = everything()
    assert {table: after[table] for table in after if after[table] != before[table]} == {}
    assert second.change_set is None
    done = {"new": 0, "changed": 0, "closed": 0}
    assert (second.state, second.counts["units"] | done, second.counts["locations"] | done) == (
        "done",
        second.counts["units"],
        second.counts["locations"],
    )
    kept = [problem for problem in problems(first) if problem[2] != "missing"]
    assert problems(second) == kept
    return first


def problems(run: ImportRun) -> list[tuple[str, int, str, str]]:
    return list(run.problems.values_list("file", "line", "code", "value"))


def everything() -> dict[str, list[Any]]:
    """Every row of every table but those of the runs themselves."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables "
            "WHERE schemaname = 'public' AND tablename ~ '^(locations|soredi|massupdate)_'"
        )
        tables = sorted(name for (name,) in cursor.fetchall())
        rows = {}
        for table in tables:
            cursor.execute(f"SELECT t::text FROM {table} t ORDER BY 1")
            rows[table] = [text for (text,) in cursor.fetchall()]
    return rows
