"""SOR import in a browser: for administrators only; upload, progress, counts, problems, closures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from locations.models import LocationNumber
from soredi.jobs import Phase, State
from soredi.models import User
from sorimport import actions, views
from sorimport.models import ImportRun, Problem
from tests import builders
from tests.sorimport import extracts

pytestmark = pytest.mark.usefixtures("committed_db")

GLNS = [extracts.gln(serial) for serial in range(1, 5)]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files"


@pytest.fixture
def staff(client: Client) -> User:
    person = builders.user("staff", staff=True)
    client.force_login(person)
    return person


def text(response: Any) -> str:
    return response.content.decode()


def words(response: Any) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", text(response)).replace("\xa0", " ").split())


def rows(*glns: str, **fields: str) -> list[dict[str, str]]:
    return [{"EanLocationCode": gln, **fields} for gln in glns]


def upload(client: Client, files: dict[str, bytes]) -> Any:
    return client.post(
        "/sor-import/", {"extract": [SimpleUploadedFile(name, content) for name, content in files.items()]}
    )


def imported(client: Client, files: dict[str, bytes]) -> ImportRun:
    """Uploaded, and run as the worker would."""
    response = upload(client, files)
    assert response.status_code == 302
    run = ImportRun.objects.latest("pk")
    assert (response["Location"], run.state) == (address(run), State.QUEUED)
    return ImportRun.run(run.pk, actions.run_import)


def address(run: ImportRun) -> str:
    return f"/sor-import/{run.pk}/"


def cells(page: str, heading: str) -> list[str]:
    """The figures of one line of a table, by the heading of the line."""
    start = page.index(f'<th scope="row">{heading}</th>')
    line = page[start : page.index("</tr>", start)]
    return [cell.partition("</td>")[0].strip() for cell in line.split('class="figure">')[1:]]


def test_files_are_kept_under_their_names_and_imported(client, staff, folder):
    run = imported(client, extracts.extract(rows(*GLNS), pairs={GLNS[0]: "501 502"}))
    assert (run.state, run.by) == (State.DONE, staff)
    assert sorted(Path(path).name for path in run.paths) == sorted(
        [extracts.LOCATIONS, extracts.PAIRS, extracts.TYPES, extracts.UNITS]
    )
    assert all(folder in Path(path).parents for path in run.paths)
    assert LocationNumber.objects.count() == 4
    page = text(client.get(address(run)))
    assert cells(page, "Lokationsnumre") == ["4", "0", "0", "0"]
    assert cells(page, "Enheder") == ["1", "0", "0", "0"]
    assert "2 EDI-typer på lokationsnumre er læst" in page
    assert f'href="/aendringer/{run.change_set_id}/"' in page
    assert "Ingen. Alle rækker er importeret." in page


def test_a_zip_file_is_an_extract_too(client, staff, tmp_path):
    path = extracts.zipped(extracts.extract(rows(*GLNS)), tmp_path / "Sor_complete.zip")
    run = imported(client, {"../Sor complete.zip": path.read_bytes()})
    assert run.state == State.DONE
    assert "Sor_complete.zip" in text(client.get("/sor-import/"))


def test_the_bar_moves_while_it_runs_and_the_page_reloads_when_it_ends(client, staff):
    upload(client, extracts.extract(rows(*GLNS)))
    run = ImportRun.objects.get()
    page = text(client.get(address(run)))
    assert f'hx-get="{address(run)}"' in page
    assert '<meta http-equiv="refresh" content="2">' in page
    ImportRun.objects.update(state=State.RUNNING)
    for done in (10, 90):
        run.__dict__.pop("_told", None)
        run.report(Phase.READING, done, 100)
        fragment = text(client.get(address(run), headers={"HX-Request": "true"}))
        assert f'value="{done}"' in fragment
        assert "<html" not in fragment
    ImportRun.objects.update(state=State.DONE)
    assert client.get(address(run), headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_problems_stand_by_kind_with_the_first_lines_of_each(client, staff):
    wrong = [{"EanLocationCode": f"12345{n}"} for n in range(60)]
    files = extracts.extract([*rows(*GLNS), *wrong]) | {"readme.csv": b"hello;world\r\n1;2\r\n"}
    files[extracts.UNITS] = extracts.csv_bytes([{"Weather": "fine"}], extracts.UNIT)
    run = imported(client, files)
    page = text(client.get(address(run)))
    assert "Problemer (60)" in page
    assert "60 rækker" in page
    assert f"{extracts.LOCATIONS}, linje 6" in page
    assert [f">12345{n}<" in page for n in range(12)] == [True] * 10 + [False] * 2
    assert "og 50 til" in page
    assert "readme.csv" in page
    assert "Weather" in page


def test_all_problems_are_a_file_that_no_spreadsheet_runs(client, staff):
    run = imported(
        client, extracts.extract([*rows(*GLNS), *rows("12345"), *rows(GLNS[0], SorNote="x" * 300)])
    )
    Problem.objects.create(run=run, file="=a.csv", line=0, code="missing", value="@SUM(1)")
    response = client.get(address(run) + "problemer/")
    assert response["Content-Disposition"] == f'attachment; filename="sor-import-{run.pk}-problemer.csv"'
    lines = b"".join(response.streaming_content).decode().split("\r\n")
    assert [line.split(";", 3)[:3] for line in lines] == [
        ["\ufeffFil", "Linje", "Værdi"],
        [extracts.LOCATIONS, "6", "12345"],
        [extracts.LOCATIONS, "7", GLNS[0]],
        [extracts.LOCATIONS, "7", GLNS[0]],
        ["'=a.csv", "", "'@SUM(1)"],
        [""],
    ]


def test_the_course_of_a_run_is_told_while_it_runs_and_kept_after(client, staff):
    upload(client, extracts.extract(rows(*GLNS)))
    run = ImportRun.objects.get()
    ImportRun.objects.update(state=State.RUNNING, started_at=timezone.now())
    run.report(Phase.READING, 50_000_000, 100_000_000, rows=2000, rate=1000)
    fragment = words(client.get(address(run), headers={"HX-Request": "true"}))
    for said in ("2.000 rækker læst", "47,7 MB af 95,4 MB", "1.000 rækker i sekundet", "indtil nu"):
        assert said in fragment
    run.report(Phase.NUMBERS, rows=4000, seconds={"reading": 2.5, "checking": 61})
    fragment = words(client.get(address(run), headers={"HX-Request": "true"}))
    for said in ("4.000 rækker læst", "Læser 2,5 s", "Kontrollerer 1 min. 1 s"):
        assert said in fragment
    ImportRun.objects.update(state=State.QUEUED)
    run = ImportRun.run(run.pk, actions.run_import)
    assert set(run.counts["seconds"]) == {"reading", "checking", "numbers", "units", "finishing"}
    assert run.finished_at and run.started_at
    spent = (run.finished_at - run.started_at).total_seconds()
    assert sum(run.counts["seconds"].values()) == pytest.approx(spent, abs=0.1)
    page = words(client.get(address(run)))
    assert page.count(views.duration_of(run)) >= 2  # at the top, and below the phases
    assert "8 rækker, " in page
    assert page.index("Fase Tid Læser") < page.index("I alt")


def test_the_change_of_an_import_is_named_by_its_run(client, staff):
    ImportRun.objects.create(paths=[], state=State.CANCELLED)  # so that their numbers differ
    run = imported(client, extracts.extract(rows(*GLNS)))
    assert run.change_set_id not in (None, run.pk)
    assert f"SOR-import {run.pk} (ændring {run.change_set_id})" in words(client.get("/"))
    page = words(client.get(f"/lokationsnumre/{GLNS[0]}/"))
    assert f"Ændring {run.change_set_id} · SOR-import" in page


def test_what_breaks_an_import_is_told_with_its_cure(client, staff):
    run = imported(client, {"Sor_complete.zip": b"PK\x03\x04 cut off"})
    assert run.state == State.FAILED
    page = text(client.get(address(run)))
    assert "Importen blev ikke gennemført" in page
    assert "Sor_complete.zip" in page


def test_many_closures_wait_for_an_administrators_word(client, staff):
    imported(client, extracts.extract(rows(*GLNS)))
    run = imported(client, extracts.extract(rows(*GLNS[:2])))
    assert run.state == State.WAITING
    page = text(client.get(address(run)))
    assert "Acceptér og importér" in page
    assert cells(page, "Lokationsnumre") == ["0", "0", "2", "2"]
    assert "Venter på en administrator" in text(client.get("/sor-import/"))

    response = client.post(address(run) + "accepter/")
    assert (response.status_code, response["Location"]) == (302, address(run))
    run.refresh_from_db()
    assert (run.state, run.accept_closures) == (State.QUEUED, True)
    run = ImportRun.run(run.pk, actions.run_import)
    assert run.state == State.DONE
    assert LocationNumber.objects.exclude(to_date=None).count() == 2
    again = client.post(address(run) + "accepter/", follow=True)
    assert "venter ikke på noget" in text(again)


def test_an_older_extract_is_imported_where_an_administrator_says_why(client, staff):
    imported(client, extracts.extract(rows(*GLNS, FromDate="2026-05-02")))
    run = imported(client, extracts.extract(rows(*GLNS, FromDate="2026-05-01", SorNote="ældre")))
    assert run.state == State.REFUSED
    assert "Importér det ældre udtræk" in text(client.get(address(run)))
    page = text(client.post(address(run) + "alligevel/", {"why": " "}))
    assert page.count("Skriv hvorfor, til dem der undrer sig senere.") == 2 and 'href="#id_why"' in page
    assert not LocationNumber.objects.filter(note="ældre").exists()

    client.post(address(run) + "alligevel/", {"why": "Den nye var forkert"})
    run = ImportRun.run(run.pk, actions.run_import)
    assert (run.state, run.forced_by, run.forced_why) == (State.DONE, staff, "Den nye var forkert")
    assert LocationNumber.objects.filter(note="ældre").count() == 4
    page = words(client.get(address(run)))
    assert (
        "Importeret, selv om udtrækket er ældre end det seneste: staff · Årsag: Den nye var forkert" in page
    )
    assert "venter ikke på noget" in text(client.post(address(run) + "alligevel/", follow=True))


def test_the_word_for_an_older_extract_is_for_its_age_and_its_very_files(client, staff):
    imported(client, extracts.extract(rows(*GLNS, FromDate="2026-05-02")))
    run = imported(client, extracts.extract(rows(*GLNS[:2], FromDate="2026-05-01")))
    client.post(address(run) + "alligevel/", {"why": "Den nye var forkert"})
    run = ImportRun.run(run.pk, actions.run_import)
    assert run.state == State.WAITING, "it closes two of four, and that is another question"
    client.post(address(run) + "annuller/")
    other = imported(client, extracts.extract(rows(*GLNS, FromDate="2026-05-01")))
    Path(other.paths[0]).write_bytes(b"x")
    client.post(address(other) + "alligevel/", {"why": "Den nye var forkert"})
    assert ImportRun.run(other.pk, actions.run_import).state == State.FAILED
    failed = imported(client, {"SOREntity.csv": b"x"})
    client.post(address(failed) + "alligevel/", {"why": "x"})
    failed.refresh_from_db()
    assert (failed.state, failed.forced_by) == (State.FAILED, None)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "Vælg mindst én fil."),
        ({"sor.xlsx": b"PK"}, "“sor.xlsx” er hverken en zip-, CSV- eller XML-fil"),
        ({"SOREntity.csv": b""}, "En fil er tom"),
    ],
)
def test_what_is_no_extract_is_refused_at_the_field(client, staff, files, said):
    page = text(upload(client, files))
    assert page.count(said) == 2
    assert 'href="#id_extract"' in page
    assert not ImportRun.objects.exists()


def test_the_same_name_twice_is_refused(client, staff):
    twice = [SimpleUploadedFile("SOREntity.csv", b"a"), SimpleUploadedFile("SOREntity.csv", b"b")]
    assert "er der to gange" in text(client.post("/sor-import/", {"extract": twice}))


def test_addresses_may_only_lie_below_the_folder_of_the_settings(client, staff, settings):
    assert 'name="addresses"' not in text(client.get("/sor-import/"))
    settings.SOR_BASE_URL = "https://sor.example.dk/sor2/"
    assert 'name="addresses"' in text(client.get("/sor-import/"))
    for address in (
        "https://elsewhere.example.dk/sor2/a.zip",
        "/etc/passwd",
        "https://sor.example.dk/sor2/../a",
    ):
        assert "ligger ikke under" in text(client.post("/sor-import/", {"addresses": address}))
    response = client.post("/sor-import/", {"addresses": "https://sor.example.dk/sor2/Sor_complete.zip"})
    assert response.status_code == 302
    assert ImportRun.objects.get().paths == ["https://sor.example.dk/sor2/Sor_complete.zip"]


@pytest.mark.parametrize(
    ("method", "rest"), [("get", ""), ("get", "1/"), ("post", ""), ("post", "1/accepter/")]
)
def test_it_is_for_administrators_only(client, method, rest):
    ImportRun.objects.create(pk=1, paths=["a.zip"], state=State.WAITING, counts={"locations": {"closed": 1}})
    page = f"/sor-import/{rest}"
    response = getattr(client, method)(page)
    assert (response.status_code, response["Location"]) == (302, f"/log-ind/?next={page}")
    client.force_login(builders.user("anna", administrators=["102"]))
    assert getattr(client, method)(page).status_code == 403
    assert ImportRun.objects.get().state == State.WAITING


def test_the_pages_take_few_queries(client, staff, django_assert_num_queries):
    for _n in range(3):
        run = imported(client, extracts.extract([*rows(*GLNS), {"EanLocationCode": "1"}]))
    with django_assert_num_queries(4):  # session, user, count, runs
        client.get("/sor-import/")
    with django_assert_num_queries(4):  # session, user, run, problems
        client.get(address(run))
    assert Problem.objects.filter(run=run).count() == 1
    run = imported(client, extracts.extract(rows(*GLNS, SorNote="ny"), units=[{"EntityName": "Nyt navn"}]))
    with django_assert_num_queries(6):  # besides the changes, and which of their units have numbers
        client.get(address(run))
    ImportRun.objects.filter(pk=run.pk).update(state=State.RUNNING)
    run.report(Phase.READING, 1, 2, rows=1)
    with django_assert_num_queries(5):  # session, user, run, whose turn it is, rows of the imports before
        client.get(address(run), headers={"HX-Request": "true"})
