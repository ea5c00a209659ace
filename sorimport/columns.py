"""The headers of the SOR2 files and of the old ones: one alias table.

The exact headers of the location files could not be verified against a real extract, so files are read by header,
never by position. A header matches case-insensitively, by its letters and digits alone (`soredi.tabular.plain`).
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from soredi.sentences import Sentence
from soredi.tabular import TabularError, plain


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of file: column → its spellings, those it cannot do without, and the name it is published under.

    `source` is the one it belongs to: sor2 or legacy. `known_by` are the columns that tell it from others, where those
    are not the required ones.
    """

    name: str
    published_as: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    source: str = "sor2"
    known_by: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kind) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def aliases(self) -> dict[str, str]:
        """`plain` header → column."""
        return {
            plain(spelling): column
            for column, spellings in self.columns.items()
            for spelling in (column, *spellings)
        }


_GLN = ("EanLocationCode", "Lokationsnummer", "Loknr", "LocationCode", "EanLokationsnummer", "GLN")
_SOR_ID = ("SorId", "SOR-kode", "SorCode", "SorIdentifier")
_UPDATED_AT = ("UpdatedAt", "Sidst ændret dato")
_DATES = {
    "first_from_date": ("FirstFromDate", "Først gældende fra dato"),
    "from_date": ("FromDate", "Gældende fra dato", "ValidFrom"),
    "to_date": ("ToDate", "Ophørt dato", "ValidTo"),
}

LOCATIONS = Kind(
    "locations",
    ("LocationsCode.csv", "LocationsCodes.csv"),
    {
        "gln": _GLN,
        "sor_id": _SOR_ID,
        "only_internal": ("OnlyInternalIndicator", "Kun internt"),
        "inactive": ("NonActiveIndicator", "Ikke-aktivt"),
        "vendor_code": ("SystemSupplierId", "SystemSupplier", "Systemleverandør"),
        "vendor_name": ("SystemSupplierName", "Systemleverandørnavn"),
        "system_code": ("SystemTypeId", "SystemType", "EDB-system"),
        "system_name": ("SystemTypeName", "EDB-systemnavn"),
        "vans_code": ("CommunicationSupplierId", "CommunicationSupplier", "Netoperatør", "VANS"),
        "vans_name": ("CommunicationSupplierName", "Netoperatørnavn"),
        "region_code": ("RegionCode", "RegionId"),
        "region_name": ("RegionName", "Region"),
        "administrator_code": ("EdiAdministratorId", "EdiAdministrator", "EDI-administrator"),
        "administrator_name": ("EdiAdministratorName", "EDI-administratornavn"),
        "note": ("SorNote", "Note", "Bemærkning"),
        "updated_at": _UPDATED_AT,
        **_DATES,
    },
    ("gln", "sor_id", "vans_code", "system_code", "vendor_code", "administrator_code"),
)
PAIRS = Kind(
    "pairs",
    ("LocationsCodeEDITypeMap.csv", "eanlocationcodeeditype.csv"),
    {"gln": _GLN, "edi_type_id": ("EDITypeId", "EdiId", "EDITypeIdentifier")},
    ("gln", "edi_type_id"),
)
EDI_TYPES = Kind(
    "edi_types",
    ("EDITypes.csv",),
    {
        "edi_type_id": ("EDITypeId", "EdiId", "Id"),
        "code": ("EDITypeCode", "EdiCode"),
        "version": ("EDITypeVersion", "VersionCode"),
        "name": ("EDITypeName", "Description"),
    },
    ("edi_type_id", "code"),
)
UNITS = Kind(
    "units",
    ("SOREntity.csv", "SorEntity_daily.csv"),
    {
        "sor_id": _SOR_ID,
        "kind": ("SorType", "EntityKind"),
        "name": ("EntityName", "Enhedsnavn"),
        "type": ("EntityTypeName", "Enhedstype"),
        "parent_sor_id": ("ParentSorId", "Parent-SOR-kode"),
        "owner_sor_id": ("InstitutionOwnerSorId",),
        "institution_sor_id": ("HealthInstitutionSorId",),
        "cvr": ("InstitutionOwnerCVRNumberId", "CVRNumberId", "CVR"),
        "inherits_number": ("EanLocationCodeInherited", "EntityInheritedIndicator"),
        "provider_number": ("ProviderId", "Ydernummer"),
        "shak": ("ShakId", "Sgh/Afd.kode"),
        "region_code": ("PostalAddressRegionCode", "RegionCode"),
        "street": ("PostalAddressStreetName",),
        "building": ("PostalAddressStreetBuildingId",),
        "postcode": ("PostalAddressPostCodeId",),
        "city": ("PostalAddressDistrictName",),
        "phone": ("VirtualAddressTelephoneNumber",),
        "email": ("VirtualAddressEmailAddress",),
        **{f"speciality{n}": (f"PrioritizedEntitySpeciality{n}Id",) for n in range(1, 9)},
        **{f"speciality{n}_name": (f"PrioritizedEntitySpeciality{n}Name",) for n in range(1, 9)},
        "updated_at": _UPDATED_AT,
        **_DATES,
    },
    ("sor_id", "kind", "name", "parent_sor_id", "from_date", "to_date"),
)
CLASSIFICATIONS = Kind(
    "classifications",
    ("SORClassifications.csv",),
    {"type": ("ClassificationType",), "code": ("Code",), "name": ("Name",)},
    ("type", "code", "name"),
)
SHAK = Kind(
    "shak",
    ("SHAKSORMap.csv",),
    {"shak": ("ShakId",), "sor_id": _SOR_ID, "from_date": ("FromDate",), "to_date": ("ToDate",)},
    ("shak", "sor_id"),
)
REPLACED = Kind(
    "replaced",
    ("SORReplacedEntities.csv",),
    {"sor_id": _SOR_ID, "replaced_by": ("ReplacedBySorId",), "from_date": ("FromDate",)},
    ("sor_id", "replaced_by"),
)
# sor.csv V_1_2_1_19: units with their number, own or inherited. How system, vendor and VANS are written there, as
# codes or as names, could not be verified, nor the spellings of the address: both are taken.
LEGACY_UNITS = Kind(
    "legacy_units",
    ("sor.csv",),
    {
        "sor_id": _SOR_ID,
        "kind": ("SORtype",),
        "name": ("Enhedsnavn",),
        "type": ("Enhedstype",),
        "parent_sor_id": ("Parent-SOR-kode",),
        "owner": ("Institutionsejer",),
        "institution": ("Sundhedsinstitution",),
        "speciality": ("Hovedspeciale",),
        "cvr": ("CVR", "CVR-nummer"),
        "provider_number": ("Ydernummer",),
        "shak": ("Sgh/Afd.kode", "SHAK-kode"),
        "unit_region": ("P_Region",),
        "street": ("P_Vejnavn", "P_Vej", "P_Gade"),
        "building": ("P_Husnummer", "P_Husnr", "P_Nummer"),
        "postcode": ("P_Postnummer",),
        "city": ("P_By",),
        "phone": ("Telefon",),
        "email": ("Email", "E-mail"),
        "gln": ("Lokationsnummer",),
        "inherited": ("Nedarvningsstatus",),
        "gln_status": ("Lokationsnummerstatus",),
        "region": ("Region",),
        "system": ("EDB-system",),
        "vendor": ("Systemleverandør",),
        "vans": ("Netoperatør",),
        "administrator_code": ("EDI-administrator",),
        "note": ("SorNote", "Bemærkning"),
        "updated_at": _UPDATED_AT,
        **_DATES,
    },
    ("sor_id", "kind", "name", "parent_sor_id", "gln", "inherited", "from_date", "to_date"),
    "legacy",
    known_by=("sor_id", "kind", "name", "gln"),
)
LEGACY_PAIRS = Kind(
    "legacy_pairs",
    ("edityper.csv",),
    {
        "gln": _GLN,
        "edi_type": (
            "Meddelelsestype", "EDI-type", "EDI-meddelelsestype", "EDI-meddelelse", "Meddelelse", "MessageType",
            "EDITypeId", "EDITypeIdentifier", "EdiId",
        ),
    },
    ("gln", "edi_type"),
    "legacy",
)  # fmt: skip
# Known by its first element (sorimport.sources.xml), not by headers.
XML = Kind("xml", ("sor.xml",), {}, (), "xml")
# Tried in this order: the first whose required columns are all there is the file's kind. sor.csv has all that units
# must have, so it is asked before them.
KINDS = (
    LEGACY_UNITS, LOCATIONS, UNITS, PAIRS, REPLACED, SHAK, CLASSIFICATIONS, EDI_TYPES, LEGACY_PAIRS,
)  # fmt: skip


def known_kinds(columns_file: str) -> tuple[Kind, ...]:
    """KINDS, with the further spellings of the TOML file `columns_file` ("" for none).

        [locations]                      # a kind: locations, units, pairs, edi_types, …
        gln = ["Lokationsnr."]           # a column of it: how the publisher spells it now

    Raises TabularError where the file cannot be read, names a kind or column that does not exist, or gives no list.
    """
    if not columns_file:
        return KINDS
    try:
        further = tomllib.loads(Path(columns_file).read_text())
    except (OSError, ValueError) as error:
        raise _bad_columns(columns_file, Sentence("It cannot be read: %(why)s", why=error)) from None
    kinds = {kind.name: kind for kind in KINDS}
    for name, spellings in further.items():
        if name not in kinds:
            raise _none_of(columns_file, f"[{name}]", kinds)
        if not isinstance(spellings, dict):
            raise _not_a_list(columns_file, f"[{name}]")
        columns = dict(kinds[name].columns)
        for column, words in spellings.items():
            if column not in columns:
                raise _none_of(columns_file, column, columns)
            if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
                raise _not_a_list(columns_file, column)
            columns[column] += tuple(words)
        kinds[name] = replace(kinds[name], columns=columns)
    return tuple(kinds.values())


def _none_of(file: str, name: str, known: Iterable[str]) -> TabularError:
    return _bad_columns(file, Sentence("%(name)s is none of %(known)s.", name=name, known=", ".join(known)))


def _not_a_list(file: str, name: str) -> TabularError:
    return _bad_columns(
        file,
        Sentence(
            '%(name)s does not say how columns are spelt. Write [kind], and below it column = ["spelling"].',
            name=name,
        ),
    )


def _bad_columns(file: str, message: Sentence) -> TabularError:
    return TabularError(file, 0, "bad_columns_file", message)


def kind_of(found: list[str], file: str, kinds: tuple[Kind, ...] = KINDS) -> Kind | None:
    """The kind of a file by its headers; by its published name where they tell of none."""
    present = {plain(name) for name in found}
    for kind in kinds:
        aliases = kind.aliases
        if set(kind.known_by or kind.required) <= {aliases[name] for name in present if name in aliases}:
            return kind
    named = plain(file)
    return next((k for k in kinds if any(plain(name) in named for name in k.published_as)), None)
