"""A sheet of approvals as MedCom's is made, for the systems of an extract: its columns and oddities, invented content.

System        Leverandør  Systemtype       Standard            Standard ID (Version)  Kanal    Teststatus
Clinea (LPS)  EG A/S      Lægesystemer     Korrespondancebrev  DIS91 (D9134L)         Modtage  Godkendt
Clinea (LPS)  EG A/S      Specialsystemer  Korrespondancebrev  DIS91 (D9134L)         Modtage  Godkendt

A system is tested for what the users of its kinds receive. Each verdict follows from the names alone, so that a product
has the same one under all its kinds; who is approved for what in this sheet says nothing of the real products.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Iterator

from sorimport.synthetic.facts import EdiType, Facts, System, load, rows

HEADER = (
    "System",
    "Leverandør",
    "Systemtype / Oversigt",
    "Standard",
    "Standard ID (Version)",
    "Kanal",
    "Teststatus",
)
NOT_LISTED = {"EDI Portalen", "Agfa", "TeraFORM", "SOR-test"}
APPROVED, REFUSED, IN_TEST, MISSING = "Godkendt", "Ikke Godkendt", "Tester", "Test mangler"
# Of 100 pairs of system and standard, up to which one says what; both of the last contradict each other.
VERDICTS = (
    (78, (APPROVED,)),
    (87, (IN_TEST,)),
    (92, (REFUSED,)),
    (94, (MISSING,)),
    (99, ()),
    (100, (APPROVED, REFUSED)),
)


def approvals_sheet() -> bytes:
    """The sheet as CSV; always the same bytes."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(HEADER)
    facts = load()
    for system in facts.systems:
        if system.name not in NOT_LISTED:
            writer.writerows(_of_system(facts, system))
    return text.getvalue().encode("utf-8-sig")


def _of_system(facts: Facts, system: System) -> Iterator[tuple[str, ...]]:
    types = {edi_type.id: edi_type for edi_type in facts.edi_types if edi_type.version}
    for kind in rows("certifications"):
        if not any(system in facts.systems_by_sector[sector].items for sector in _sectors(facts, kind)):
            continue
        name = f"{system.name} ({kind['suffix']})" if kind["suffix"] else system.name
        tested = {key for profile in kind["profiles"].split() for key, _share in facts.receives[profile]}
        for edi_type in (types[key] for key in sorted(tested & set(types))):
            message = f"{edi_type.code} ({edi_type.version})"
            about = (name, system.vendors[0].name, kind["system_type"], edi_type.name, message)
            for verdict in _received(name, edi_type):
                yield (*about, "Modtage", verdict)
            if _of_100(name, edi_type.code, "Sende") < 60:
                yield (*about, "Sende", APPROVED)


def _sectors(facts: Facts, kind: dict[str, str]) -> list[str]:
    """`region` is that of every region: `region1081` …"""
    named = kind["sectors"].split()
    return [sector for sector in facts.systems_by_sector if sector.rstrip("0123456789") in named]


def _received(system: str, edi_type: EdiType) -> tuple[str, ...]:
    """Every system can read letters and the receipts of EDIFACT; little works without them."""
    if edi_type.code.startswith(("CTL", "DIS91")):
        return (APPROVED,)
    drawn = _of_100(system, edi_type.code, "Modtage")
    return next(verdicts for limit, verdicts in VERDICTS if drawn < limit)


def _of_100(*names: str) -> int:
    return zlib.crc32(";".join(names).encode()) % 100
