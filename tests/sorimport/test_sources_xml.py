"""sor.xml: the tree of units with their numbers, in both versions of the schema, streamed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from locations.models import LocationNumber, SorUnit
from sorimport.models import ImportRun
from tests.sorimport.extracts import (
    LOCATIONS,
    UNIT,
    UNITS,
    csv_bytes,
    everything,
    extract,
    gln,
    import_once,
    import_twice,
    problems,
    write,
    zipped,
)

pytestmark = pytest.mark.usefixtures("committed_db")
V1, V2 = (f"urn:oio:sundhedsstyrelsen:organisation:{version}" for version in ("1.0.0", "2.0.0"))
STATUS = """<SorStatus><FromDate>{since}</FromDate>{end}<UpdatedAt>2024-01-05</UpdatedAt>
<FirstFromDate>{since}</FirstFromDate></SorStatus>"""


def status(since: str = "2010-03-01", end: str = "") -> str:
    return STATUS.format(since=since, end=f"<ToDate>{end}</ToDate>" if end else "")


def number(serial: int, *, vans: str = "41000035001", note: str = "") -> str:
    return f"""<EanLocationCodeEntity>
      <EanLocationCode>{gln(serial)}</EanLocationCode>
      <OnlyInternalIndicator>false</OnlyInternalIndicator><NonActiveIndicator>true</NonActiveIndicator>
      <SystemSupplier>1001000055001</SystemSupplier><SystemType>221000045007</SystemType>
      <CommunicationSupplier>{vans}</CommunicationSupplier><RegionCode>1084</RegionCode>
      <EdiAdministrator>106</EdiAdministrator>{f"<SorNote>{note}</SorNote>" if note else ""}
      {status("1995-02-20")}
    </EanLocationCodeEntity>"""


INHERITS = """<OptionalEanLocationCode><EntityInheritedIndicator>true</EntityInheritedIndicator>
</OptionalEanLocationCode>"""
ADDRESS = """<PostalAddressInformation><x:AddressPostal><x:StreetName>Strandgade</x:StreetName>
<x:StreetBuildingIdentifier>7 B</x:StreetBuildingIdentifier><x:PostCodeIdentifier>9990</x:PostCodeIdentifier>
<x:DistrictName>Skagen</x:DistrictName></x:AddressPostal></PostalAddressInformation>"""
PHONE = """<VirtualAddressInformation><TelephoneNumberIdentifier>98765432</TelephoneNumberIdentifier>
</VirtualAddressInformation>"""


def unit(
    element: str, sor_id: str, name: str, inside: str = "", below: Iterable[str] = (), **dates: str
) -> str:
    return f"""<{element}Entity><{element}>
      <SorIdentifier>{sor_id}</SorIdentifier><EntityName>{name}</EntityName>
      {inside}{status(**dates)}
    </{element}>{"".join(below)}</{element}Entity>"""


def tree(*owners: str, space: str = V1, before: str = "") -> bytes:
    return f"""\ufeff<?xml version="1.0" encoding="UTF-8"?>{before}
<SorTree xmlns:x="http://rep.oio.dk/xkom.dk/xml/schemas/2006/01/06/" xmlns="{space}">
  <CreatedAtTime>2024-01-06T00:00:00+01:00</CreatedAtTime><SnapshotDate>2024-01-06</SnapshotDate>
  {"".join(owners)}
</SorTree>""".encode()


def pharmacy(**changes: str) -> str:
    """An owner with a number, an institution that inherits it, and two units below each other."""
    lowest = unit("OrganizationalUnit", "4", "Døgnvagten", INHERITS + PHONE)
    shop = unit(
        "OrganizationalUnit", "3", "Butikken",
        "<ProviderIdentifier>012345</ProviderIdentifier>" + INHERITS, [lowest],
    )  # fmt: skip
    house = unit(
        "HealthInstitution", "2", "Skagen Apotek", "<ShakIdentifier>9901</ShakIdentifier>" + INHERITS, [shop]
    )
    inside = "<OwnerType>550891000005100</OwnerType>" + number(1, **changes) + ADDRESS
    return unit("InstitutionOwner", "1", "Skagen Apotek &amp; Søn", inside, [house], since="1995-02-20")


def import_xml(content: bytes, folder: Path, **options: str) -> ImportRun:
    return import_twice(write({"sor.xml": content}, folder) / "sor.xml", **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "extract"


@pytest.mark.parametrize("space", [V1, V2])
@pytest.mark.parametrize("source", ["auto", "xml"])
def test_units_stand_in_their_tree_and_inherit_the_number(folder: Path, space: str, source: str) -> None:
    run = import_xml(tree(pharmacy(), space=space), folder, source=source)
    assert (run.counts["units"]["new"], run.counts["locations"]["new"], problems(run)) == (4, 1, [])
    fields = (
        "sor_id", "kind", "name", "parent__sor_id", "owner__sor_id", "institution__sor_id", "inherits_number",
        "number_holder__sor_id", "provider_number", "shak", "street", "postcode", "city", "phone",
    )  # fmt: skip
    address = ("Strandgade 7 B", "9990", "Skagen")
    assert list(SorUnit.objects.order_by("sor_id").values_list(*fields)) == [
        ("1", "IE", "Skagen Apotek & Søn", None, None, None, False, "1", "", "", *address, ""),
        ("2", "SI", "Skagen Apotek", "1", "1", None, True, "1", "", "9901", *address, ""),
        ("3", "OE", "Butikken", "2", "1", "2", True, "1", "012345", "", *address, ""),
        ("4", "OE", "Døgnvagten", "3", "1", "2", True, "1", "", "", *address, "98765432"),
    ]
    held = LocationNumber.objects.get()
    assert held.unit and held.vans and held.system and held.vendor and held.region and held.edi_administrator
    assert (held.gln, held.unit.sor_id, held.only_internal, held.inactive) == (gln(1), "1", False, True)
    assert [
        each.code for each in (held.vans, held.system, held.vendor, held.region, held.edi_administrator)
    ] == ["41000035001", "221000045007", "1001000055001", "1084", "106"]
    assert (held.first_from_date, held.to_date, held.edi_types) == (date(1995, 2, 20), None, [])
    assert run.counts["ignored_columns"] == {"sor.xml": ["OwnerType", "UpdatedAt"]}


def test_what_the_tree_does_not_carry_stays_as_it_is(folder: Path) -> None:
    units = [
        {
            "SorId": "1",
            "SorType": "IE",
            "EntityTypeName": "Apotek",
            "InstitutionOwnerCVRNumberId": "12345678",
        },
        {"SorId": "2", "SorType": "SI", "ParentSorId": "1", "PrioritizedEntitySpeciality1Id": "77"},
    ]
    import_twice(
        write(extract([{"EanLocationCode": gln(1)}], units=units, pairs={gln(1): "501 502"}), folder)
    )
    types, specialities = LocationNumber.objects.get().edi_types, SorUnit.objects.get(sor_id="2").specialities
    assert len(types) == 2 and len(specialities) == 1
    run = import_xml(tree(pharmacy()), folder)
    assert run.counts["units"] == {"new": 2, "changed": 2, "closed": 0, "unchanged": 0}
    kept = SorUnit.objects.get(sor_id="1")
    assert (kept.types, kept.cvr, kept.name) == (["Apotek"], "12345678", "Skagen Apotek & Søn")
    assert SorUnit.objects.get(sor_id="2").specialities == specialities
    after = LocationNumber.objects.get()
    assert after.sor_version and after.sor_version.vans
    assert (after.edi_types, after.sor_version.edi_types) == (types, types)
    assert after.sor_version.vans.code == "41000035001"


def test_a_number_may_change_and_a_unit_may_end(folder: Path) -> None:
    import_xml(tree(pharmacy()), folder)
    closed = unit("InstitutionOwner", "9", "Lukket", since="2001-01-01", end="2005-05-05")
    run = import_xml(tree(pharmacy(vans="42000035007", note="Kun recepter"), closed), folder)
    assert run.counts["locations"] == {"new": 0, "changed": 1, "closed": 0, "unchanged": 0}
    said = LocationNumber.objects.get().sor_version
    assert said and said.vans and (said.vans.code, said.note) == ("42000035007", "Kun recepter")
    assert SorUnit.objects.get(sor_id="9").to_date == date(2005, 5, 5)


def test_a_zip_file_with_the_tree_under_another_name(folder: Path, tmp_path: Path) -> None:
    packed = zipped({"../udtræk/sor.xml": tree(pharmacy())}, tmp_path / "udtraek.bin")
    run = import_twice(packed)
    assert run.counts["units"]["new"] == 4
    assert [path.name for path in tmp_path.iterdir()] == ["udtraek.bin"]


def test_rows_of_one_line_have_lines_of_their_own(folder: Path) -> None:
    flat = tree(pharmacy(), unit("InstitutionOwner", "7", "x" * 300, number(8) + number(9))).replace(
        b"\n", b" "
    )
    run = import_xml(flat, folder)
    assert (run.counts["units"]["new"], run.counts["locations"]["new"]) == (5, 3)
    assert [(file, code, value) for file, _line, code, value in problems(run)] == [
        ("sor.xml", "text_cut", "7")
    ]


BOMB = """<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>"""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (tree(pharmacy())[:-200], ["sor.xml", "linje", "hel XML"]),
        (tree(pharmacy(), before=BOMB), ["sor.xml", "entiteter"]),
        (tree(pharmacy(), before='<!DOCTYPE x SYSTEM "file:///etc/passwd">'), ["sor.xml", "dokumenttype"]),
        (tree(pharmacy(), space="urn:another"), ["sor.xml", "SorTree", "urn:another"]),
        (b"<html><body>Log ind</body></html>", ["sor.xml", "html"]),
        (tree("<a>" * 300 + "</a>" * 300), ["sor.xml", "200"]),
        (tree(), ["sor.xml", "ingen enheder"]),
    ],
    ids=["cut off", "entities", "external", "another namespace", "a page", "deep", "empty"],
)
def test_what_is_no_tree_is_refused_and_nothing_changes(
    folder: Path, content: bytes, words: list[str]
) -> None:
    import_xml(tree(pharmacy()), folder)
    before = everything()
    run = import_once(write({"sor.xml": content}, folder) / "sor.xml")
    assert run.state == "failed"
    assert [word for word in words if word not in str(run.message)] == [], str(run.message)
    assert everything() == before


def test_the_tree_and_csv_files_of_the_same_are_one_too_many(folder: Path) -> None:
    both = {"sor.xml": tree(pharmacy()), UNITS: csv_bytes([{}], UNIT)}
    assert UNITS in str(import_once(write(both, folder)).message)
    run = import_once(write(both, folder), source="xml")
    assert (run.state, run.counts["skipped_files"]) == ("done", [UNITS])


@pytest.mark.parametrize("source", ["sor2", "daily", "legacy"])
def test_another_source_is_refused_by_name(folder: Path, source: str) -> None:
    run = import_once(write({"sor.xml": tree(pharmacy())}, folder), source=source)
    assert (run.state, "xml" in str(run.message), source in str(run.message)) == ("failed", True, True)
    run = import_once(write(extract([{"EanLocationCode": gln(1)}]), folder), source="xml")
    assert (run.state, "sor2" in str(run.message), LOCATIONS in str(run.message)) == ("failed", True, True)
