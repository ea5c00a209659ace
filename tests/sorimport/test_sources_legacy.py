"""sor.csv with edityper.csv: units with their own or inherited numbers, types by how they are spelled."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from locations.models import EdiType, LocationNumber, SorUnit, Speciality, Vans
from tests.sorimport.extracts import (
    EDI_TYPE,
    PAIR,
    PAIRS,
    TYPES,
    UNITS,
    csv_bytes,
    extract,
    gln,
    import_once,
    import_twice,
    problems,
    write,
)

pytestmark = pytest.mark.usefixtures("committed_db")
SOR, EDITYPER = "sor.csv", "edityper.csv"
ROW = {
    "Enhedsnavn": "Lægehuset",
    "Enhedstype": "Lægepraksis",
    "SORtype": "OE",
    "Gældende fra dato": "01-01-2010",
    "Ophørt dato": "",
    "Sidst ændret dato": "01-01-2010",
    "Sgh/Afd.kode": "",
    "SOR-kode": "",
    "Parent-SOR-kode": "",
    "Institutionsejer": "",
    "Sundhedsinstitution": "",
    "Ydernummer": "",
    "Lokationsnummer": "",
    "Region": "Region Hovedstaden",
    "EDB-system": "",
    "Systemleverandør": "",
    "Netoperatør": "",
    "Nedarvningsstatus": "",
    "Lokationsnummerstatus": "Aktiv",
    "P_Postnummer": "3500",
    "P_By": "Værløse",
    "P_Region": "Region Hovedstaden",
    "Hovedspeciale": "",
    "CVR": "",
}
OWN = {"Nedarvningsstatus": "egen", "EDB-system": "20", "Systemleverandør": "10", "Netoperatør": "30"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "extract"


def row(sor_id: str, kind: str = "OE", parent: str = "", **columns: str) -> dict[str, str]:
    return {"SOR-kode": sor_id, "SORtype": kind, "Parent-SOR-kode": parent, **columns}


def own(serial: int, **columns: str) -> dict[str, str]:
    return {"Lokationsnummer": gln(serial), **OWN, **columns}


def inherited(serial: int) -> dict[str, str]:
    return {"Lokationsnummer": gln(serial), **OWN, "Nedarvningsstatus": "nedarvet"}


def sor(*rows: dict[str, str]) -> bytes:
    return csv_bytes(rows, ROW, encoding="cp1252")


def edityper(*pairs: tuple[int, str], header: str = "Meddelelsestype") -> bytes:
    return csv_bytes(
        [{"Lokationsnummer": gln(serial), header: word} for serial, word in pairs],
        {"Lokationsnummer": "", header: ""},
        encoding="cp1252",
    )


def known(folder: Path, *serials: int) -> None:
    """The code lists, the types and numbers of a SOR2 extract, imported before."""
    types = {"501": "DIS91 D9134L", "502": "REF06 H0630R", "503": "REF06 H0631R", "504": "FDIS91"}
    numbers = [{"EanLocationCode": gln(serial), "SorNote": "fra SOR2"} for serial in serials]
    files = extract(numbers, types=types, pairs={gln(serial): "501" for serial in serials})
    import_twice(write(files, folder))


def said_of(serial: int) -> dict[str, object]:
    """What SOR said last of a number."""
    said = LocationNumber.objects.get(gln=gln(serial)).sor_version
    assert said and said.vans and said.system and said.vendor and said.edi_administrator
    types = EdiType.objects.filter(pk__in=said.edi_types)
    return {
        "vans": said.vans.code,
        "system": said.system.code,
        "vendor": said.vendor.code,
        "administrator": said.edi_administrator.code,
        "note": said.note,
        "types": sorted(types.values_list("sor_id", flat=True)),
    }


@pytest.mark.parametrize("source", ["auto", "legacy"])
def test_units_come_with_their_own_and_their_inherited_numbers(folder: Path, source: str) -> None:
    known(folder, 9)
    rows = (
        row("100", "IE", Enhedsnavn="Værløse Kommune", CVR="12345678", **own(1)),
        row("101", "Sundhedsinstitution", "100", **inherited(1), Enhedstype="Plejecenter"),
        row("102", "OE", "101", **inherited(1), Ydernummer="012345"),
        row("103", "OE", "102", **own(2, Lokationsnummerstatus="Inaktiv"), **{"Sgh/Afd.kode": "9901"}),
    )
    run = import_twice(write({SOR: sor(*rows)}, folder), source=source, accept_closures=True)
    assert [problem for problem in problems(run) if problem[2] != "missing"] == []
    fields = (
        "sor_id", "kind", "parent__sor_id", "owner__sor_id", "institution__sor_id", "inherits_number",
        "number_holder__sor_id", "shak", "provider_number", "city", "region__code",
    )  # fmt: skip
    assert list(SorUnit.objects.exclude(sor_id="1").order_by("sor_id").values_list(*fields)) == [
        ("100", "IE", None, None, None, False, "100", "", "", "Værløse", "1084"),
        ("101", "SI", "100", "100", None, True, "100", "", "", "Værløse", "1084"),
        ("102", "OE", "101", "100", "101", True, "100", "", "012345", "Værløse", "1084"),
        ("103", "OE", "102", "100", "101", False, "103", "9901", "", "Værløse", "1084"),
    ]
    numbers = LocationNumber.objects.exclude(gln=gln(9)).order_by("gln")
    assert list(numbers.values_list("gln", "unit__sor_id", "vans__code", "region__code", "inactive")) == [
        (gln(1), "100", "30", "1084", False),
        (gln(2), "103", "30", "1084", True),
    ]


def test_types_are_found_however_they_are_spelled(folder: Path) -> None:
    known(folder, 9)
    spelled = [
        (1, "501"), (1, "REF06 H0630R"), (2, "REF06 (H0631R)"), (2, "dis91  d9134l"), (3, "FDIS91"), (3, "DIS91"),
        (4, "REF06"), (4, "XYZ"),
    ]  # fmt: skip
    files = {SOR: sor(*(row(f"10{n}", **own(n)) for n in range(1, 5))), EDITYPER: edityper(*spelled)}
    run = import_twice(write(files, folder), accept_closures=True)
    assert [problem for problem in problems(run) if problem[2] != "missing"] == [
        (EDITYPER, 8, "unknown_edi_type", f"{gln(4)} REF06"),
        (EDITYPER, 9, "unknown_edi_type", f"{gln(4)} XYZ"),
    ]
    assert [
        sorted(
            EdiType.objects.filter(pk__in=LocationNumber.objects.get(gln=gln(n)).edi_types).values_list(
                "sor_id", flat=True
            )
        )
        for n in range(1, 5)
    ] == [["501", "502"], ["501", "503"], ["501", "504"], []]


def test_the_types_of_the_same_import_are_known(folder: Path) -> None:
    types = csv_bytes([{"EDITypeId": "7", "EDITypeCode": "CTL01", "EDITypeVersion": "K0130K"}], EDI_TYPE)
    pairs = csv_bytes([{"EanLocationCode": gln(1), "EDITypeId": "CTL01"}], PAIR)
    run = import_twice(write({SOR: sor(row("100", **own(1, Region=""))), TYPES: types, PAIRS: pairs}, folder))
    assert (problems(run), run.counts["edi_links"]) == ([], 1)


def test_names_are_looked_up_and_what_fits_none_leaves_what_sor_said_last(folder: Path) -> None:
    known(folder, 1, 2, 3)
    Vans.objects.create(code="31", name="To ens")
    Vans.objects.create(code="32", name="To ens")
    Vans.objects.create(code="33", name="Multimed")
    rows = (
        row("1", **own(1, **{"EDB-system": "XMO", "Systemleverandør": "CGM", "Netoperatør": "Multimed"})),
        row("2", **own(2, Netoperatør="To ens")),
        row("3", **own(3, Netoperatør="Ukendt net", **{"EDB-system": "99"})),
    )
    run = import_twice(write({SOR: sor(*rows)}, folder))
    assert problems(run) == [
        (SOR, 3, "unknown_name", f"{gln(2)} To ens"),
        (SOR, 4, "unknown_name", f"{gln(3)} Ukendt net"),
    ]
    # The file says nothing of notes, administrators, types and the days of a number.
    kept = {"vendor": "10", "administrator": "102", "note": "fra SOR2", "types": ["501"]}
    assert [said_of(serial) for serial in (1, 2, 3)] == [
        {"vans": "33", "system": "20", **kept},
        {"vans": "30", "system": "20", **kept},
        {"vans": "30", "system": "99", **kept},
    ]
    assert set(LocationNumber.objects.values_list("first_from_date", "to_date")) == {(date(2010, 1, 1), None)}


def test_a_cycle_and_a_stranger_are_kept_and_listed(folder: Path) -> None:
    rows = (row("1", parent="2"), row("2", parent="1"), row("3", parent="77"), row("4", "Ukendt"))
    run = import_twice(write({SOR: sor(*rows)}, folder))
    assert problems(run) == [
        (SOR, 2, "parent_cycle", "2"),
        (SOR, 3, "parent_cycle", "1"),
        (SOR, 4, "unknown_parent", "77"),
        (SOR, 5, "unknown_kind", "4 UKENDT"),
    ]


def test_a_number_that_is_closed_or_whose_unit_has_ended_is_closed(folder: Path) -> None:
    known(folder, 1, 2, 3, 4)
    rows = (
        row("101", **own(1, **{"Lokationsnummerstatus": "Lukket", "Ophørt dato": "31-12-2020"})),
        row("102", **own(2, Lokationsnummerstatus="Lukket")),
        row("103", **own(3, **{"Ophørt dato": "31-12-2020"})),
        row("104", **own(4)),
    )
    run = import_twice(write({SOR: sor(*rows)}, folder), accept_closures=True)
    assert run.counts["locations"]["closed"] == 3
    assert list(LocationNumber.objects.order_by("gln").values_list("gln", "to_date")) == [
        (gln(1), date(2020, 12, 31)),
        (gln(2), timezone.localdate() - timedelta(days=1)),
        (gln(3), date(2020, 12, 31)),
        (gln(4), None),
    ]


def specialities_of(sor_id: str) -> list[str]:
    keys = SorUnit.objects.get(sor_id=sor_id).specialities
    codes = Speciality.objects.in_bulk(keys)
    return [codes[key].code for key in keys]


def test_the_first_speciality_by_code_or_name_the_others_stay(folder: Path) -> None:
    two = {
        "PrioritizedEntitySpeciality1Id": "394807007",
        "PrioritizedEntitySpeciality1Name": "Kardiologi",
        "PrioritizedEntitySpeciality2Id": "394802001",
        "PrioritizedEntitySpeciality2Name": "Intern medicin",
    }
    units = [{"SorId": str(n), **two} for n in range(1, 5)]
    import_twice(write(extract([{"EanLocationCode": gln(1)}], units=units), folder))
    rows = (
        row("1", **own(1), Hovedspeciale="Intern medicin"),
        row("2", Hovedspeciale="394592004"),
        row("3", Hovedspeciale="Noget andet"),
        row("4"),
    )
    run = import_twice(write({SOR: sor(*rows)}, folder))
    assert problems(run) == [(SOR, 4, "unknown_name", "3 Noget andet")]
    assert [specialities_of(sor_id) for sor_id in "1234"] == [
        ["394802001", "394807007"],
        ["394592004", "394807007", "394802001"],
        ["394807007", "394802001"],
        [],
    ]


def test_owner_and_institution_by_name_or_code_where_the_tree_does_not_tell(folder: Path) -> None:
    rows = (
        row("100", "IE", Enhedsnavn="Region Hovedstaden", **own(1)),
        row("101", "SI", Enhedsnavn="Hospitalet", Institutionsejer="Region Hovedstaden"),
        row("102", "OE", "101", Institutionsejer="100", Sundhedsinstitution="Klinikken"),
        row("103", "OE", Institutionsejer="100", Sundhedsinstitution="Hospitalet"),
        row("104", "SI", Enhedsnavn="Klinikken"),
        row("105", "OE", Institutionsejer="Ingen", Sundhedsinstitution="104"),
    )
    import_twice(write({SOR: sor(*rows)}, folder))
    fields = ("sor_id", "owner__sor_id", "institution__sor_id")
    assert list(SorUnit.objects.order_by("sor_id").values_list(*fields)) == [
        ("100", None, None),
        ("101", "100", None),
        ("102", "100", "101"),
        ("103", "100", "101"),
        ("104", None, None),
        ("105", None, "104"),
    ]


def test_another_source_is_refused_by_name(folder: Path) -> None:
    run = import_once(write({SOR: sor(row("1"))}, folder), source="sor2")
    assert (run.state, SOR in str(run.message), "legacy" in str(run.message)) == ("failed", True, True)
    run = import_once(write(extract([{"EanLocationCode": gln(1)}]), folder), source="legacy")
    assert (run.state, UNITS in str(run.message), "sor2" in str(run.message)) == ("failed", True, True)
    assert not SorUnit.objects.exists()


@pytest.mark.parametrize("source", ["auto", "legacy"])
def test_a_missing_column_is_named(folder: Path, source: str) -> None:
    without = sor(row("1")).replace(b"Nedarvningsstatus", b"Arv")
    run = import_once(write({SOR: without}, folder), source=source)
    assert run.state == "failed"
    assert [word for word in (SOR, "Nedarvningsstatus", "Arv") if word not in str(run.message)] == []
