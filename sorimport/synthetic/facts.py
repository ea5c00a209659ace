"""The fact lists in `sorimport/data`: what an extract is made from.

EDI types, VANS and regions carry their published codes. EDI type ids and the codes of vendors, systems,
entity types and specialities are our own, because SOR's are not public here. They are stable, so any two
extracts agree.
"""

from __future__ import annotations

import csv
import functools
import random
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Generic, TypeVar

from sorimport.synthetic.identifiers import SYSTEMS, VENDORS, classification_code, sctid

T = TypeVar("T")

DATA = Path(__file__).resolve().parent.parent / "data"


@dataclass(frozen=True, slots=True)
class Place:
    region: str
    region_name: str
    municipality: str
    municipality_code: str
    postcode: str
    town: str
    weight: int


@dataclass(frozen=True, slots=True)
class EdiType:
    id: str
    code: str
    version: str
    name: str


@dataclass(frozen=True, slots=True)
class Vendor:
    code: str
    name: str
    administrator: str


@dataclass(frozen=True, slots=True)
class System:
    code: str
    name: str
    vendors: tuple[Vendor, ...]  # the usual one first


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of unit: its level (IE, SI or OE), what it is in SOR and how its location numbers are set up."""

    key: str
    level: str
    sector: str
    type_code: str
    type_name: str
    own_weight: float  # how readily a unit of this kind has a number of its own
    receives: str  # key of a profile
    organisational_level: str


@dataclass(frozen=True, slots=True)
class Speciality:
    code: str
    name: str
    department: str  # the adjective that names a hospital department


class Weighted(Generic[T]):
    """Draws from `items` in proportion to `weights`, with one random number a draw."""

    def __init__(self, items: Sequence[T], weights: Sequence[float]) -> None:
        self.items = tuple(items)
        self._sums = list(accumulate(weights))

    def draw(self, rng: random.Random) -> T:
        return self.items[bisect(self._sums, rng.random() * self._sums[-1])]


@dataclass(frozen=True, slots=True)
class Facts:
    places: tuple[Place, ...]
    regions: dict[str, str]
    vans: dict[str, str]
    administrators: dict[str, str]
    edi_types: tuple[EdiType, ...]
    vendors: tuple[Vendor, ...]
    systems: tuple[System, ...]
    systems_by_sector: dict[str, Weighted[System]]
    kinds: dict[str, Kind]
    specialities: tuple[Speciality, ...]
    # profile → (EDI type id, share of the location numbers that receive it), in the order of the ids
    receives: dict[str, tuple[tuple[str, float], ...]]


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=";"))


def words(name: str) -> tuple[str, ...]:
    """Return the invented names in the list `name` of names.csv."""
    return next(tuple(row["names"].split("|")) for row in rows("names") if row["list"] == name)


def _codes(name: str) -> dict[str, str]:
    return {row["code"]: row["name"] for row in rows(name)}


def _receives(edi_types: Sequence[EdiType]) -> dict[str, tuple[tuple[str, float], ...]]:
    ids = {edi_type.code: edi_type.id for edi_type in edi_types}
    profiles: dict[str, list[tuple[str, float]]] = {}
    for row in rows("receives"):
        share = int(row["share"]) / 100
        profiles.setdefault(row["profile"], []).extend((ids[code], share) for code in row["codes"].split())
    return {profile: tuple(sorted(types)) for profile, types in profiles.items()}


def _systems(vendors: dict[str, Vendor]) -> tuple[tuple[System, ...], dict[str, Weighted[System]]]:
    systems = []
    sectors: dict[str, list[tuple[System, int]]] = {}
    for row in rows("systems"):
        makers = tuple(vendors[serial] for serial in row["vendors"].split(","))
        system = System(sctid(int(row["serial"]), SYSTEMS), row["name"], makers)
        systems.append(system)
        for entry in row["sectors"].split():
            sector, _, weight = entry.partition(":")
            sectors.setdefault(sector, []).append((system, int(weight)))
    return tuple(systems), {sector: Weighted(*zip(*pairs, strict=True)) for sector, pairs in sectors.items()}


@functools.cache
def load() -> Facts:
    """Read all fact lists; they are small (about 500 lines in all)."""
    regions = _codes("regions")
    edi_types = tuple(EdiType(**row) for row in rows("edi_types"))
    vendors = {
        row["serial"]: Vendor(sctid(int(row["serial"]), VENDORS), row["name"], row["administrator"])
        for row in rows("vendors")
    }
    systems, systems_by_sector = _systems(vendors)
    return Facts(
        places=tuple(_place(row, regions) for row in rows("places")),
        regions=regions,
        vans=_codes("vans"),
        administrators=_codes("administrators"),
        edi_types=edi_types,
        vendors=tuple(vendors.values()),
        systems=systems,
        systems_by_sector=systems_by_sector,
        kinds={row["key"]: _kind(row) for row in rows("kinds")},
        specialities=tuple(
            Speciality(classification_code(int(row["serial"])), row["name"], row["department"])
            for row in rows("specialities")
        ),
        receives=_receives(edi_types),
    )


def _place(row: dict[str, str], regions: dict[str, str]) -> Place:
    return Place(
        region=row["region"],
        region_name=regions[row["region"]],
        municipality=row["municipality"],
        municipality_code=row["municipality_code"],
        postcode=row["postcode"],
        town=row["town"],
        weight=int(row["weight"]),
    )


def _kind(row: dict[str, str]) -> Kind:
    return Kind(
        key=row["key"],
        level=row["level"],
        sector=row["sector"],
        # The one institution type the published sample shows: a pharmacy is 264372000.
        type_code="264372000" if row["key"] == "pharmacy" else classification_code(int(row["serial"])),
        type_name=row["type_name"],
        own_weight=float(row["own_weight"]),
        receives=row["receives"],
        organisational_level=row["organisational_level"],
    )
