"""What an import changed in units and numbers, told in sentences and as a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils.formats import date_format

from soredi.jobs import State
from sorimport.merge import changes as merge_changes
from sorimport.models import ImportRun
from tests import builders
from tests.sorimport.extracts import extract, gln, import_once, write
from tests.sorimport.test_import import YESTERDAY

pytestmark = pytest.mark.usefixtures("committed_db")

HOSPITAL = {"SorId": "1", "SorType": "SI", "EntityName": "Hospitalet"}
WARD = {"SorId": "2", "EntityName": "Medicinsk afdeling", "ParentSorId": "1"}
SHELTER = {"SorId": "3", "EntityName": "Skadestuen", "ParentSorId": "2"}
NEW = {"SorId": "4", "EntityName": "Akutmodtagelsen", "ParentSorId": "1"}


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(builders.user("staff", staff=True))
    return client


def number(serial: int, unit: str = "2", **fields: str) -> dict[str, str]:
    return {"EanLocationCode": gln(serial), "SorId": unit, **fields}


def kept(run: ImportRun) -> list[tuple[str, ...]]:
    columns = ("kind", "code", "name", "before", "before_code", "after", "after_code")
    return list(run.changes.values_list(*columns))


def sentences(client: Client, run: ImportRun) -> list[str]:
    """The items of the lists of changes, as they read."""
    page = client.get(f"/sor-import/{run.pk}/").content.decode()
    part = page.partition("Ændret siden sidste import</h2>")[2].partition("<h2>")[0]
    return [
        " ".join(re.sub(r"<[^>]+>", "", item).split())
        for item in re.findall(r"<li>(.*?)</li>", part, re.DOTALL)
    ]


def changed(folder: Path) -> ImportRun:
    """A ward renamed, a shelter moved and another closed, a unit new; numbers new, moved, with other types, gone."""
    gone = {"SorId": "5", "EntityName": "Børneklinikken", "ParentSorId": "1"}
    import_once(
        write(extract([number(1), number(2), number(3)], units=[HOSPITAL, WARD, SHELTER, gone]), folder)
    )
    files = extract(
        [number(1, "3", FromDate="2020-01-01"), number(2, SystemTypeId="21"), number(4, "4")],
        units=[HOSPITAL, WARD | {"EntityName": "Afdeling M"}, SHELTER | {"ParentSorId": "1"}, NEW],
    )
    files["SORReplacedEntities.csv"] = b"SorId;ReplacedBySorId;FromDate\r\n5;4;2026-01-01\r\n"
    return import_once(write(files, folder), accept_closures=True)


def test_the_page_tells_it_in_sentences(tmp_path: Path, staff: Client) -> None:
    run = changed(tmp_path)
    assert run.state == State.DONE, run.message
    yesterday = date_format(YESTERDAY, "j. F Y")
    assert sentences(staff, run) == [
        "Akutmodtagelsen er ny under Hospitalet.",
        "Medicinsk afdeling hedder nu Afdeling M.",
        "Skadestuen er flyttet fra Afdeling M til Hospitalet.",
        "Børneklinikken er afløst af Akutmodtagelsen.",
        f"Børneklinikken er lukket; sidste dag er {yesterday}.",
        f"{gln(4)} er nyt på Akutmodtagelsen.",
        f"{gln(1)} er flyttet fra Afdeling M til Skadestuen.",
        f"{gln(2)} har fået en anden EDI-profil i SOR (Afdeling M).",
        f"{gln(3)} er lukket; sidste dag er {yesterday} (Afdeling M).",
    ]
    page = staff.get(f"/sor-import/{run.pk}/").content.decode()
    assert f'<a href="/lokationsnumre/{gln(4)}/">' in page
    assert '<a href="/lokationsnumre/?q=4">Akutmodtagelsen</a>' in page  # it has a number to show
    assert "?q=1" not in page


def test_counts_are_of_all_and_the_first_of_each_kind_are_kept(
    tmp_path: Path, staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge_changes, "KEPT", 2)
    import_once(write(extract([number(1, "1")]), tmp_path))
    units = [{}, *({"SorId": str(n), "EntityName": f"Afsnit {n}"} for n in range(2, 7))]
    run = import_once(write(extract([number(1, "1")], units=units), tmp_path))
    assert run.counts["changes"] == {"unit_new": 5}
    assert kept(run) == [
        ("unit_new", "2", "Afsnit 2", "", "", "", ""),
        ("unit_new", "3", "Afsnit 3", "", "", "", ""),
    ]
    assert sentences(staff, run) == ["Afsnit 2 er ny.", "Afsnit 3 er ny.", "og 3 til"]


def test_the_first_import_and_one_that_changes_nothing_say_so(tmp_path: Path, staff: Client) -> None:
    folder = write(extract([number(1, "1")]), tmp_path)
    runs = [import_once(folder), import_once(folder)]
    assert [(run.counts["changes"], kept(run)) for run in runs] == [({}, []), ({}, [])]
    pages = [staff.get(f"/sor-import/{run.pk}/").content.decode() for run in runs]
    assert "Det er den første import: alt i den er nyt." in pages[0]
    assert "Intet: ingen enhed og intet lokationsnummer er anderledes end før." in pages[1]


def test_all_of_it_is_a_file_that_no_spreadsheet_runs(tmp_path: Path, staff: Client) -> None:
    import_once(write(extract([number(1, "1")]), tmp_path))
    units: list[Any] = [{"EntityName": "=1+1"}]
    run = import_once(write(extract([number(1, "1")], units=units), tmp_path))
    response = staff.get(f"/sor-import/{run.pk}/aendringer/")
    assert response["Content-Disposition"] == f'attachment; filename="sor-import-{run.pk}-aendringer.csv"'
    assert b"".join(response.streaming_content).decode() == (
        "\ufeffHvad;SOR-kode eller lokationsnummer;Navn;Før;Før, SOR-kode;Efter;Efter, SOR-kode\r\n"
        "Omdøbte enheder;1;'=1+1;Lægehuset;;'=1+1;\r\n"
    )
