"""Files by the browser: of a result, of what was ticked; whose they are, and what happens when the browser leaves."""

import csv
import io
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import builders
import psycopg
import pytest
from django.db import connection
from django.test import Client

from locations import exports
from locations.filters import FORMATS
from locations.models import LocationNumber
from locations.views.downloads import CHOICES

ROOT = Path(__file__).resolve().parents[2]
LIST, CHOSEN = "/lokationsnumre/", "/lokationsnumre/hent/"


@pytest.fixture
def anna(client):
    """Logged in: a person of EDI administrator 102."""
    person = builders.user("anna", administrators=["102"])
    client.force_login(person)
    return person


def numbers_in(response):
    assert response.status_code == 200
    text = io.StringIO(response.getvalue().decode("utf-8-sig"), newline="")
    return [row["Lokationsnummer"] for row in csv.DictReader(text, delimiter=";")]


@pytest.mark.django_db
def test_the_menu_offers_every_format_of_the_result_without_its_page(client, anna):
    for _ in range(3):
        builders.location(vans="KMD")
    page = client.get(LIST, {"vans": "KMD", "sort": "-gln"}).content.decode()
    assert list(CHOICES) == ["csv", "xlsx", "csv-par", "massupdate"]
    assert sorted(CHOICES) == sorted(FORMATS)
    for form in CHOICES:
        assert f'href="?vans=KMD&amp;sort=-gln&amp;format={form}" download' in page


@pytest.mark.django_db
@pytest.mark.parametrize("form", FORMATS)
def test_a_result_holds_the_users_own_numbers_only(client, anna, form):
    own = builders.location(vans="KMD")
    other = builders.location(vans="KMD", edi_administrator="106")
    answer = client.get(LIST, {"vans": "KMD", "format": form})
    assert answer["Content-Disposition"] == f'attachment; filename="{exports.FILE_NAMES[form]}"'
    content = answer.getvalue()
    if form != "xlsx":
        assert (own.gln.encode() in content, other.gln.encode() in content) == (True, False)
    allowed = LocationNumber.objects.editable_by(anna)
    assert len(content) == len(b"".join(exports.Export(allowed, form)))


@pytest.mark.django_db
def test_the_ticked_numbers_are_fetched_by_address_or_by_form(client, anna):
    glns = sorted(builders.location().gln for _ in range(3))
    asked = {"format": "csv", "valgt": [glns[2], glns[0]]}
    assert numbers_in(client.get(CHOSEN, asked)) == [glns[0], glns[2]]
    assert numbers_in(client.post(CHOSEN, asked)) == [glns[0], glns[2]]
    everything = {"format": "csv-par", "omfang": "alle", "soegning": f"gln={glns[1]}"}
    assert numbers_in(client.post(CHOSEN, everything)) == [glns[1]]


@pytest.mark.django_db
def test_thousands_of_ticks_are_one_file(client, anna):
    own = builders.location()
    ticks = [own.gln] * 12_000
    assert numbers_in(client.post(CHOSEN, {"format": "csv", "valgt": ticks})) == [own.gln]


@pytest.mark.django_db
def test_anothers_number_among_the_ticks_is_not_there(client, anna):
    own, other = builders.location(), builders.location(edi_administrator="106")
    ticked = {"format": "csv", "valgt": [own.gln, other.gln]}
    assert client.post(CHOSEN, ticked).status_code == 404
    assert client.get(CHOSEN, ticked).status_code == 404


@pytest.mark.django_db
def test_nothing_ticked_leads_back_and_tells_what_to_do(client, anna):
    answer = client.post(CHOSEN, {"format": "csv", "soegning": "vans=KMD"}, follow=False)
    assert (answer.status_code, answer["Location"]) == (302, "/lokationsnumre/?vans=KMD")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"format": "pdf"}, "format"),
        ({}, "format"),
        ({"format": "csv", "valgte": "1"}, "valgte"),
        ({"format": "csv", "omfang": "alle", "soegning": "vams=KMD"}, "vams"),
    ],
)
def test_what_cannot_be_asked_for_is_named(client, anna, asked, named):
    answer = client.get(CHOSEN, asked)
    assert (answer.status_code, f"<strong>{named}</strong>" in answer.content.decode()) == (400, True)


@pytest.mark.django_db
def test_a_vendor_is_for_administrators(client, anna):
    builders.location(vendor="CGM")
    asked = {"format": "csv", "omfang": "alle", "soegning": "leverandoer=CGM"}
    assert client.post(CHOSEN, asked).status_code == 403


@pytest.mark.django_db
def test_too_many_for_a_sheet_is_a_page_that_says_so(client, anna, monkeypatch):
    monkeypatch.setattr(exports, "XLSX_ROWS", 1)
    builders.location()
    builders.location()
    answer = client.get(LIST, {"format": "xlsx"})
    assert (answer.status_code, "hent den som CSV" in answer.content.decode()) == (400, True)


def copies_running():
    """How many files are being made in this test's database, asked on a connection of its own."""
    params = connection.get_connection_params()
    params = {k: v for k, v in params.items() if k not in ("cursor_factory", "context")}
    with psycopg.connect(**params) as other:
        row = other.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
            "AND query LIKE 'COPY (%%'"
        ).fetchone()
    return row[0]


def within(seconds, condition):
    """Whether `condition` comes true in that time."""
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return met


@contextmanager
def served(environment, log):
    """gunicorn as in production, with one thread; yields its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["-m", "gunicorn", "soredi.wsgi", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    with log.open("wb") as output:
        web = subprocess.Popen(
            [sys.executable, *command, "--no-control-socket"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        assert within(30, lambda: listening(port)), log.read_text()
        yield port
    finally:
        web.terminate()
        web.wait(30)


def listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


# 200,000 numbers of 40 types, made without their guards: some 150 MB as pairs, more than any socket holds back.
_MANY = """
SET session_replication_role = replica;
INSERT INTO locations_locationnumber (gln, version_id, edi_types, only_internal, inactive, note, unit_key, city_key)
SELECT lpad(n::text, 13, '0'), n, ARRAY(SELECT %(type)s FROM generate_series(1, 40)), false, false, '', '', ''
FROM generate_series(1, 200000) n;
RESET session_replication_role
"""


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_closing_the_browser_stops_the_query(process_environment, tmp_path, form):
    """A real web server: the browser reads the first bytes and leaves."""
    person = builders.user("anna", staff=True)
    with connection.cursor() as cursor:
        cursor.execute(_MANY, {"type": builders.edi_type().pk})
    session = Client()
    session.force_login(person)
    with served(process_environment, tmp_path / "web.log") as port:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as browser:
            browser.sendall(
                f"GET {LIST}?format={form} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\n"
                f"Cookie: sessionid={session.cookies['sessionid'].value}\r\n\r\n".encode()
            )
            assert browser.recv(12) == b"HTTP/1.1 200"
            assert within(10, lambda: copies_running() == 1)
        assert within(10, lambda: copies_running() == 0)
