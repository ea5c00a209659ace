"""Code lists as files: out, and back in."""

import pytest

from locations import catalogue
from locations.catalogue import Way
from locations.catalogue_files import as_csv, read
from locations.code_lists import LISTS
from locations.models import EdiAdministrator, Vans
from soredi.tabular import TabularError
from tests import builders

pytestmark = pytest.mark.django_db

VANS, TYPES, ADMINISTRATORS = LISTS["vans"], LISTS["edi-typer"], LISTS["edi-administratorer"]


def written(code_list):
    return b"".join(as_csv(code_list, code_list.fields, code_list.rows()))


@pytest.mark.parametrize("code_list", LISTS.values(), ids=list(LISTS))
def test_a_list_that_comes_back_changes_nothing(code_list):
    new = builders.edi_type("DIS91", "D9135L", name="=1+1", urn="urn:æ;ø", valid_from="2024-01-01")
    builders.edi_type(
        sor_id="1001", replaced_by=new, retired_on="2026-12-31", standard="fhir", letter="DIS91"
    )
    row = builders.code(EdiAdministrator, "102", '"Nord", ø')
    row.users.add(builders.user("anna"), builders.user("bo"))
    builders.location(vans="V1", system="@S", vendor="L1", region="1082")
    found = read(code_list, written(code_list), "liste.csv")
    assert (found.wrong, found.gone, [d for d in found.drafts if d.changes()]) == ([], [], [])
    assert found.unchanged == code_list.model._default_manager.count()


def test_a_file_says_what_is_new_changed_and_left_alone():
    one, _two = builders.code(Vans, "V1", "Et"), builders.code(Vans, "V2", "To")
    found = read(VANS, "Kode;Navn\r\nV1;Æt\r\nV3;Tre\r\n".encode(), "v.csv")
    planned = catalogue.plan(
        code_list=VANS, drafts=found.drafts, by=builders.user("a", staff=True), way=Way.FILE
    )
    assert (planned.rows, found.gone, found.unchanged) == (
        [
            {"pk": one.pk, "key": ["V1"], "before": {"name": "Et"}, "after": {"name": "Æt"}},
            {"pk": None, "key": ["V3"], "before": None, "after": {"name": "Tre"}},
        ],
        ["V2"],
        0,
    )


def test_days_and_standards_are_read_as_spreadsheets_write_them():
    builders.edi_type()
    file = "kode,VERSION,Standard,Gyldig fra,Udgår\nDIS91,D9134L,oioxml,01-02-2024,31.12.2026\n".encode(
        "cp1252"
    )
    found = read(TYPES, file, "t.csv")
    assert (found.wrong, found.drafts[0].after) == (
        [],
        {"standard": "oioxml", "valid_from": "2024-02-01", "retired_on": "2026-12-31"},
    )


@pytest.mark.parametrize("end", ["\r", "\r\r\n"])
def test_lines_may_end_as_on_old_macs_or_twice(end):
    assert [d.key for d in read(VANS, f"Kode;Navn{end}V1;Et{end}V3;Tre{end}".encode(), "v.csv").drafts] == [
        ("V1",),
        ("V3",),
    ]


def test_what_is_wrong_is_told_by_line():
    builders.code(Vans, "V1")
    lines = [
        "V1;Et;2026-13-01;",
        "V1;To;;",
        "8,10E+10;Tre;;",
        "V4;Fire;;V9",
        ";Fem;;",
        "V6",
        "V7;Syv;;V8",
        "V8;Otte;;V7",
    ]
    found = read(VANS, "\r\n".join(["Kode;Navn;Udgår;Erstattes af", *lines]).encode(), "v.csv")
    assert [(wrong.line, wrong.value, str(wrong.why)) for wrong in found.wrong] == [
        (2, "V1", "Udgår: “2026-13-01” er ikke en dag. Skriv den som 2026-12-31."),
        (3, "V1", "Den står allerede i linje 2."),
        (4, "8,10E+10", "Et regneark har afrundet koden. Formatér kolonnen som tekst, og skriv den igen."),
        (5, "V4", "Erstattes af: “V9” findes ikke i kodelisten."),
        (6, "", "Kode: Koden mangler."),
        (7, "V6", "Linjen har ikke de samme kolonner som første linje."),
        (8, "V7", "Erstattes af: Den ville erstatte sig selv."),
        (9, "V8", "Erstattes af: Den ville erstatte sig selv."),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"Navn\nEt\n", "wrong_columns"),
        (b"Kode;Fax\n1;2\n", "wrong_columns"),
        (b"Kode;Kode\n1;2\n", "wrong_columns"),
        (b"", "empty_file"),
        (b"PK\x03\x04", "not_text"),
        ("Kode;Navn\nV1;æ".encode() + b"\xe6", "not_text"),
    ],
)
def test_a_file_that_is_no_list_is_refused(content, code):
    with pytest.raises(TabularError) as refused:
        read(VANS, content, "v.csv")
    assert refused.value.code == code


def test_people_of_a_file_are_users():
    builders.code(EdiAdministrator, "102")
    builders.user("anna")
    found = read(ADMINISTRATORS, b"Kode;Personer\n102;anna ukendt\n", "a.csv")
    assert [str(wrong.why) for wrong in found.wrong] == ["Personer: Der er ingen bruger “ukendt”."]
