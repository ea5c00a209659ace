"""sor.xml: the register as one tree, read as a stream of elements, so that a file of any size needs no more memory.

    SorTree
      InstitutionOwnerEntity
        InstitutionOwner            one unit (IE): SorIdentifier, EntityName, its number, its address, SorStatus
        HealthInstitutionEntity
          HealthInstitution         one unit (SI): … OptionalEanLocationCode: a number, or that it inherits one
          OrganizationalUnitEntity
            OrganizationalUnit      one unit (OE)
            OrganizationalUnitEntity …

Schema: urn:oio:sundhedsstyrelsen:organisation:1.0.0 and 2.0.0. It says nothing of EDI types, and has types of units as
codes only, which are ignored. A unit without an address has that of the unit above it, in either kind of address.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler, feature_namespaces
from xml.sax.xmlreader import AttributesNSImpl

from defusedxml import DefusedXmlException
from defusedxml.sax import make_parser
from django.db import connection
from psycopg import sql

from soredi.sentences import Sentence
from soredi.tabular import CHUNK, TabularError
from sorimport.columns import LOCATIONS, UNITS, Kind
from sorimport.fetch import SourceFile
from sorimport.sources.sor2 import readable
from sorimport.staged import Staged

NAMESPACE = "urn:oio:sundhedsstyrelsen:organisation:"
LONGEST = 2000  # characters kept of one text; no column is that wide
DEEPEST = 200  # elements within each other; the deepest hospital has some thirty
PART = 1 << 16  # bytes read at a time
SPILL = 4 << 20  # bytes of numbers held in memory before they go to a file
IGNORED_LIMIT = 100

_ENTITIES = {"InstitutionOwnerEntity", "HealthInstitutionEntity", "OrganizationalUnitEntity"}
_UNITS = {"InstitutionOwner": "IE", "HealthInstitution": "SI", "OrganizationalUnit": "OE"}
_NUMBER, _POSTAL, _VIRTUAL = "EanLocationCodeEntity", "PostalAddressInformation", "VirtualAddressInformation"
_SPECIALITIES = "ClinicalSpecialityCollection"
# Parts of a unit whose elements mean something else than elsewhere, or nothing to us.
_SECTIONS = {_NUMBER, _POSTAL, _VIRTUAL, _SPECIALITIES} | {
    "VisitingAddressInformation",
    "ActivityAddressInformation",
    "GeographicalParent",
    "ReplacesEntityCollection",
    "ReplacedByEntityCollection",
}

_STATUS = {"FromDate": "from_date", "ToDate": "to_date", "FirstFromDate": "first_from_date"}
_FIELDS: dict[str, dict[str, str]] = {
    "": {
        "SorIdentifier": "sor_id",
        "EntityName": "name",
        "ShakIdentifier": "shak",
        "ProviderIdentifier": "provider_number",
        "EntityInheritedIndicator": "inherits_number",
        "CvrNumberIdentifier": "cvr",
        "CVRnumberIdentifier": "cvr",
        "CvrNumber": "cvr",
        **_STATUS,
    },
    _NUMBER: {
        "EanLocationCode": "gln",
        "OnlyInternalIndicator": "only_internal",
        "NonActiveIndicator": "inactive",
        "SystemSupplier": "vendor_code",
        "SystemType": "system_code",
        "CommunicationSupplier": "vans_code",
        "RegionCode": "region_code",
        "EdiAdministrator": "administrator_code",
        "SorNote": "note",
        "UpdatedAt": "updated_at",
        **_STATUS,
    },
    _POSTAL: {
        "StreetName": "street",
        "StreetBuildingIdentifier": "building",
        "PostCodeIdentifier": "postcode",
        "DistrictName": "city",
    },
    _VIRTUAL: {"TelephoneNumberIdentifier": "phone", "EmailAddressIdentifier": "email"},
}
_INHERITED = {_POSTAL: tuple(_FIELDS[_POSTAL].values()), _VIRTUAL: tuple(_FIELDS[_VIRTUAL].values())}
# The schema requires these, or they follow from the tree. Of the others a file speaks that has any of them.
_ALWAYS = {
    "sor_id", "kind", "name", "parent_sor_id", "owner_sor_id", "institution_sor_id", "inherits_number",
    "first_from_date", "from_date", "to_date",
}  # fmt: skip
_NUMBER_COLUMNS = ("sor_id", *_FIELDS[_NUMBER].values())
_UNIT_COLUMNS = tuple(
    dict.fromkeys(
        [
            *sorted(_ALWAYS),
            *(column for section in ("", _POSTAL, _VIRTUAL) for column in _FIELDS[section].values()),
            *(f"speciality{n}" for n in range(1, 9)),
        ]
    )
)

Row = tuple[Kind, int, dict[str, str]]


def is_xml(stream: IO[bytes]) -> bool:
    """Whether the first character is that of an XML file."""
    return stream.read(256).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def is_sor(file: SourceFile) -> bool:
    """True where the first element stands in SOR's namespace. Raises TabularError where it does not."""
    for _row in _rows(file, _Tree(file.name), lambda _bytes, _lines: None):
        break
    return True


def read(
    _kind: Kind, file: SourceFile, staged: Staged, _force: bool, on_read: Callable[[int, int], None]
) -> None:
    """Fill raw_units and raw_locations. Raises TabularError where the file is not whole, or declares entities."""
    tree = _Tree(file.name)
    counts = {UNITS: 0, LOCATIONS: 0}
    with readable(file), tempfile.SpooledTemporaryFile(SPILL, prefix="soredi-") as numbers:
        # One COPY at a time: the numbers, far fewer than the units, wait in a file.
        with connection.cursor() as cursor, cursor.copy(_copy(UNITS, _UNIT_COLUMNS)) as copy:
            for kind, line, row in _rows(file, tree, on_read):
                counts[kind] += 1
                if kind is UNITS:
                    copy.write(_copied(line, map(row.get, _UNIT_COLUMNS)))
                else:
                    numbers.write(_copied(line, map(row.get, _NUMBER_COLUMNS)))
        numbers.seek(0)
        with connection.cursor() as cursor, cursor.copy(_copy(LOCATIONS, _NUMBER_COLUMNS)) as copy:
            while chunk := numbers.read(CHUNK):
                copy.write(chunk)
    if not counts[UNITS]:
        raise TabularError(
            file.name, 0, "empty_file", Sentence("There are no units in the file. Fetch or save it again.")
        )
    staged.put(UNITS, file.name, frozenset(_ALWAYS | tree.seen), counts[UNITS])
    if counts[LOCATIONS]:
        staged.put(LOCATIONS, file.name, frozenset(_NUMBER_COLUMNS), counts[LOCATIONS])
    if tree.ignored:
        staged.ignored[file.name] = sorted(tree.ignored)


def _copy(kind: Kind, columns: tuple[str, ...]) -> sql.Composed:
    return sql.SQL("COPY {} (line, {}) FROM STDIN (ENCODING 'UTF8')").format(
        sql.Identifier(f"raw_{kind.name}"), sql.SQL(", ").join(map(sql.Identifier, columns))
    )


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copied(line: int, values: Iterable[str | None]) -> bytes:
    """One row as COPY's text format writes it."""
    fields = [value.translate(_ESCAPES) if value else "\\N" for value in values]
    return ("\t".join([str(line), *fields]) + "\n").encode()


def _rows(file: SourceFile, tree: "_Tree", on_read: Callable[[int, int], None]) -> Iterator[Row]:
    """The rows that `tree` makes of the file, as they come. Raises TabularError, with the line, for what is no XML."""
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(tree)
    tree.setDocumentLocator(parser)
    done = 0
    try:
        with file.open() as stream:
            while chunk := stream.read(PART):
                parser.feed(chunk)
                yield from tree.take()
                on_read(done := done + len(chunk), parser.getLineNumber() or 0)
            parser.close()
        yield from tree.take()
    except DefusedXmlException:
        raise TabularError(
            file.name,
            parser.getLineNumber() or 0,
            "forbidden_xml",
            Sentence("The file declares a document type or entities, which SOR never does. Fetch it again."),
        ) from None
    except SAXParseException as error:
        raise TabularError(
            file.name,
            error.getLineNumber() or 0,
            "bad_xml",
            Sentence("The file is no whole XML. Fetch it again."),
        ) from None


class _Tree(ContentHandler):
    """Elements → rows of units and numbers. Holds the units from the root to the open one, and no more."""

    _locator: Any  # the parser, which knows the line

    def __init__(self, file: str):
        super().__init__()
        self.file = file
        self.seen: set[str] = set()  # columns that the file speaks of
        self.ignored: set[str] = set()  # elements that no column takes
        self._rows: list[Row] = []
        self._lines = {UNITS: 0, LOCATIONS: 0}
        self._depth = 0
        self._above: list[dict[str, str]] = []  # the unit of each open entity, the owner first
        self._unit: dict[str, str] | None = None
        self._numbers: list[tuple[int, dict[str, str]]] = []
        self._sections: list[str] = []
        self._had: set[str] = set()  # sections of the open unit
        self._text: list[str] = []
        self._length = 0
        self._leaf = False

    def take(self) -> list[Row]:
        rows, self._rows = self._rows, []
        return rows

    def _line(self, kind: Kind) -> int:
        """The physical line, which names a row; where several begin on one line, the next."""
        self._lines[kind] = max(self._lines[kind] + 1, self._locator.getLineNumber())
        return self._lines[kind]

    def startElementNS(self, name: tuple[str | None, str], _qname: Any, _attrs: AttributesNSImpl) -> None:
        space, local = name
        self._depth += 1
        if self._depth == 1 and not (space or "").startswith(NAMESPACE):
            raise TabularError(
                self.file,
                self._locator.getLineNumber(),
                "not_sor",
                Sentence(
                    "The first element is %(element)s in the namespace “%(space)s”, which is not SOR's. Give sor.xml.",
                    element=local,
                    space=space or "",
                ),
            )
        if self._depth > DEEPEST:
            raise TabularError(
                self.file,
                self._locator.getLineNumber(),
                "bad_xml",
                Sentence(
                    "Elements stand more than %(limit)s deep, which they never do in SOR. Fetch the file again.",
                    limit=DEEPEST,
                ),
            )
        if local in _ENTITIES:
            self._above.append({})
        elif self._unit is None:
            if local in _UNITS and self._above:
                self._unit, self._numbers, self._had = {"kind": _UNITS[local]}, [], set()
                self._unit["line"] = str(self._line(UNITS))
        elif local in _SECTIONS:
            self._sections.append(local)
            self._had.add(local)
            if local == _NUMBER:
                self._numbers.append((self._line(LOCATIONS), {}))
        self._text, self._length, self._leaf = [], 0, True

    def characters(self, content: str) -> None:
        if self._leaf and self._unit is not None and self._length < LONGEST:
            self._text.append(content)
            self._length += len(content)

    def endElementNS(self, name: tuple[str | None, str], _qname: Any) -> None:
        local = name[1]
        self._depth -= 1
        if local in _ENTITIES:
            self._above.pop()
        elif self._unit is None:
            return
        elif self._sections and self._sections[-1] == local:
            self._sections.pop()
        elif local in _UNITS and not self._sections:
            self._finish(self._unit)
            self._unit = None
        elif self._leaf:
            self._field(local, "".join(self._text).strip())
        self._leaf = False

    def _field(self, local: str, text: str) -> None:
        assert self._unit is not None
        section = self._sections[-1] if self._sections else ""
        if section == _SPECIALITIES:
            # Codes in order of priority, whatever their elements are called.
            if text.isdigit():
                taken = sum(column.startswith("speciality") for column in self._unit)
                self._unit.setdefault(f"speciality{taken + 1}", text)
            return
        column = _FIELDS.get(section, {}).get(local)
        if column is None:
            if len(self.ignored) < IGNORED_LIMIT:
                self.ignored.add(local if section in _FIELDS else section)
        elif text:
            (self._numbers[-1][1] if section == _NUMBER else self._unit).setdefault(column, text)

    def _finish(self, unit: dict[str, str]) -> None:
        above = [row for row in self._above[:-1] if "sor_id" in row]
        if above:
            unit["parent_sor_id"] = above[-1]["sor_id"]
        owner_and_institution = {"IE": "owner_sor_id", "SI": "institution_sor_id"}
        unit |= {owner_and_institution[r["kind"]]: r["sor_id"] for r in above if r["kind"] != "OE"}
        for section, columns in _INHERITED.items():
            if above and section not in self._had:
                unit |= {column: above[-1][column] for column in columns if column in above[-1]}
        self.seen |= unit.keys() & set(_UNIT_COLUMNS)
        self._above[-1] = unit
        self._rows.append((UNITS, int(unit["line"]), unit))
        for line, number in self._numbers:
            self._rows.append((LOCATIONS, line, {"sor_id": unit.get("sor_id", ""), **number}))
