"""The smaller files of Sor_complete.zip; how SOR spells the headers of the location files is an inference."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sorimport.synthetic.entities import LEVELS
from sorimport.synthetic.facts import Facts
from sorimport.synthetic.lifetimes import iso
from sorimport.synthetic.numbers import Number
from sorimport.synthetic.units import Unit
from sorimport.synthetic.writing import CP1252, UTF8, UTF8_BOM, cell, excel_bare, excel_quoted, line

LOCATIONS_CODE = (
    "EanLocationCode",
    "SorId",
    "OnlyInternalIndicator",
    "NonActiveIndicator",
    "SystemSupplierId",
    "SystemSupplierName",
    "SystemTypeId",
    "SystemTypeName",
    "CommunicationSupplierId",
    "CommunicationSupplierName",
    "RegionCode",
    "RegionName",
    "EdiAdministratorId",
    "EdiAdministratorName",
    "SorNote",
    "FirstFromDate",
    "FromDate",
    "ToDate",
    "UpdatedAt",
)


@dataclass(slots=True)
class Table:
    """One file: its name, encoding, header and lines (spelled, with line ends)."""

    name: str
    encoding: str
    header: Iterable[str]
    lines: Iterable[str]


def tables(
    facts: Facts, units: list[Unit], numbers: list[Number], today: int, rng: random.Random
) -> Iterator[Table]:
    """Yield the files in the order they stand in the archive; lines are made while they are read."""
    yield Table(
        "EDITypes.csv",
        CP1252,
        ("EDITypeId", "EDITypeCode", "EDITypeVersion", "EDITypeName"),
        _edi_types(facts),
    )
    yield Table("LocationsCode.csv", UTF8, LOCATIONS_CODE, _locations(facts, numbers, today))
    yield Table(
        "LocationsCodeEDITypeMap.csv", UTF8_BOM, ("EanLocationCode", "EDITypeId"), _edi_type_map(numbers)
    )
    yield Table(
        "SORClassifications.csv", UTF8, ("ClassificationType", "Code", "Name"), _classifications(facts)
    )
    yield Table("SHAKSORMap.csv", UTF8, ("ShakId", "SorId", "FromDate", "ToDate"), _shak(units))
    yield Table(
        "SORReplacedEntities.csv",
        UTF8,
        ("SorId", "ReplacedBySorId", "FromDate"),
        _replaced(units, today, rng),
    )


def _edi_types(facts: Facts) -> Iterator[str]:
    for edi_type in facts.edi_types:
        yield line(edi_type.id, edi_type.code, edi_type.version, cell(edi_type.name))


def _locations(facts: Facts, numbers: list[Number], today: int) -> Iterator[str]:
    for number in numbers:
        at = number.updated
        day = min(today, number.to_date or today, max(number.from_date, number.first_from))
        yield line(
            excel_bare(number.gln),
            excel_bare(number.unit.sor_id),
            _boolean(number.only_internal),
            _boolean(number.inactive),
            excel_bare(number.vendor.code),
            cell(number.vendor.name),
            excel_bare(number.system.code),
            cell(number.system.name),
            excel_bare(number.vans),
            cell(facts.vans[number.vans]),
            number.region,
            facts.regions[number.region],
            number.administrator,
            cell(facts.administrators[number.administrator]),
            cell(number.note),
            iso(number.first_from),
            iso(number.from_date),
            iso(number.to_date),
            f"{iso(day)} {at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}",
        )


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _edi_type_map(numbers: list[Number]) -> Iterator[str]:
    for number in numbers:
        gln = number.gln
        for edi_type in number.edi_types:
            yield f"{gln};{edi_type}\r\n"


def _classifications(facts: Facts) -> Iterator[str]:
    lists: dict[str, Iterable[tuple[str, str]]] = {
        "Speciality": ((speciality.code, speciality.name) for speciality in facts.specialities),
        "EntityType": ((kind.type_code, kind.type_name) for kind in facts.kinds.values()),
        "Region": facts.regions.items(),
        "CommunicationSupplier": facts.vans.items(),
        "SystemType": ((system.code, system.name) for system in facts.systems),
        "SystemSupplier": ((vendor.code, vendor.name) for vendor in facts.vendors),
        "OrganisationalLevel": ((str(number), name) for number, name in enumerate(LEVELS, start=1)),
    }
    for kind, entries in lists.items():
        for code, name in entries:
            yield line(kind, excel_quoted(code), cell(name))


def _shak(units: list[Unit]) -> Iterator[str]:
    for unit in units:
        if unit.shak:
            yield line(
                excel_bare(unit.shak), excel_bare(unit.sor_id), iso(unit.first_from), iso(unit.to_date)
            )


def _replaced(units: list[Unit], today: int, rng: random.Random) -> Iterator[str]:
    """Yield a successor of the same kind and region for half of the closed units; dates as DD-MM-YYYY."""
    successors: dict[tuple[str, str], list[Unit]] = {}
    for unit in units:
        if unit.to_date is None and unit.first_from <= today:
            successors.setdefault((unit.kind.key, unit.place.region), []).append(unit)
    for unit in units:
        if unit.to_date is None or unit.to_date >= today or rng.random() < 0.5:
            continue
        candidates = successors.get((unit.kind.key, unit.place.region))
        if candidates:
            follows = date.fromordinal(unit.to_date) + timedelta(days=1)
            yield line(
                excel_quoted(unit.sor_id),
                excel_quoted(rng.choice(candidates).sor_id),
                follows.strftime("%d-%m-%Y"),
            )
