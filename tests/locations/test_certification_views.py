"""The pages of certification: lists, the question, the map."""

from datetime import date, timedelta

import builders
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from locations.models import ApprovalList, RequiredStandard, System, SystemMap
from locations.system_map import say

pytestmark = pytest.mark.django_db

HEADER = "System;Leverandør;Systemtype / Oversigt;Standard;Standard ID (Version);Kanal;Teststatus"


@pytest.fixture
def anna(client):
    person = builders.user("anna", staff=True)
    client.force_login(person)
    return person


def sheet(*rows, name="godkendelser.csv"):
    """Rows are (system, standard ID, status)."""
    lines = [
        HEADER,
        *(f"{system};EG;Læger;X;{message};Modtage;{status}" for system, message, status in rows),
    ]
    return SimpleUploadedFile(name, "\r\n".join(lines).encode())


def text(response):
    return " ".join(response.content.decode().split())


FIRST = [("Clinea (LPS)", "DIS91 (D9134L)", "Godkendt"), ("Novax (LPS)", "DIS91 (D9134L)", "Godkendt")]


def test_a_sheet_is_read_shown_and_put_into_use(client, anna):
    answer = client.post("/stamdata/certificering/", {"ark": sheet(*FIRST), "dato": "2026-01-05"})
    made = ApprovalList.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/stamdata/certificering/{made.pk}/")
    assert (made.dated, made.by, made.accepted_at) == (date(2026, 1, 5), anna, None)
    assert "alt på den er nyt" in text(client.get(answer.url))
    assert client.post(f"{answer.url}brug/").status_code == 302
    made.refresh_from_db()
    assert made.accepted_by == anna
    assert "Gælder: listen af 5. januar 2026" in text(client.get("/stamdata/certificering/"))


def test_what_a_system_loses_must_be_ticked(client, anna):
    for rows, day in ((FIRST, "2026-01-05"), (FIRST[:1], "2026-02-05")):
        client.post("/stamdata/certificering/", {"ark": sheet(*rows), "dato": day})
        made = ApprovalList.objects.order_by("-pk")[0]
        answer = client.post(f"/stamdata/certificering/{made.pk}/brug/")
    page = text(answer)
    assert answer.status_code == 200
    assert "1 system mister godkendelser og er ikke afkrydset: Novax (LPS)." in page
    assert "Sæt kryds, eller kassér listen." in page
    assert (
        client.post(f"/stamdata/certificering/{made.pk}/brug/", {"mister": "Novax (LPS)"}).status_code == 302
    )
    made.refresh_from_db()
    assert made.accepted_at


def test_a_preview_is_dropped_and_a_list_in_use_is_not(client, anna):
    preview = builders.approval_list(("Clinea (LPS)", "DIS91 (D9134L)", "certified"), accepted=False)
    used = builders.approval_list(("Clinea (LPS)", "DIS91 (D9134L)", "certified"))
    for made in (preview, used):
        assert client.post(f"/stamdata/certificering/{made.pk}/kasser/").status_code == 302
    assert list(ApprovalList.objects.all()) == [used]


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"ark": sheet(*FIRST), "dato": "2999-01-01"}, "Dagen ligger i fremtiden."),
        ({"dato": "2026-01-05"}, "Dette felt er påkrævet."),
        (
            {"ark": SimpleUploadedFile("a.csv", b"a;b\r\n1;2"), "dato": "2026-01-05"},
            "Ingen overskrift nævner",
        ),
        ({"ark": SimpleUploadedFile("a.csv", b""), "dato": "2026-01-05"}, "Filen er tom."),
    ],
)
def test_what_cannot_be_read_is_told_at_its_field(client, anna, sent, error):
    answer = client.post("/stamdata/certificering/", sent)
    assert (answer.status_code, error in text(answer)) == (200, True)
    assert not ApprovalList.objects.exists()


def test_rows_that_were_not_understood_stand_by_line(client, anna):
    file = sheet(*FIRST, ("Cosmic", "DIS91", "Godkendt"), ("Cosmic", "REF01 (H0131R)", "Måske"))
    page = text(client.post("/stamdata/certificering/", {"ark": file, "dato": "2026-01-05"}, follow=True))
    assert "Ukendt teststatus. Rækken er udeladt." in page
    assert "Rækker, der ikke er forstået (2)" in page


def test_previews_are_for_administrators(client):
    preview = builders.approval_list(("Clinea (LPS)", "DIS91 (D9134L)", "certified"), accepted=False)
    client.force_login(builders.user("bo", administrators=["102"]))
    for path in ("", "hent/"):
        assert client.get(f"/stamdata/certificering/{preview.pk}/{path}").status_code == 404
    page = text(client.get("/stamdata/certificering/"))
    assert ("Der er ikke indlæst nogen liste endnu" in page, "Læs arket" in page) == (True, False)


def test_a_list_is_fetched_as_a_sheet_that_can_be_handed_in_again(client, anna):
    file = sheet(*FIRST, ("=cmd", "REF01 (H0131R)", "Ikke Godkendt"), ("Cosmic", "X (1)", "Test mangler"))
    client.post("/stamdata/certificering/", {"ark": file, "dato": "2026-01-05"})
    made = ApprovalList.objects.get()
    fetched = client.get(f"/stamdata/certificering/{made.pk}/hent/").getvalue()
    assert fetched.decode("utf-8-sig").splitlines()[3:] == [
        "'=cmd;EG;Læger;X;REF01 (H0131R);Modtage;Ikke Godkendt",
        "Cosmic;EG;Læger;X;X (1);Modtage;Test mangler",
    ]
    again = SimpleUploadedFile("igen.csv", fetched)
    client.post("/stamdata/certificering/", {"ark": again, "dato": "2026-01-06"})
    assert ApprovalList.objects.get(dated=date(2026, 1, 6)).counts == made.counts


def test_was_it_certified_on_that_day(client, anna):
    dis91 = builders.edi_type()
    clinea = builders.mapped("Clinea", "Clinea (LPS)")
    builders.approval_list(("Clinea (LPS)", dis91, "in_test"), dated=date(2026, 1, 1))
    builders.approval_list(("Clinea (LPS)", dis91, "certified"), dated=date(2026, 3, 1))

    def answer(**asked):
        said = {"system": clinea.code, "edi_type": "DIS91 D9134L", **asked}
        page = client.get("/stamdata/certificering/svar/", said)
        assert page.status_code == 200
        return page.context.get("answer"), [row.row for row in page.context["rows"]]

    assert answer(pr="2026-02-28") == ("in_test", [2])
    assert answer(pr="2026-03-01") == answer() == ("certified", [2])
    assert answer(pr="2025-12-31") == (None, [])
    assert answer(retning="send") == ("unknown", [])
    assert client.get("/stamdata/certificering/svar/?dag=1").status_code == 400
    wrong = client.get("/stamdata/certificering/svar/", {"system": "x", "edi_type": "y", "pr": "i går"})
    assert set(wrong.context["form"].errors) == {"system", "edi_type", "pr"}


def test_a_word_on_the_map_is_said_with_and_without_javascript(client, anna):
    builders.approval_list(("Clinea (LPS)", "DIS91 (D9134L)", "certified"))
    clinea = builders.code(System, "Clinea")
    builders.location(system=clinea)
    said = {"system": "Clinea", "er": "Clinea (LPS)", "soegning": "tilstand=foreslaaet&ukendt=1"}
    answer = client.post("/stamdata/systemer/kobling/", said)
    assert answer.url == f"/stamdata/systemer/kobling/?tilstand=foreslaaet#system-{clinea.pk}"
    assert [(one.accepted, one.by) for one in SystemMap.objects.all()] == [(True, anna)]
    taken_back = {"system": "Clinea", "tag-tilbage": "Clinea (LPS)"}
    row = client.post("/stamdata/systemer/kobling/", taken_back, headers={"hx-request": "true"})
    assert text(row).startswith(f'<tr id="system-{clinea.pk}">')
    assert "foreslået" in text(row) and "100 % ens" in text(row)
    wrong = client.post(
        "/stamdata/systemer/kobling/", {"system": "Clinea", "navn": "X"}, headers={"hx-request": "true"}
    )
    assert "“X” står ikke på nogen af MedComs lister" in text(wrong)
    page = text(client.post("/stamdata/systemer/kobling/", {"system": "Clinea", "navn": "X"}, follow=True))
    assert "“X” står ikke på nogen af MedComs lister" in page
    assert client.post("/stamdata/systemer/kobling/", {"system": "nej"}).status_code == 404


def test_the_map_shows_each_state_with_the_numbers_that_hang_on_it(client, anna, django_assert_num_queries):
    today = timezone.localdate()
    builders.approval_list(
        ("Clinea (LPS)", "DIS91 (D9134L)", "certified"),
        ("MADS", "DIS91 (D9134L)", "certified"),
        dated=today - timedelta(days=1),
    )
    clinea, mads, _other = (builders.code(System, name) for name in ("Clinea", "MADS", "Andet"))
    for system in (mads, mads, clinea):
        builders.location(system=system)
    say(system=mads, medcom_system="MADS", accepted=True, by=anna)
    client.get("/stamdata/systemer/kobling/")
    with django_assert_num_queries(11):
        page = client.get("/stamdata/systemer/kobling/")
    assert [(row["system"].name, row["numbers"]) for row in page.context["rows"]] == [
        ("MADS", 2),
        ("Clinea", 1),
        ("Andet", 0),
    ]
    assert [tuple(state) for state in page.context["states"]] == [
        ("ikke-koblet", 1, 0, False),
        ("foreslaaet", 1, 1, False),
        ("koblet", 1, 2, False),
    ]
    found = client.get("/stamdata/systemer/kobling/?tilstand=ikke-koblet")
    assert [row["system"].name for row in found.context["rows"]] == ["Andet"]
    assert client.get("/stamdata/systemer/kobling/?tilstand=x").status_code == 400


def test_a_system_that_another_replaced_is_left_out_of_the_map_once_nothing_hangs_on_it(client, anna):
    builders.approval_list(("Clinea (LPS)", "DIS91 (D9134L)", "certified"))
    new = builders.code(System, "S2", "Clinea")
    old = System.objects.create(code="S1", name="Clinea", replaced_by=new)

    def shown():
        return [
            (row["system"].code, bool(row["one"].suggestions))
            for row in client.get("/stamdata/systemer/kobling/").context["rows"]
        ]

    assert shown() == [("S2", True)]
    builders.location(system=old)
    assert shown() == [("S1", False), ("S2", True)]


def test_who_is_no_administrator_reads_the_map_without_buttons(client):
    builders.approval_list(("Clinea (LPS)", "DIS91 (D9134L)", "certified"))
    clinea = builders.code(System, "Clinea")
    builders.location(system=clinea, edi_administrator="106")
    client.force_login(builders.user("bo", administrators=["102"]))
    page = client.get("/stamdata/systemer/kobling/")
    assert [row["numbers"] for row in page.context["rows"]] == [0]
    assert ("Clinea (LPS)" in text(page), "Godtag" in text(page)) == (True, False)
    said = {"system": "Clinea", "er": "Clinea (LPS)"}
    assert client.post("/stamdata/systemer/kobling/", said).status_code == 403
    assert not SystemMap.objects.exists()


def test_what_is_mandatory_is_added_and_taken_out_by_administrators(client, anna):
    builders.edi_type("REF01", "H0131R")
    seeded = RequiredStandard.objects.filter(required=True).count()
    address = "/stamdata/certificering/obligatoriske/"
    client.post(address, {"systemtype": " Apotek  er ", "edi_type": "REF01 H0131R"})
    added = RequiredStandard.objects.get(code="REF01")
    assert (added.system_type, added.version, added.required, added.by) == ("Apotek er", "H0131R", True, anna)
    assert "Apotek er" in text(client.get(address))
    client.post(address, {"fjern": added.pk})
    assert RequiredStandard.objects.filter(required=True).count() == seeded
    client.post(address, {"systemtype": "Apotek er", "edi_type": "REF01 H0131R"})
    assert RequiredStandard.objects.get(code="REF01").required
    assert client.post(address, {"systemtype": "", "edi_type": "nej"}).context["form"].errors.keys() == {
        "systemtype",
        "edi_type",
    }


def test_a_number_marks_each_edi_type(client, anna):
    types = [builders.edi_type(code, "1") for code in ("AAA01", "BBB01", "CCC01", "DDD01", "EEE01")]
    clinea = builders.mapped("Clinea", "Clinea (LPS)")
    number = builders.location(system=clinea, edi_types=types)
    other = builders.location(system="Ukoblet", edi_types=types[:1])
    bare = builders.location(edi_types=types[:1])

    def marks(location):
        page = client.get(f"/lokationsnumre/{location.gln}/")
        return [
            one.mark for _kind, standards in page.context["kinds"] for _s, types in standards for one in types
        ]

    assert marks(number) == ["unchecked"] * 5
    statuses = zip(types, ("certified", "in_test", "refused"), strict=False)
    rows = [("Clinea (LPS)", one, status) for one, status in statuses]
    rows += [("Clinea (LPS)", types[3], "certified"), ("Clinea (LPS)", types[3], "refused")]
    builders.approval_list(*rows)
    assert sorted(marks(number)) == ["certified", "conflicting", "in_test", "refused", "refused"]
    assert (marks(other), marks(bare)) == (["unchecked"], ["unchecked"])
    page = text(client.get(f"/lokationsnumre/{number.gln}/"))
    assert "2 ikke godkendt" in page and "listen af 1. januar 2026" in page
    assert "Systemet er ikke koblet" in text(client.get(f"/lokationsnumre/{other.gln}/"))
    assert "Nummeret har intet system" in text(client.get(f"/lokationsnumre/{bare.gln}/"))
