"""The guide, and the files to begin with: empty ones, and those filled with what is there now."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from python_calamine import CalamineWorkbook

from locations.models import SavedSearch
from massupdate import actions
from massupdate.codes import CODES
from massupdate.models import MassUpdate
from soredi.models import User
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(client: Client) -> User:
    """Logged in: a person of EDI administrator 102, which has two numbers."""
    for _n in range(2):
        builders.location()
    person = builders.user("anna", administrators=["102"])
    client.force_login(person)
    return person


def handed_in_bytes(client: Client, content: bytes, name: str) -> MassUpdate:
    """Uploaded, and checked as the worker would."""
    response = client.post("/masseopdatering/", {"file": SimpleUploadedFile(name, content)})
    pk = response["Location"].rstrip("/").rpartition("/")[2]
    return MassUpdate.run(int(pk), actions.check_and_plan)


def test_the_empty_workbook_keeps_numbers_as_text_and_has_all_edi_types_to_choose_from(client, anna):
    builders.edi_type("DIS91", "D9134L", sor_id="1001")
    builders.edi_type("AAA01", "A0101A", retired_on=timezone.localdate())
    builders.edi_type("FDIS91", "")
    content = client.get("/masseopdatering/skabelon/?format=xlsx").content
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    pairs, catalogue = (book.get_sheet_by_index(place).to_python() for place in (0, 1))
    assert pairs == [["Loknr", "EdiId"]]
    assert [row[:4] for row in catalogue] == [
        ["EdiId", "SOR-id", "Kode", "Version"],
        ["DIS91 D9134L", "1001", "DIS91", "D9134L"],
        ["FDIS91", "", "FDIS91", ""],
        ["AAA01 A0101A", "", "AAA01", "A0101A"],
    ]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    assert "$A$2:$A$3" in sheet, "retired ones are not proposed"
    assert 'sqref="B2:B200001"' in sheet
    assert 'numFmtId="49"' in styles
    assert all('style="' in column for column in re.findall("<col [^>]*>", sheet))
    update = handed_in_bytes(client, content, "tom.xlsx")
    assert [finding.code for finding in update.findings.all()] == ["empty_file"]


def test_a_file_can_be_begun_from_ones_own_numbers_and_saved_searches(client, anna):
    SavedSearch.objects.create(name="Mangler DIS20", query="ikke_edi_type=DIS20", by=anna)
    SavedSearch.objects.create(name="Andres", query="", by=builders.user("bo"))
    for address in ("/masseopdatering/", "/masseopdatering/vejledning/"):
        page = client.get(address).content.decode()
        assert 'href="/lokationsnumre/?format=massupdate"' in page
        assert 'href="/lokationsnumre/?ikke_edi_type=DIS20&amp;format=massupdate"' in page
        assert "Andres" not in page
    content = client.get("/lokationsnumre/?format=massupdate").getvalue()
    assert handed_in_bytes(client, content, "egne.csv").change_set.counts["changed"] == 0


def test_the_guide_names_every_code_with_its_meaning_and_cure(client, anna):
    page = client.get("/masseopdatering/vejledning/").content.decode()
    for name, one in CODES.items():
        assert f'id="{name}"' in page
        assert escape(str(one.meaning)) in page and escape(str(one.cure)) in page
    assert page.count("<h3>") >= 8
