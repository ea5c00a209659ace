'''The rows of SOREntity.csv and SorEntity_daily.csv: 120 columns, joined from ready pieces.

    SorId;SorType;EntityName;…;FirstFromDate;FromDate;ToDate
    "=""306031000016009""";OE;Værløse Apotek;…;1995-02-20;1995-02-20;

One SorId has one row a period; its periods follow each other without gap or overlap and the last is current.
'''

from __future__ import annotations

import random

from sorimport.synthetic import names
from sorimport.synthetic.facts import Facts, Speciality
from sorimport.synthetic.lifetimes import iso
from sorimport.synthetic.units import Unit
from sorimport.synthetic.writing import cell, excel_quoted

_ADDRESS = (
    "StreetName",
    "StreetNameForAddressing",
    "StreetBuildingId",
    "FloorId",
    "SuiteId",
    "DistrictSubdivisionName",
    "PostOfficeBoxId",
    "PostCodeId",
    "DistrictName",
    "MunicipalityCode",
    "MunicipalityName",
    "RegionCode",
    "RegionName",
    "CountryIdCode",
    "AddressId",
)
_NO_ADDRESS = ";" * (len(_ADDRESS) - 1)
ADDRESSES = ("PostalAddress", "VisitingAddress", "ActivityAddress")
SPECIALITIES = 8

COLUMNS = (
    "SorId",
    "SorType",
    "EntityName",
    "EntityTypeId",
    "EntityTypeName",
    "ParentSorId",
    "ParentEntityName",
    "InstitutionOwnerSorId",
    "InstitutionOwnerEntityName",
    "InstitutionOwnerEntityTypeId",
    "InstitutionOwnerEntityTypeName",
    "InstitutionOwnerCVRNumberId",
    "HealthInstitutionSorId",
    "HealthInstitutionEntityName",
    "HealthInstitutionEntityTypeId",
    "HealthInstitutionEntityTypeName",
    "HealthInstitutionShakId",
    "EanLocationCode",
    "EanLocationCodeInherited",
    "EanLocationCodeRegionCode",
    "EanLocationCodeRegionName",
    "ProviderId",
    "ShakId",
    "PharmacyId",
    "ProductionUnitId",
    "LocalCode",
    "AlternativeName",
    "ProviderSpecialityId",
    "ProviderSpecialityName",
    "OwnershipForm",
    *(f"PrioritizedEntitySpeciality{n}{part}" for n in range(1, SPECIALITIES + 1) for part in ("Id", "Name")),
    *(kind + part for kind in ADDRESSES for part in _ADDRESS),
    "VirtualAddressEmailAddress",
    "VirtualAddressTelephoneNumber",
    "VirtualAddressFaxNumber",
    "VirtualAddressWebsite",
    "OrganisationalLevelCode",
    "OrganisationalLevelName",
    "GeographicalParentRelation",
    "GeographicalParentSorId",
    "GeographicalParentEntityName",
    "HierarchyLevel",
    "HierarchyPath",
    "ActiveIndicator",
    "PublicIndicator",
    "PatientTreatmentIndicator",
    "EmergencyDepartmentIndicator",
    "OpeningHours",
    "OptionalDescription",
    "ReplacesSorId",
    "SourceSystem",
    "CreatedBy",
    "UpdatedBy",
    "CreatedAt",
    "UpdatedAt",
    "OwnerPostCodeId",
    "OwnerDistrictName",
    "Version",
    "FirstFromDate",
    "FromDate",
    "ToDate",
)

LEVELS = (
    "Ejer",
    "Sygehus",
    "Afdeling",
    "Afsnit",
    "Team",
    "Administration",
    "Klinik",
    "Forvaltning",
    "Institution",
    "Praksis",
    "Apotek",
    "Udsalg",
    "Laboratorium",
)
_ASCII = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", " ": "-"})


class Entities:
    """Makes the rows of one unit after another; `rng` decides what only these files hold (telephones …)."""

    def __init__(self, facts: Facts, today: int, regions: dict[str, str], rng: random.Random) -> None:
        """`regions` is the region code of each GLN."""
        self.facts = facts
        self.today = today
        self.number_regions = regions
        self.rng = rng

    def rows(self, unit: Unit, history: int) -> list[str]:
        """Return `history` earlier rows of `unit` and the current one, oldest first, with line ends."""
        days = self._changes(unit, history)
        middle, late = self._middle(unit), self._late(unit)
        rows = []
        for version, begin in enumerate(days, start=1):
            age = len(days) - version
            end = days[version] - 1 if age else unit.to_date
            name = names.former(unit.name, age) if age else unit.name
            rows.append(
                f"{excel_quoted(unit.sor_id)};{unit.kind.level};{cell(name)};{middle};"
                f"{self._addresses(unit, age)};{late};{version};"
                f"{iso(unit.first_from)};{iso(begin)};{iso(end)}\r\n"
            )
        return rows

    def _changes(self, unit: Unit, history: int) -> list[int]:
        """Return the first day of each row: `unit.first_from` and `history` later days, none after today."""
        first = unit.first_from
        if not history:
            return [first]
        return [first, *sorted(self.rng.sample(range(first + 1, self.last_change(unit) + 1), history))]

    def last_change(self, unit: Unit) -> int:
        return min(self.today, unit.to_date) if unit.to_date is not None else self.today

    def _middle(self, unit: Unit) -> str:
        """Return the columns from EntityTypeId to the last speciality."""
        kind, parent, owner, institution = unit.kind, unit.parent, unit.owner, unit.institution
        up = f"{excel_quoted(parent.sor_id)};{cell(parent.name)}" if parent else ";"
        house = ";;;;"
        if institution:
            type_ = institution.kind
            house = (
                f"{excel_quoted(institution.sor_id)};{cell(institution.name)};{type_.type_code};"
                f"{cell(type_.type_name)};{institution.shak}"
            )
        branch = (
            f"{int(unit.sor_id[:5]) % 400},{1 + unit.building % 4}" if kind.key == "pharmacy_branch" else ""
        )
        return (
            f"{kind.type_code};{cell(kind.type_name)};{up};"
            f"{excel_quoted(owner.sor_id)};{cell(owner.name)};{owner.kind.type_code};"
            f"{cell(owner.kind.type_name)};{owner.cvr};{house};{self._number(unit)};{unit.provider};{unit.shak};{branch};"
            f"{1_000_000_000 + int(unit.sor_id[:-10]) * 7};;;;;;{self._specialities(unit.specialities)}"
        )

    def _number(self, unit: Unit) -> str:
        if unit.holder is None:
            return ";;;"
        gln = unit.holder.own[0]
        inherited = "false" if unit.holder is unit else "true"
        region = self.number_regions[gln]
        return f"{excel_quoted(gln)};{inherited};{region};{self.facts.regions[region]}"

    @staticmethod
    def _specialities(specialities: tuple[Speciality, ...]) -> str:
        named = [f"{excel_quoted(speciality.code)};{cell(speciality.name)}" for speciality in specialities]
        return ";".join(named + [";"] * (SPECIALITIES - len(named)))

    def _addresses(self, unit: Unit, age: int) -> str:
        rng = self.rng
        place = unit.place
        street = unit.street if age < 2 else names.STREETS[(len(unit.name) + age) % len(names.STREETS)]
        digits = f"{rng.getrandbits(128):032x}"
        identifier = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
        floor = "2" if unit.building % 3 == 0 else ""
        door = f"{street};;{unit.building + age};{floor};;;"
        area = (
            f"{place.postcode};{place.town};{place.municipality_code};{place.municipality};"
            f"{place.region};{place.region_name};DK"
        )
        # Units of a house are written to and visited; where the work is done stands on institutions.
        activity = f"{door};{area};" if unit.kind.level == "SI" else _NO_ADDRESS
        return f"{door};{area};;{door};{area};{identifier};{activity}"

    def _late(self, unit: Unit) -> str:
        """Return the columns from VirtualAddressEmailAddress to OwnerDistrictName."""
        rng = self.rng
        kind, parent, owner = unit.kind, unit.parent, unit.owner
        domain = f"{owner.place.town.lower().translate(_ASCII)}-{owner.sor_id[:5]}.example"
        private = bool(unit.provider)
        public = "true" if owner.kind.sector in ("region", "municipality", "state") else "false"
        alive = unit.first_from <= self.today and (unit.to_date is None or unit.to_date >= self.today)
        where = f"2;{excel_quoted(parent.sor_id)};{cell(parent.name)}" if parent else "1;;"
        level = LEVELS.index(kind.organisational_level)
        number = int(20_000_000 + rng.random() * 79_000_000)
        steps, path, above = 1, unit.kind.type_name, parent
        while above:
            steps, path, above = steps + 1, f"{above.kind.type_name} > {path}", above.parent
        return (
            f"post{unit.sor_id[:5]}@{domain};{number};{number + 7 if number % 5 == 0 else ''};"
            f"https://www.{domain};{level + 1};{kind.organisational_level};{where};{steps};{cell(path)};"
            f"{'true' if alive else 'false'};{public};{'false' if kind.level == 'IE' else 'true'};"
            f"{'true' if 'Akut' in unit.name else 'false'};{'Ma-to 8-16, fr 8-15' if private else ''};;;SOR;"
            f"{'import' if number % 2 else 'sor-redaktion'};sor-redaktion;{iso(unit.first_from)};"
            f"{iso(self.last_change(unit))};{owner.place.postcode};{owner.place.town}"
        )
