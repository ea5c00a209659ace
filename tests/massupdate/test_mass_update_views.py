"""Mass update in a browser: hand in, errors by line, warnings to tick, carry out, receipt; and who may not."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from locations import changes, expiry
from locations.models import ChangeSet, LocationNumber
from locations.models.change import PLANS_LIVE
from massupdate import actions
from massupdate.models import MassUpdate
from soredi.jobs import Phase, State
from soredi.models import User
from tests import builders

pytestmark = pytest.mark.django_db

FIRST, SECOND = "5790000000012", "5790000000029"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def anna(client: Client) -> User:
    """Logged in: a person of EDI administrator 102."""
    person = builders.user("anna", administrators=["102"])
    client.force_login(person)
    return person


@pytest.fixture
def numbers() -> list[LocationNumber]:
    """Two numbers of EDI administrator 102: the first with DIS91 and CTL01, the second with DIS91."""
    dis91, ctl01 = builders.edi_type("DIS91", "D9134L"), builders.edi_type("CTL01", "C0130Q")
    return [
        builders.location(FIRST, unit=builders.unit("Ærø Apotek"), edi_types=[dis91, ctl01]),
        builders.location(SECOND, edi_types=[dis91]),
    ]


def text(response: Any) -> str:
    return response.content.decode()


def upload(client: Client, *lines: str, name: str = "mine.csv", **data: Any) -> Any:
    content = "\r\n".join(("Loknr;EdiId", *lines, "")).encode()
    return client.post("/masseopdatering/", {"file": SimpleUploadedFile(name, content), **data})


def handed_in(client: Client, *lines: str, **data: Any) -> MassUpdate:
    """Uploaded, and checked as the worker would."""
    response = upload(client, *lines, **data)
    assert response.status_code == 302
    update = MassUpdate.objects.get(pk=response["Location"].rstrip("/").rpartition("/")[2])
    assert update.state == State.QUEUED
    return MassUpdate.run(update.pk, actions.check_and_plan)


def address(update: MassUpdate, *rest: str) -> str:
    return "/".join(("/masseopdatering", str(update.pk), *rest, ""))


def planned(update: MassUpdate) -> ChangeSet:
    assert update.change_set_id is not None
    return ChangeSet.objects.get(pk=update.change_set_id)


def types_of(gln: str) -> int:
    return len(LocationNumber.objects.get(gln=gln).edi_types)


def test_the_page_says_what_it_does_and_has_an_empty_file(client, anna):
    page = text(client.get("/masseopdatering/"))
    assert "nøjagtigt de EDI-typer" in page
    assert "Du har ikke indlæst nogen filer endnu" in page
    response = client.get("/masseopdatering/skabelon/")
    assert response.content == b"\xef\xbb\xbfLoknr;EdiId\r\n"
    assert response["Content-Disposition"] == 'attachment; filename="masseopdatering-skabelon.csv"'
    assert client.get("/masseopdatering/skabelon/?format=ods").status_code == 400


def test_who_may_edit_no_location_number_is_told_before_choosing_a_file(client, anna):
    said = "Der er ingen lokationsnumre, du må rette."
    assert said in text(client.get("/masseopdatering/"))
    builders.location(FIRST)
    assert said not in text(client.get("/masseopdatering/"))


def test_without_a_file_the_field_says_so(client, anna):
    page = text(client.post("/masseopdatering/", {"reason": "Ny aftale"}))
    assert page.count("Vælg en fil.") == 2  # in the summary, with a link, and at the field
    assert 'href="#id_file"' in page
    assert 'value="Ny aftale"' in page
    assert not MassUpdate.objects.exists()


def test_an_empty_or_too_large_file_is_refused_at_the_field(client, anna, monkeypatch):
    empty = client.post("/masseopdatering/", {"file": SimpleUploadedFile("a.csv", b"")})
    assert "Filen er tom" in text(empty)
    monkeypatch.setattr("massupdate.read.MAX_BYTES", 10)
    assert "højst 0 MB" in text(upload(client, f"{FIRST};DIS91"))
    assert not MassUpdate.objects.exists()


def test_while_it_is_checked_the_page_tells_how_far_it_is(client, anna):
    response = upload(client, f"{FIRST};DIS91")
    update = MassUpdate.objects.get()
    page = text(client.get(response["Location"]))
    assert "Venter på sin tur" in page
    assert f'hx-get="{address(update)}"' in page
    assert '<meta http-equiv="refresh" content="2">' in page
    MassUpdate.objects.update(state=State.RUNNING)
    update.report(Phase.READING, 30, 120)
    fragment = client.get(address(update), headers={"HX-Request": "true"})
    assert "<html" not in text(fragment)
    assert 'value="25"' in text(fragment)
    MassUpdate.objects.update(state=State.FAILED, message="Databasen er fuld.")
    ended = client.get(address(update), headers={"HX-Request": "true"})
    assert ended["HX-Refresh"] == "true"
    assert "Databasen er fuld." in text(client.get(address(update)))


def test_errors_stand_by_line_and_all_of_them_are_a_file(client, anna, numbers):
    builders.location("5790000000036", edi_administrator="106")
    update = handed_in(client, f"{FIRST};DIS91", f"{FIRST};NIX01", "=1+1;DIS91", "5790000000036;DIS91")
    assert update.state == State.REFUSED
    page = text(client.get(address(update)))
    table = page[page.index("Fejl efter linje") :]
    assert (
        table.index(">3<")
        < table.index("NIX01")
        < table.index(">4<")
        < table.index("=1+1")
        < table.index(">5<")
    )
    assert "EDI-typen findes ikke" in table
    assert "udfoer" not in page
    assert planned_sets() == 0
    response = client.get(address(update, "fejl"))
    lines = response.getvalue().decode("utf-8-sig").split("\r\n")
    assert lines[0] == "Linje;Art;Værdi;Hvad der er galt, og hvad du gør;Kode"
    assert [line.split(";")[:3] for line in lines[1:4]] == [
        ["3", "fejl", "NIX01"],
        ["4", "fejl", "'=1+1"],
        ["5", "fejl", "5790000000036"],
    ]
    assert response["Content-Type"] == "text/csv; charset=utf-8"


def planned_sets() -> int:
    return ChangeSet.objects.filter(source="massupdate").count()


def test_a_file_that_is_no_list_says_what_it_should_be(client, anna):
    update = handed_in(client, name="<b>.csv")
    page = text(client.get(address(update)))
    assert "Filen har ingen linjer under overskriften" in page
    assert "&lt;b&gt;.csv" in page
    assert "<b>.csv" not in page


def test_the_plan_is_shown_and_carried_out_when_its_warnings_are_ticked(client, anna, numbers):
    update = handed_in(client, f"{FIRST};", f"{SECOND};DIS91", f"{SECOND};DIS91", reason="Ny aftale")
    page = text(client.get(address(update)))
    for shown in (
        "Udfør 1 ændring",
        "0 EDI-typer beholdes",
        "DIS91 D9134L",
        "CTL01 C0130Q",
        "Ærø Apotek",
        "Linje 2",
        "Linje 4",
    ):
        assert shown in page
    assert page.count('class="form-checkbox"') == 2
    refused = client.post(address(update, "udfoer"), {"duplicate_line": "on"})
    assert refused.status_code == 200
    summary = '<a href="#id_removes_all">Linjen fjerner alle lokationsnummerets EDI-typer: Sæt flueben'
    assert summary in text(refused)
    assert planned(update).state == State.DRAFT

    ticked = {"duplicate_line": "on", "removes_all": "on"}
    response = client.post(address(update, "udfoer"), ticked)
    assert (response.status_code, response["Location"]) == (302, address(update))
    assert planned(update).state == State.QUEUED
    client.post(address(update, "udfoer"), ticked)
    assert "components" not in text(client.get(address(update)))
    ChangeSet.run(planned(update).pk, changes.apply)
    assert (types_of(FIRST), types_of(SECOND)) == (0, 1)

    page = text(client.get(address(update)))
    assert f'action="/aendringer/{update.change_set_id}/fortryd/"' in page
    assert "Ny aftale" in page
    undo = client.post(f"/aendringer/{update.change_set_id}/fortryd/", {"reason": "Forkert fil"})
    ChangeSet.objects.get(undoes=update.change_set_id).run_here(changes.apply)
    assert types_of(FIRST) == 2
    assert undo.status_code == 302
    assert "Fortrudt af" in text(client.get(address(update)))


def test_a_file_that_changes_nothing_cannot_be_carried_out(client, anna, numbers):
    update = handed_in(client, f"{SECOND};DIS91")
    page = text(client.get(address(update)))
    assert "Filen ændrer intet" in page
    unknown = client.get(address(update) + "?side=2")
    assert (unknown.status_code, "<strong>side</strong>" in text(unknown)) == (400, True)
    assert "udfoer" not in page and "annuller" not in page
    assert client.get(address(update) + "?format=csv").status_code == 400
    client.post(address(update, "udfoer"))
    assert planned(update).state == State.DRAFT


def test_the_list_of_approvals_is_dated_as_people_write_it(client, anna, numbers):
    update = handed_in(client, f"{SECOND};CTL01")
    update.counts["approvals"] = {"id": 1, "name": "liste.xlsx", "dated": "2026-11-01"}
    update.save()
    assert "liste.xlsx fra 1. november 2026" in text(client.get(address(update)))


def test_a_plan_can_be_dropped(client, anna, numbers):
    update = handed_in(client, f"{SECOND};CTL01")
    assert client.post(address(update, "annuller")).status_code == 302
    assert planned(update).state == State.CANCELLED
    client.post(address(update, "udfoer"))
    assert planned(update).state == State.CANCELLED
    assert "Masseopdateringen er annulleret" in text(client.get(address(update)))


def test_a_plan_overtaken_by_others_says_so_and_what_to_do(client, anna, numbers):
    update = handed_in(client, f"{SECOND};CTL01")
    changes.plan(
        locations=LocationNumber.objects.filter(gln=SECOND),
        by=anna,
        reason="",
        add=[builders.edi_type("REF06", "H0630R")],
    ).run_here(changes.apply)
    groups = {finding.code: "on" for finding in update.findings.all()}
    client.post(address(update, "udfoer"), groups)
    ChangeSet.run(planned(update).pk, changes.apply)
    page = text(client.get(address(update)))
    assert SECOND in page
    assert "Masseopdateringen blev ikke udført" in page
    assert 'href="/masseopdatering/"' in page


def test_an_expired_plan_says_so(client, anna, numbers):
    update = handed_in(client, f"{SECOND};CTL01")
    ChangeSet.objects.filter(pk=planned(update).pk).update(created_at=timezone.now() - PLANS_LIVE)
    for _swept in (False, True):
        client.post(address(update, "udfoer"))
        assert "er for gammel" in text(client.get(address(update)))
        assert "Udløbet" in text(client.get("/masseopdatering/"))
        expiry.expire_plans(before=timezone.now() - PLANS_LIVE)
    assert planned(update).state == State.EXPIRED


def test_the_same_file_again_is_told(client, anna, numbers):
    first = handed_in(client, f"{SECOND};CTL01", name="januar.csv")
    assert "Præcis den samme fil" not in text(client.get(address(first)))
    again = handed_in(client, f"{SECOND};CTL01", name="februar.csv")
    assert f'href="{address(first)}">januar.csv' in text(client.get(address(again)))
    bo = builders.user("bo", administrators=["102"])
    client.force_login(bo)
    his = handed_in(client, f"{SECOND};CTL01")
    assert "Præcis den samme fil" not in text(client.get(address(his)))


def test_the_file_comes_back_as_it_was(client, anna):
    response = upload(client, f"{FIRST};DIS91", name="æøå.csv")
    answer = client.get(response["Location"] + "fil/")
    assert answer.getvalue() == f"Loknr;EdiId\r\n{FIRST};DIS91\r\n".encode()
    assert "attachment" in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_the_list_holds_ones_own_and_for_an_administrator_all(
    client, anna, numbers, django_assert_num_queries
):
    for n in range(3):
        handed_in(client, f"{SECOND};CTL01", name=f"anna-{n}.csv")
    # session, user, count, rows, saved searches, whether there are numbers, the menu's EDI administrators
    with django_assert_num_queries(7):
        page = text(client.get("/masseopdatering/"))
    assert page.index("anna-2.csv") < page.index("anna-0.csv")
    assert "Venter på dig" in page
    client.force_login(builders.user("bo", administrators=["102"]))
    assert "anna-2.csv" not in text(client.get("/masseopdatering/"))
    client.force_login(builders.user("staff", staff=True))
    assert "anna-2.csv" in text(client.get("/masseopdatering/"))


@pytest.mark.parametrize(
    ("method", "rest"),
    [("get", []), ("post", ["udfoer"]), ("post", ["annuller"]), ("get", ["fejl"]), ("get", ["fil"])],
)
def test_anothers_file_is_not_found(client, anna, numbers, method, rest):
    update = handed_in(client, f"{SECOND};CTL01")
    for person in (builders.user("bo", administrators=["102"]), builders.user("nobody")):
        client.force_login(person)
        assert getattr(client, method)(address(update, *rest)).status_code == 404
    assert planned(update).state == State.DRAFT
    client.logout()
    response = getattr(client, method)(address(update, *rest))
    assert (response.status_code, response["Location"].split("?")[0]) == (302, "/log-ind/")


def test_who_sees_the_plan_through_an_administrator_may_carry_it_out(client, anna, numbers):
    update = handed_in(client, f"{SECOND};CTL01")
    client.force_login(builders.user("staff", staff=True))
    client.post(address(update, "udfoer"), {finding.code: "on" for finding in update.findings.all()})
    assert planned(update).state == State.QUEUED


def test_the_preview_takes_few_queries_however_many_findings(
    client, anna, numbers, django_assert_num_queries
):
    glns = [builders.location(edi_types=[builders.edi_type()]).gln for _n in range(30)]
    update = handed_in(client, *(f"{gln};" for gln in glns))
    with django_assert_num_queries(12):
        page = text(client.get(address(update)))
    assert page.count("<li>Linje") <= 11


def test_a_file_in_memory_and_one_on_disk_are_kept_alike(client, anna):
    small = io.BytesIO(b"Loknr;EdiId\r\n1;a\r\n")
    large = io.BytesIO(b"Loknr;EdiId\r\n" + b"5790000000012;DIS91\r\n" * 150_000)  # 3 MB
    for name, content in (("small.csv", small), ("large.csv", large)):
        content.name = name
        client.post("/masseopdatering/", {"file": content})
    assert [update.size for update in MassUpdate.objects.order_by("pk")] == [18, 13 + 21 * 150_000]
