"""What an import changed in units and numbers, told in sentences and as a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils.formats import date_format

from locations.models import LifeEvent
from soredi.jobs import State
from sorimport.merge import changes as merge_changes
from sorimport.models import ImportRun
from tests import builders
from tests.sorimport.extracts import extract, gln, import_once, write
from tests.sorimport.imported import YESTERDAY

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


def test_whatever_counts_as_changed_is_told(tmp_path: Path, staff: Client) -> None:
    closed = {"ToDate": "2020-05-01"}
    import_once(
        write(
            extract(
                [number(1), number(2, **closed), number(3, "3"), number(4), number(5)],
                units=[HOSPITAL, WARD, SHELTER, NEW | closed],
            ),
            tmp_path,
        )
    )
    run = import_once(
        write(
            extract(
                [
                    number(1, FromDate="2021-01-01"),
                    number(2),
                    number(3, "3"),
                    number(4, RegionCode="1081", RegionName="Region Nordjylland"),
                    number(5),
                ],
                units=[
                    HOSPITAL | {"PostalAddressDistrictName": "Herlev"},
                    WARD,
                    SHELTER | {"EntityName": "Akutten"},
                    NEW,
                ],
            ),
            tmp_path,
        )
    )
    assert sentences(staff, run) == [
        "Skadestuen hedder nu Akutten.",
        "Akutmodtagelsen er genåbnet; sidste dag var 1. maj 2020.",
        "Hospitalet har andre oplysninger: adresse, datoer, type, speciale eller lignende.",
        f"{gln(2)} er genåbnet; sidste dag var 1. maj 2020 (Medicinsk afdeling).",
        f"{gln(1)} har fået andre datoer eller en anden region (Medicinsk afdeling).",
        f"{gln(4)} har fået andre datoer eller en anden region (Medicinsk afdeling).",
        f"{gln(3)} er på Akutten, som har fået andet navn eller anden by.",
    ]
    told = run.counts["changes"]
    assert sum(count for kind, count in told.items() if kind.startswith("number_")) == 4
    assert run.counts["locations"]["changed"] == 4
    assert sum(count for kind, count in told.items() if kind.startswith("unit_")) == 3
    assert run.counts["units"]["changed"] == 3


def life(serial: int) -> list[tuple[str, str, str]]:
    events = LifeEvent.objects.filter(location__gln=gln(serial)).order_by("id")
    return list(events.values_list("kind", "before", "after"))


def test_what_sor_does_with_a_number_stands_in_its_history(
    tmp_path: Path, staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge_changes, "KEPT", 0)  # the history is of all numbers
    units = [HOSPITAL, WARD, SHELTER]
    import_once(write(extract([number(n) for n in range(1, 5)], units=units), tmp_path))
    assert not LifeEvent.objects.exists()
    away = [
        number(1, "3", FromDate="2020-01-01", FirstFromDate="2010-01-01"),
        number(2, ToDate="2020-05-01"),
        number(3, RegionCode="1081", RegionName="Region Nordjylland"),
    ]
    run = import_once(write(extract(away, units=units), tmp_path), accept_closures=True)
    import_once(
        write(extract([away[0], number(2), away[2], number(4, ToDate="2099-12-31")], units=units), tmp_path)
    )
    assert [life(serial) for serial in range(1, 5)] == [
        [("moved", "Medicinsk afdeling", "Skadestuen")],
        [
            ("closed", "2010-01-01/", "2010-01-01/2020-05-01"),
            ("reopened", "2010-01-01/2020-05-01", "2010-01-01/"),
        ],
        [("region", "Region Hovedstaden", "Region Nordjylland")],
        [
            ("closed", "2010-01-01/", f"2010-01-01/{YESTERDAY}"),
            ("reopened", f"2010-01-01/{YESTERDAY}", "2010-01-01/2099-12-31"),
        ],
    ]
    page = staff.get(f"/lokationsnumre/{gln(2)}/").content.decode().partition("Historik</h2>")[2]
    history = " ".join(re.sub(r"<[^>]+>", "", page).split())
    reopened = history.index("SOR genåbnede nummeret: 1. januar 2010 – … (før: 1. januar 2010 – 1. maj 2020)")
    closed = history.index(
        f"SOR lukkede nummeret; sidste dag er 1. maj 2020 SOR-import {run.pk}, LocationsCode.csv"
    )
    assert reopened < closed < history.index("oprettede nummeret")


@pytest.mark.parametrize("change", ["DELETE FROM", "UPDATE", "TRUNCATE"])
def test_the_life_of_a_number_is_kept_for_ever(tmp_path: Path, change: str) -> None:
    import_once(write(extract([number(1, "1")]), tmp_path))
    import_once(write(extract([number(1, "1", ToDate="2020-05-01")]), tmp_path), accept_closures=True)
    rest = " SET source = ''" if change == "UPDATE" else ""
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{change} locations_lifeevent{rest}")
    assert LifeEvent.objects.count() == 1


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
        f"Lokationsnumre, hvis enhed har fået andet navn eller anden by;{gln(1)};'=1+1;;;;\r\n"
        "Omdøbte enheder;1;'=1+1;Lægehuset;;'=1+1;\r\n"
    )
