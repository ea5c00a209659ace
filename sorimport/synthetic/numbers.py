"""Location numbers: who has one, who inherits one, and what each is set up to receive."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import islice

from sorimport.synthetic import names
from sorimport.synthetic.facts import Facts, System, Vendor, Weighted
from sorimport.synthetic.identifiers import glns
from sorimport.synthetic.lifetimes import CLOSED, CLOSING, FUTURE, number_dates
from sorimport.synthetic.units import Unit

SEVERAL = 60  # one number in this many is a further number of a unit that has one
INHERITS = 0.85  # of the units below a number that have none of their own

VANS_SHARES = {
    "hospital": {"41000035001": 38, "81000035007": 30, "51000035003": 25, "91000035009": 5, "100097": 2},
    "municipality": {"41000035001": 62, "51000035003": 25, "81000035007": 11, "100097": 2},
    "private": {"81000035007": 58, "51000035003": 22, "41000035001": 16, "91000035009": 3, "11000035002": 1},
    "closed": {"41000035001": 30, "81000035007": 30, "51000035003": 25, "71000035005": 10, "11000035002": 5},
}
HOSPITAL_SECTORS = frozenset({"region", "hospital_laboratory", "radiology", "settlement", "duty"})


@dataclass(slots=True)
class Number:
    """One location number with its profile. Dates are day ordinals; `updated` is the second of the day."""

    gln: str
    unit: Unit
    system: System
    vendor: Vendor
    vans: str
    region: str
    administrator: str
    edi_types: list[str]
    only_internal: bool
    inactive: bool
    note: str
    first_from: int
    from_date: int
    to_date: int | None
    updated: int


def hand_out(units: list[Unit], count: int, rng: random.Random) -> list[Unit]:
    """Choose who has the `count` numbers and return the unit of each number, in the order of the GLNs.

    A unit stands as many times as it has numbers. Each kind of unit has at least one while there is room.
    Fills `own` and `holder` of the units: one without a number of its own inherits its parent's or has none.
    """
    several = count // SEVERAL
    first = set(map(id, _one_of_each_kind(units)))
    keyed = sorted(
        (-1.0 if id(unit) in first else rng.expovariate(unit.kind.own_weight), place)
        for place, unit in enumerate(units)
    )
    with_numbers = [units[place] for _, place in islice(keyed, count - several)]
    takers = with_numbers + rng.choices(with_numbers, k=several)
    rng.shuffle(takers)
    for unit, gln in zip(takers, glns(rng), strict=False):
        unit.own.append(gln)
    for unit in units:
        above = unit.parent.holder if unit.parent else None
        if unit.own:
            unit.holder = unit
        elif above is not None and rng.random() < INHERITS:
            unit.holder = above
    return takers


def _one_of_each_kind(units: list[Unit]) -> list[Unit]:
    """Return the first unit of each kind, and every region, so that each EDI administrator has something."""
    chosen: dict[str, Unit] = {}
    for unit in units:
        kind = unit.kind.key
        chosen.setdefault(unit.sor_id if kind == "region_owner" else kind, unit)
    return list(chosen.values())


class Profiles:
    """Draws the profile of a number from the kind and place of its unit."""

    def __init__(self, facts: Facts, today: int, rng: random.Random) -> None:
        self.facts = facts
        self.today = today
        self.rng = rng
        self._vans = {
            key: Weighted(tuple(shares), tuple(shares.values())) for key, shares in VANS_SHARES.items()
        }
        # However few numbers there are, some are in each of these states.
        self._fates = [CLOSED, CLOSED, CLOSED, CLOSING, FUTURE]
        self._flags = ["internal", "inactive", "note", "note", "empty"]

    def draw(self, gln: str, unit: Unit) -> Number:
        rng = self.rng
        kind = unit.kind
        ordinary = unit.first_from <= self.today and unit.to_date is None
        fate = self._fate(rng.random()) if ordinary else ""
        first, changed, end = number_dates(unit, fate, self.today, rng)
        closed = end is not None and end < self.today
        flag = self._flags.pop() if self._flags and ordinary and not fate else self._flag(rng.random())
        system = self._system(unit)
        vendor = system.vendors[0 if len(system.vendors) == 1 or rng.random() < 0.8 else 1]
        return Number(
            gln=gln,
            unit=unit,
            system=system,
            vendor=vendor,
            vans=self._vans["closed" if closed else self._vans_group(kind.sector)].draw(rng),
            region="1" if rng.random() < 0.004 else unit.place.region,
            administrator=self._administrator(unit, vendor),
            edi_types=[] if flag == "empty" else self._edi_types(kind.receives),
            only_internal=flag == "internal",
            inactive=flag == "inactive",
            note=rng.choice(names.NOTES) if flag == "note" else "",
            first_from=first,
            from_date=changed,
            to_date=end,
            updated=rng.randrange(86_400) if rng.random() < 0.5 else 0,
        )

    def _fate(self, draw: float) -> str:
        if self._fates:
            return self._fates.pop()
        if draw < 0.04:
            return CLOSED
        if draw < 0.05:
            return CLOSING
        return FUTURE if draw < 0.055 else ""

    @staticmethod
    def _flag(draw: float) -> str:
        for limit, flag in ((0.02, "internal"), (0.045, "inactive"), (0.065, "empty"), (0.12, "note")):
            if draw < limit:
                return flag
        return ""

    def _system(self, unit: Unit) -> System:
        sector = unit.kind.sector
        key = f"region{unit.owner.place.region}" if sector == "region" else sector
        return self.facts.systems_by_sector[key].draw(self.rng)

    @staticmethod
    def _vans_group(sector: str) -> str:
        if sector in HOSPITAL_SECTORS:
            return "hospital"
        return "municipality" if sector == "municipality" else "private"

    @staticmethod
    def _administrator(unit: Unit, vendor: Vendor) -> str:
        """Regions keep their own numbers, MedCom the municipal ones, trades and vendors the private ones."""
        sector = unit.kind.sector
        if sector in HOSPITAL_SECTORS:
            return str(100 + int(unit.owner.place.region) - 1080)
        if sector == "municipality":
            return "110"
        fixed = {"dentist": "108", "pharmacy": "106", "laboratory": "112", "state": "130"}
        return fixed.get(sector) or vendor.administrator

    def _edi_types(self, profile: str) -> list[str]:
        draw = self.rng.random
        return [edi_type for edi_type, share in self.facts.receives[profile] if draw() < share]
