"""The tree of units: owners (IE), their institutions (SI), organisational units (OE), nested on hospitals."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import TypeVar

from sorimport.synthetic import names
from sorimport.synthetic.facts import Facts, Kind, Place, Speciality, Weighted
from sorimport.synthetic.identifiers import SOR_UNITS, cvrs, sctid

K = TypeVar("K")

# Below this there is no room for every kind of unit and owner.
SMALLEST = 120

REGION_SHARE = 0.33
MUNICIPALITY_SHARE = 0.27
REGION_WEIGHTS = {"1081": 5, "1082": 27, "1083": 20, "1084": 36, "1085": 12}

# Practices by frequency; the rows of a family below are made of these.
PRACTICES = {
    "gp": 30,
    "specialist": 13,
    "dentist": 20,
    "pharmacy": 6,
    "physio": 15,
    "psychologist": 9,
    "chiropractor": 4,
    "podiatrist": 6,
    "private_hospital": 1,
    "laboratory": 1,
}
INSTITUTION = {
    "pharmacy": "pharmacy",
    "private_hospital": "private_hospital",
    "laboratory": "laboratory",
    "state": "state_institution",
}
UNIT = {
    "pharmacy": "pharmacy_branch",
    "private_hospital": "private_hospital_section",
    "laboratory": "laboratory_section",
    "state": "state_section",
}
MUNICIPAL = (
    ("home_care", "Hjemmeplejen"),
    ("nursing", "Sygeplejen"),
    ("care_home", "Plejecenter"),
    ("rehabilitation", "Genoptræningen"),
    ("acute_function", "Akutfunktionen"),
    ("health_visitors", "Sundhedsplejen"),
    ("municipal_dentist", "Tandplejen"),
    ("social_care", "Bosted"),
    ("care_home", "Plejecenter"),
    ("care_home", "Plejecenter"),
)


@dataclass(slots=True, eq=False)
class Unit:
    """One unit. Dates are day ordinals, both ends inclusive; `to_date` is None while nothing ends it."""

    sor_id: str
    kind: Kind
    name: str
    parent: Unit | None
    place: Place
    street: str
    building: int
    cvr: str = ""
    provider: str = ""
    shak: str = ""
    specialities: tuple[Speciality, ...] = ()
    owner: Unit = field(init=False)
    institution: Unit | None = field(init=False)
    first_from: int = 0
    from_date: int = 0
    to_date: int | None = None
    own: list[str] = field(default_factory=list)  # GLNs of its own, the one it names first
    holder: Unit | None = None  # itself, or the nearest ancestor whose number it inherits

    def __post_init__(self) -> None:
        self.owner = self.parent.owner if self.parent else self
        above = self.parent.institution if self.parent else None
        self.institution = self if self.kind.level == "SI" else above


class Forest:
    """Grows families of units, parents before children, until there are `total` units."""

    def __init__(self, total: int, facts: Facts, rng: random.Random) -> None:
        self.total = total
        self.facts = facts
        self.rng = rng
        self.units: list[Unit] = []
        self._cvrs = cvrs(rng)
        self._serials = count(30_601)
        self._places = Weighted(facts.places, [place.weight for place in facts.places])
        self._by_region = {
            code: Weighted(here, [place.weight for place in here])
            for code in REGION_WEIGHTS
            if (here := [place for place in facts.places if place.region == code])
        }
        self._hospitals = count(1301)
        self._wards: dict[str, int] = {}

    def grow(self) -> list[Unit]:
        """Return all units: the regions' first, then the municipalities', then private and state ones."""
        for region, budget in self._shares(REGION_WEIGHTS, int(self.total * REGION_SHARE)):
            self._region(region, budget)
        budget = int(self.total * MUNICIPALITY_SHARE)
        places = sorted(self.facts.places, key=lambda place: -place.weight)[: max(2, budget // 20)]
        for place, share in self._shares({place: place.weight for place in places}, budget):
            self._municipality(place, share)
        for sector in self._sectors():
            if len(self.units) >= self.total:
                break
            self._family(sector)
        del self.units[self.total :]
        return self.units

    @staticmethod
    def _shares(weights: dict[K, int], budget: int) -> Iterator[tuple[K, int]]:
        least = min(9, budget // len(weights))
        rest = budget - least * len(weights)
        for key, weight in weights.items():
            yield key, least + rest * weight // sum(weights.values())

    def _sectors(self) -> Iterator[str]:
        yield "state"
        yield from PRACTICES
        practices = Weighted(tuple(PRACTICES), tuple(PRACTICES.values()))
        while True:
            yield practices.draw(self.rng)

    def _add(self, key: str, name: str, parent: Unit | None, place: Place | None = None) -> Unit:
        """Append a unit; one under a parent stands at its address unless it has a `place` of its own."""
        rng = self.rng
        moved = place is not None or parent is None
        unit = Unit(
            sor_id=sctid(next(self._serials), SOR_UNITS),
            kind=self.facts.kinds[key],
            name=name,
            parent=parent,
            place=place or (parent.place if parent else self._places.draw(rng)),
            street=names.street(rng) if moved or parent is None else parent.street,
            building=rng.randrange(1, 160) if moved or parent is None else parent.building,
        )
        if parent is None:
            unit.cvr = next(self._cvrs)
        self.units.append(unit)
        return unit

    def _region(self, region: str, budget: int) -> None:
        end = len(self.units) + budget
        places = self._by_region[region]
        hospitals = max(1, budget // 700)
        name = self.facts.regions[region]
        owner = self._add("region_owner", name, None, places.draw(self.rng))
        for number in range(hospitals):
            place = places.draw(self.rng)
            style = f"{place.town} Sygehus" if number % 2 else f"Regionshospitalet {place.town}"
            hospital = self._add("hospital", style, owner, place)
            hospital.shak = str(next(self._hospitals))
            self._departments(hospital, (end - len(self.units)) // (hospitals - number) - 2 * (number == 0))
            if number == 0:
                self._add("settlement", f"{name}, Sygesikringsafregning", owner)
                self._add("duty", f"Lægevagten {name}", owner)
        while len(self.units) < end:
            self._add("duty", f"Lægevagten {names.street(self.rng)}", owner, places.draw(self.rng))

    def _departments(self, hospital: Unit, budget: int) -> None:
        """Add departments with their sections; a small budget has one of each kind and one section."""
        end = len(self.units) + budget
        small = budget < 40
        rng = self.rng
        turn = list(self.facts.specialities[1:])
        rng.shuffle(turn)
        first = next(s for s in turn if self._department_kind(s) == "hospital_department")
        fixed = [s for s in turn if s.name in ("Klinisk biokemi", "Diagnostisk radiologi")]
        rest = [s for s in turn if s is not first and s not in fixed]
        for speciality in cycle([first, *fixed, *rest]):
            if len(self.units) >= end:
                return
            department = self._add(
                self._department_kind(speciality), f"{speciality.department} Afdeling", hospital
            )
            others = rng.sample(turn, rng.choice((0, 0, 1, 3)))
            department.specialities = (speciality, *(other for other in others if other is not speciality))
            self._shak(department, hospital)
            for _ in range(int(speciality is first) if small else rng.randrange(3, 13)):
                self._section(department, hospital, end, teams=1 if small else rng.choice((0, 0, 0, 1, 2)))

    @staticmethod
    def _department_kind(speciality: Speciality) -> str:
        if speciality.name == "Diagnostisk radiologi":
            return "hospital_radiology"
        if speciality.name.startswith("Klinisk ") or speciality.name.startswith("Patologisk"):
            return "hospital_laboratory"
        return "hospital_department"

    def _section(self, department: Unit, hospital: Unit, end: int, *, teams: int) -> None:
        rng = self.rng
        if len(self.units) >= end:
            return
        letter = rng.choice("ABCDEFGKØ")
        section = self._add(
            "hospital_section",
            f"{department.name}, {rng.choice(names.SECTIONS)} {letter}{rng.randrange(1, 30)}",
            department,
        )
        section.specialities = department.specialities[:1]
        self._shak(section, hospital)
        for _ in range(min(teams, end - len(self.units))):
            self._add("hospital_team", f"{section.name}, {rng.choice(names.TEAMS)}", section)

    def _shak(self, unit: Unit, hospital: Unit) -> None:
        number = self._wards[hospital.shak] = self._wards.get(hospital.shak, 10) + 1
        unit.shak = f"{hospital.shak}{number:03d}"

    def _municipality(self, place: Place, budget: int) -> None:
        end = len(self.units) + budget
        owner = self._add("municipality_owner", place.municipality, None, place)
        while len(self.units) < end:
            for key, title in MUNICIPAL:
                if len(self.units) >= end:
                    return
                self._municipal_institution(owner, key, title, end)

    def _municipal_institution(self, owner: Unit, key: str, title: str, end: int) -> None:
        rng = self.rng
        named = f"{title} {rng.choice(names.HOMES)}" if key in ("care_home", "social_care") else title
        home = self._add(key, f"{named}, {owner.place.municipality}", owner, owner.place)
        if end - len(self.units) < 10:
            return
        for district in rng.sample(names.DISTRICTS, rng.randrange(1, 7)):
            self._add("municipal_team", f"{named}, {district}", home)

    def _family(self, sector: str) -> None:
        """Add one private owner (or the state's one) with its institution and one to a few units below it."""
        rng = self.rng
        place = self._places.draw(rng)
        name = "Sundhedsdatastyrelsen" if sector == "state" else names.practice(sector, rng, place)
        form = rng.choice(("", " ApS", " I/S", " v/ " + names.person(rng)))
        owner = self._add(f"{sector}_owner", name if sector == "state" else name + form, None, place)
        clinic = self._add(INSTITUTION.get(sector, f"{sector}_clinic"), name, owner)
        speciality = rng.choice(self.facts.specialities[1:])
        number = self._provider()
        for turn in range(self._size(sector)):
            key = UNIT.get(sector, f"{sector}_practice")
            if sector == "state":
                title = f"Testenhed {turn + 1}, Sundhedsdatastyrelsen"
            else:
                title = name if turn == 0 else f"{name}, {names.person(rng)}"
            unit = self._add(key, title, clinic)
            if sector == "specialist":
                unit.specialities = (speciality,)
            elif sector == "gp":
                unit.specialities = self.facts.specialities[:1]
            if sector not in ("state", "private_hospital", "laboratory", "pharmacy"):
                # Practices that work together may share a provider number.
                unit.provider = number if turn == 0 or rng.random() < 0.5 else self._provider()

    def _provider(self) -> str:
        return f"{self.rng.randrange(1000, 300_000):06d}"

    def _size(self, sector: str) -> int:
        if sector == "state":
            return 6 if self.total > 5000 else 1
        if sector == "private_hospital":
            return self.rng.randrange(3, 12) if self.total > 1000 else 2
        return self.rng.choice((1, 1, 1, 2, 2, 3))
