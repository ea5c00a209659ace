"""Files of location numbers: their bytes, their bounds, and what they leave behind."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from xml.etree import ElementTree

import builders
import pytest
from python_calamine import CalamineWorkbook

from locations import exports, sheet
from locations.exports import HEADERS, Export, TooManyRows
from locations.filters import FORMATS
from locations.models import LocationNumber
from massupdate.actions import check_and_plan, hand_in


def file_of(query, form):
    export = Export(query, form)
    return b"".join(export), export


@pytest.mark.django_db
def test_pairs_are_ordered_and_a_number_without_types_has_a_line():
    types = [
        builders.edi_type("REF06", "H0631R"),
        builders.edi_type("DIS91", "D9134L", sor_id="1001"),
        builders.edi_type("FCTL", ""),
    ]
    builders.location("5790000000029", edi_types=types)
    builders.location("5790000000012")
    content, export = file_of(LocationNumber.objects.all(), "massupdate")
    assert content.decode("utf-8") == (
        "\ufeffLoknr;EdiId\r\n5790000000012;\r\n"
        "5790000000029;1001\r\n5790000000029;FCTL\r\n5790000000029;REF06 H0631R\r\n"
    )
    assert (export.locations, export.rows) == (2, 4)


@pytest.mark.django_db
def test_a_code_that_would_break_the_line_is_quoted():
    builders.location("5790000000012", edi_types=[builders.edi_type('A;"B', "1")])
    content, _export = file_of(LocationNumber.objects.all(), "massupdate")
    assert content.splitlines()[1] == b'5790000000012;"A;""B 1"'


@pytest.mark.django_db
def test_a_line_a_pair_names_the_type_in_cells_of_their_own():
    types = [
        builders.edi_type("REF06", "H0631R", name="=Henvisning; ny"),
        builders.edi_type("DIS91", "D9134L", sor_id="1001", name='"Korrespondance"'),
    ]
    builders.location("5790000000029", edi_types=types)
    builders.location("5790000000012")
    content, export = file_of(LocationNumber.objects.all(), "csv-par")
    assert content.decode("utf-8") == (
        "\ufeffLokationsnummer;EDI-type id;EDI-type kode;EDI-type version;EDI-type\r\n"
        "5790000000012;;;;\r\n"
        '5790000000029;1001;DIS91;D9134L;"""Korrespondance"""\r\n'
        '5790000000029;;REF06;H0631R;"\'=Henvisning; ny"\r\n'
    )
    assert (export.locations, export.rows) == (2, 3)


@pytest.mark.django_db
def test_a_mass_update_file_comes_back_without_changing_a_byte_or_a_number():
    kinds = [('A;"B', "1"), ("=CMD", "2"), ("-REF06", ""), ("DIS91", "D9134L"), ("Æ'", "@3")]
    types = [
        *(builders.edi_type(*kind) for kind in kinds),
        builders.edi_type("CTL01", "C0130Q", sor_id="1003"),
    ]
    for held in (types, types[:2], types[3:], []):
        builders.location(edi_types=held)
    content, _export = file_of(LocationNumber.objects.all(), "massupdate")
    update = hand_in(file=io.BytesIO(content), name="hentet.csv", by=builders.user("anna", staff=True))
    update = update.run_here(check_and_plan)
    counts = update.change_set.counts
    assert (counts["chosen"], counts["changed"]) == (4, 0)
    assert file_of(LocationNumber.objects.all(), "massupdate")[0] == content


@pytest.mark.django_db
@pytest.mark.parametrize("form", FORMATS)
def test_nothing_found_is_a_file_with_headers_only(form):
    content, export = file_of(LocationNumber.objects.none(), form)
    assert (export.locations, export.rows) == (0, 0)
    if form == "csv":
        assert content.decode("utf-8-sig") == ";".join(HEADERS) + "\r\n"


@pytest.mark.django_db
def test_all_that_is_known_in_csv_and_xlsx():
    owner = builders.unit("Region Nord", kind="IE")
    hospital = builders.unit("Ærø Sygehus", kind="SI", parent=owner)
    ward = builders.unit(
        "=1+2",
        sor_id="1000001000016004",
        parent=hospital,
        cvr="12345674",
        provider_number="030571",
        shak="1301",
        street='Bredgade 1; "A"\nbaghuset',
        postcode="5970",
        city="Ærøskøbing",
    )
    builders.location(
        "5790000000012",
        unit=ward,
        region="1083",
        edi_administrator="102",
        vans="KMD",
        system="XMO",
        vendor="CGM",
        edi_types=[builders.edi_type("REF06", "H0631R"), builders.edi_type("DIS91", "D9134L", sor_id="1001")],
        first_from_date="2001-02-03",
        from_date="2004-05-06",
        to_date="2007-08-09",
        only_internal=True,
        note="-ring først\\n",
    )
    builders.location("5790000000029", vans=None, edi_administrator=None)
    row = dict(
        zip(
            HEADERS,
            [
                "5790000000012",
                "lukket",
                "'=1+2",
                "1000001000016004",
                "OE",
                "Region Nord › Ærø Sygehus › =1+2",
                "12345674",
                "030571",
                "1301",
                'Bredgade 1; "A"\nbaghuset',
                "5970",
                "Ærøskøbing",
                "1083",
                "1083",
                "2001-02-03",
                "2004-05-06",
                "2007-08-09",
                "102",
                "102",
                "KMD",
                "KMD",
                "XMO",
                "XMO",
                "CGM",
                "CGM",
                "ja",
                "nej",
                "'-ring først\\n",
                "DIS91 D9134L, REF06 H0631R",
            ],
            strict=True,
        )
    )
    bare = dict.fromkeys(HEADERS, "") | {
        "Lokationsnummer": "5790000000029",
        "Status": "aktiv",
        "Kun intern": "nej",
        "Ikke aktiv": "nej",
    }

    content, _export = file_of(LocationNumber.objects.all(), "csv")
    assert content.startswith(b"\xef\xbb\xbfLokationsnummer;")
    assert content.count(b"\r\n") == 3
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    assert list(csv.DictReader(text, delimiter=";")) == [row, bare]

    content, _export = file_of(LocationNumber.objects.all(), "xlsx")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert [dict(zip(HEADERS, cells, strict=True)) for cells in rows[1:]] == [row, bare]


@pytest.mark.django_db
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_is_never_a_formula(start):
    builders.location(note=f"{start}cmd", unit=builders.unit(f"{start}HYPERLINK()"))
    content, _export = file_of(LocationNumber.objects.all(), "csv")
    (row,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";")
    assert (row["Note"], row["Enhed"]) == (f"'{start}cmd", f"'{start}HYPERLINK()")


@pytest.mark.django_db
def test_a_sheet_holds_every_text_as_it_is_and_nothing_where_nothing_is():
    """Letters that XML has a meaning for, that it cannot hold, and that Excel reads as those."""
    notes = [
        "<b> & ]]>",
        " to  mellemrum ",
        "linje\nskift\ttab",
        "_x000D_",
        "klokke\x07",
        "5790000000012",
        "",
    ]
    numbers = [builders.location(note=note).gln for note in notes]
    content, _export = file_of(LocationNumber.objects.all(), "xlsx")
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    rows = book.get_sheet_by_name("Lokationsnumre").to_python()
    column = HEADERS.index("Note")
    assert {row[0]: row[column] for row in rows[1:]} == dict(zip(numbers, notes, strict=True))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        parts = {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}
    first = parts["xl/worksheets/sheet1.xml"].find("{*}sheetData")[1]
    assert {cell.get("t") for cell in first if len(cell)} == {"inlineStr"}
    assert len([cell for cell in first if not len(cell)]) > 10


@pytest.mark.django_db
@pytest.mark.parametrize(("form", "queries"), [("csv", 1), ("csv-par", 1), ("massupdate", 1), ("xlsx", 2)])
def test_a_file_is_one_statement_however_long(form, queries, django_assert_num_queries):
    dis91 = builders.edi_type()
    for _ in range(5):
        builders.location(edi_types=[dis91], unit=builders.unit())
    with django_assert_num_queries(queries):
        file_of(LocationNumber.objects.all(), form)


@pytest.mark.django_db
def test_a_sheet_that_would_overflow_is_refused_before_the_first_byte(monkeypatch):
    monkeypatch.setattr(exports, "XLSX_ROWS", 1)
    builders.location()
    Export(LocationNumber.objects.all(), "xlsx")
    builders.location()
    with pytest.raises(TooManyRows, match="CSV"):
        Export(LocationNumber.objects.all(), "xlsx")
    Export(LocationNumber.objects.all(), "csv")


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("form", FORMATS)
def test_a_client_that_leaves_frees_the_connection(form, monkeypatch):
    monkeypatch.setattr(exports, "CHUNK", 1)
    monkeypatch.setattr(sheet, "BATCH", 1)
    monkeypatch.setattr(sheet, "CHUNK", 1)
    for _ in range(3):
        builders.location()
    chunks = iter(Export(LocationNumber.objects.all(), form))
    next(chunks)
    next(chunks)
    chunks.close()
    assert LocationNumber.objects.count() == 3


@pytest.fixture
def export_locations(process_environment):
    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "manage.py", "export_locations", *arguments],
            env=process_environment,
            capture_output=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr.decode().splitlines()

    return run


def test_the_command_writes_the_file_and_its_summary(export_locations):
    types = [
        builders.edi_type("DIS91", "D9134L", sor_id="1001"),
        builders.edi_type("CTL01", "C0130Q", sor_id="1003"),
    ]
    builders.location("5790000000012", edi_types=types, edi_administrator="102", vans="KMD")
    builders.location("5790000000029", edi_administrator="106", vans="KMD")
    builders.user("anna", administrators=["102"])

    code, out, err = export_locations("--format", "massupdate", "--query", "vans=KMD")
    assert (code, out.count(b"\r\n")) == (0, 4)
    assert json.loads(err[-1]) == {"locations": 2, "rows": 3, "format": "massupdate"}

    code, out, err = export_locations("--user", "anna")
    assert (code, out.count(b"\r\n")) == (0, 2)
    assert json.loads(err[-1]) == {"locations": 1, "rows": 1, "format": "csv"}

    code, out, err = export_locations("--format", "xlsx")
    book = CalamineWorkbook.from_filelike(io.BytesIO(out)).get_sheet_by_index(0)
    assert (code, len(book.to_python())) == (0, 3)

    code, out, err = export_locations("--format", "csv-par")
    assert (code, out.count(b"\r\n")) == (0, 4)
    assert json.loads(err[-1]) == {"locations": 2, "rows": 3, "format": "csv-par"}

    for usage, named in [
        (["--query", "vams=KMD"], "vams"),
        (["--query", "vans=nobody"], "vans"),
        (["--user", "nobody"], "nobody"),
        (["--format", "pdf"], "--format"),
    ]:
        code, out, err = export_locations(*usage)
        assert (code, out) == (2, b"")
        assert named in err[-1]

    code, out, err = export_locations("--user", "anna", "--query", "leverandoer=CGM")
    assert (code, out) == (1, b"")
    assert json.loads(err[-1]) == {"locations": 0, "rows": 0, "format": "csv"}
