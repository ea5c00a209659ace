"""The pages of the code lists: looking up, as of a day, changing, files."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from locations import changes
from locations.models import CatalogueChange, ChangeSet, EdiAdministrator, EdiType, Speciality, System, Vans
from soredi.jobs import State
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(client):
    person = builders.user("anna", administrators=["102"])
    client.force_login(person)
    return person


@pytest.fixture
def staff(client):
    person = builders.user("staff", staff=True)
    client.force_login(person)
    return person


def text(answer):
    return answer.content.decode()


def codes(answer):
    """The labels of the rows, in their order."""
    return [one["label"] for one in answer.context["rows"]]


def test_the_front_page_counts_each_list(client, anna, django_assert_num_queries):
    builders.code(Vans, "KMD")
    Vans.objects.create(code="VANS", name="Udgået", retired_on=timezone.localdate())
    with django_assert_num_queries(11):
        answer = client.get("/stamdata/")
    rows = {one["list"].slug: (one["rows"], one["retired"]) for one in answer.context["lists"]}
    assert rows["vans"] == (2, 1)
    assert 'href="/stamdata/vans/"' in text(answer)


def test_a_list_counts_the_users_own_numbers_and_links_to_them(client, anna, django_assert_num_queries):
    dis91 = builders.edi_type("DIS91", "D9134L", sor_id="1001")
    builders.location(edi_types=[dis91], vans="KMD", vendor="CGM")
    builders.location(edi_types=[dis91], edi_administrator="106")
    with django_assert_num_queries(5):
        page = text(client.get("/stamdata/edi-typer/"))
    assert 'href="/lokationsnumre/?edi_type=1001">1</a>' in page
    assert 'href="/stamdata/edi-typer/DIS91%20D9134L/"' in page
    assert 'href="/lokationsnumre/?vans=KMD">1</a>' in text(client.get("/stamdata/vans/"))
    vendors = text(client.get("/stamdata/leverandoerer/"))
    assert ("CGM" in vendors, "leverandoer=CGM" in vendors, "antal" in vendors) == (True, False, False)
    assert client.get("/stamdata/andet/").status_code == 404
    client.force_login(builders.user("staff", staff=True))
    assert "leverandoer=CGM" in text(client.get("/stamdata/leverandoerer/"))


def test_specialities_count_each_number_that_serves_a_unit_with_one_once(client, anna):
    clinic = builders.unit("Sygehus", kind="SI", specialities=["s1"])
    builders.location(unit=clinic)
    below = {"parent": clinic, "inherits_number": True, "number_holder": clinic}
    builders.unit("Afsnit", specialities=["s1", "s2"], **below)
    builders.location(unit=builders.unit("Andres", specialities=["s1"]), edi_administrator="106")
    builders.code(Speciality, "s3")
    page = client.get("/stamdata/specialer/?sort=-antal")
    assert {one["label"]: one["count"] for one in page.context["rows"]} == {"s1": 1, "s2": 1, "s3": 0}
    assert 'href="/lokationsnumre/?speciale=s2">1</a>' in text(page)


def test_a_list_is_searched_and_sorted(client, anna):
    for code, name in (("S1", "Åben"), ("S2", "Zeta"), ("S3", "ærlig Åben"), ("X4", "Ørsted")):
        builders.code(System, code, name)
    builders.location(system="X4")
    assert codes(client.get("/stamdata/systemer/")) == ["S2", "S3", "X4", "S1"]
    assert codes(client.get("/stamdata/systemer/?sort=-navn")) == ["S1", "X4", "S3", "S2"]
    assert codes(client.get("/stamdata/systemer/?sort=-antal"))[0] == "X4"
    assert codes(client.get("/stamdata/systemer/?sort=kode&q=aaben+s")) == ["S1", "S3"]
    for query in ("sort=andet", "sort=standard", "liste=vans", "format=xlsx", "pr=i+dag", "q=a&q=b"):
        assert client.get(f"/stamdata/systemer/?{query}").status_code == 400


def test_an_edi_type_is_found_by_what_it_is_called_and_numbered(client, anna):
    builders.edi_type("DIS91", "D9134L", sor_id="1001", urn="urn:x:dis91")
    builders.edi_type("CTL01", "C0130Q", name="Positiv kvittering")
    for words, found in (
        ("dis91 d9134l", ["DIS91 D9134L"]),
        ("1001", ["DIS91 D9134L"]),
        ("urn:x", ["DIS91 D9134L"]),
        ("kvitt", ["CTL01 C0130Q"]),
    ):
        assert codes(client.get("/stamdata/edi-typer/", {"q": words})) == found


def test_a_list_is_shown_as_it_was(client, staff):
    row = builders.code(System, "S1", "Gammelt navn")
    client.post("/stamdata/systemer/S1/ret/", {"name": "Nyt navn", "reason": "Omdøbt"})
    today = timezone.localdate()
    page = client.get(f"/stamdata/systemer/?pr={today}")
    assert (codes(page), "Nyt navn" in text(page), "Som den var" in text(page)) == (["S1"], True, True)
    assert codes(client.get(f"/stamdata/systemer/?pr={today - timedelta(days=1)}")) == []
    assert client.get(f"/stamdata/systemer/?pr={today + timedelta(days=1)}").status_code == 400
    file = client.get(f"/stamdata/systemer/?pr={today}&format=csv")
    assert file.getvalue().decode("utf-8-sig") == "Kode;Navn;Udgår;Erstattes af\r\nS1;Nyt navn;;\r\n"
    assert row.events.count() == 2


def test_a_change_stands_in_the_history_with_its_maker(client, staff, django_assert_max_num_queries):
    builders.code(System, "S1", "Gammelt navn")
    answer = client.post(
        "/stamdata/systemer/S1/ret/", {"name": "Nyt navn", "retired_on": "2026-12-31", "reason": "Omdøbt"}
    )
    assert answer["Location"] == "/stamdata/systemer/S1/"
    with django_assert_max_num_queries(13):
        page = text(client.get("/stamdata/systemer/S1/"))
    for words in ("staff", "Gammelt navn", "Nyt navn", "31. december 2026", "Omdøbt"):
        assert words in page
    client.force_login(builders.user("bo"))
    page = text(client.get("/stamdata/systemer/S1/"))
    assert ("Omdøbt" in page, "/ret/" in page) == (True, False)
    assert client.get("/stamdata/systemer/S2/").status_code == 404


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"name": "Navn", "reason": "Fejl"}, "Der er ikke ændret noget"),
        ({"name": "", "reason": "Fejl"}, "felt"),
        ({"name": "Andet"}, "Skriv hvorfor"),
        ({"name": "Navn", "retired_on": "31-12-2026", "reason": "x"}, "er ikke en dag"),
        ({"name": "Navn", "replaced_by": "S9", "reason": "x"}, "S9"),
    ],
)
def test_a_form_that_cannot_be_says_why(client, staff, data, why):
    builders.code(System, "S1", "Navn")
    page = client.post("/stamdata/systemer/S1/ret/", data)
    assert (page.status_code, why in text(page), CatalogueChange.objects.count()) == (200, True, 0)


def test_a_row_is_added_once(client, staff):
    data = {"code": "DIS91", "version": "D9135L", "name": "Epikrise", "standard": "edifact", "reason": "Ny"}
    answer = client.post("/stamdata/edi-typer/ny/", data)
    assert answer["Location"] == "/stamdata/edi-typer/DIS91%20D9135L/"
    assert EdiType.objects.get().version == "D9135L"
    assert "findes allerede" in text(client.post("/stamdata/edi-typer/ny/", data))


def test_sors_id_is_given_once(client, staff):
    builders.edi_type(sor_id="1001")
    page = text(client.get("/stamdata/edi-typer/DIS91%20D9134L/ret/"))
    assert 'name="sor_id"' not in page
    client.post(
        "/stamdata/edi-typer/DIS91%20D9134L/ret/",
        {"name": "Ny", "standard": "edifact", "sor_id": "9", "reason": "x"},
    )
    assert (EdiType.objects.get().sor_id, EdiType.objects.get().name) == ("1001", "Ny")


@pytest.mark.parametrize(
    "code",
    [
        *("ny", "indlaes", "kobling", "udfas", "udfas/planlaeg", "ret", "sammenlaeg"),
        *("a/ret", "a/flyt", "a//b", "/a", ".", "..", "~", "~ny", "~0", "~1", "a~1b", "a/b ?#%"),
    ],
)
@pytest.mark.parametrize("code_list", ["edi-typer", "systemer"])
def test_a_row_has_pages_whatever_its_code(client, staff, code, code_list):
    if code_list == "systemer":
        builders.code(System, code)
    else:
        builders.edi_type(code, "")
    there = codes_and_addresses(client.get(f"/stamdata/{code_list}/"))[code]
    deeds = {"ret": 200, "sammenlaeg": 200 if code_list == "systemer" else 404}
    for answer in (client.get(there), client.get(f"{there}ret/")):
        assert (answer.status_code, answer.context["row"].label) == (200, code)
    assert {deed: client.get(f"{there}{deed}/").status_code for deed in deeds} == deeds
    assert not {".", ".."} & set(there.split("/"))


def codes_and_addresses(answer):
    return {one["label"]: one["href"] for one in answer.context["rows"]}


def test_a_usual_code_stands_in_the_address_as_it_is(client, anna):
    builders.code(Vans, "KMD-1.0~b")
    assert codes_and_addresses(client.get("/stamdata/vans/")) == {"KMD-1.0~b": "/stamdata/vans/KMD-1.0~b/"}
    assert client.get("/stamdata/vans/ny/").status_code == 403  # still the form of a new one


def test_people_are_added_and_removed_by_administrators_and_seen_by_their_own(client, staff):
    row = builders.code(EdiAdministrator, "102", "Region Nord")
    bodil = builders.user("bodil")
    there = "/stamdata/edi-administratorer/102/"
    assert client.post(f"{there}personer/", {"add": "bodil"})["Location"] == there
    assert list(row.users.all()) == [bodil]
    assert "Der er ingen bruger" in text(client.post(f"{there}personer/", {"add": "x"}, follow=True))
    assert client.post("/stamdata/vans/102/personer/", {"add": "bodil"}).status_code == 404
    pages = (
        there,
        "/stamdata/edi-administratorer/",
        "/stamdata/edi-administratorer/?format=csv",
        f"/stamdata/rettelser/{CatalogueChange.objects.get().pk}/",
    )

    def seen():
        answers = [client.get(page) for page in pages]
        return [b"bodil" in (a.getvalue() if a.streaming else a.content) for a in answers]

    assert seen() == [True, True, True, True]
    client.force_login(bodil)
    assert "bodil</span>" in "".join(text(client.get(there)).split())
    client.force_login(builders.user("cecilie"))
    assert seen() == [False, False, False, False]
    client.force_login(staff)
    client.post(f"{there}personer/", {"remove": "bodil"})
    assert not row.users.exists()


def test_a_file_is_previewed_applied_and_undone(client, staff):
    builders.code(Vans, "V1", "Et")
    builders.code(Vans, "V2", "To")
    file = SimpleUploadedFile("vans.csv", "Kode;Navn\r\nV1;Æt\r\nV3;Tre\r\n".encode())
    answer = client.post("/stamdata/vans/indlaes/", {"file": file, "reason": "Oprydning"})
    planned = CatalogueChange.objects.get()
    assert answer["Location"] == f"/stamdata/rettelser/{planned.pk}/"
    page = text(client.get(answer["Location"]))
    for words in ("1 ny række", "1 ændret", "1 række i listen er ikke i filen", "Æt", "Udfør 2 ændringer"):
        assert words in page
    assert Vans.objects.filter(code="V3").count() == 0
    client.post(f"/stamdata/rettelser/{planned.pk}/udfoer/")
    assert [row.name for row in Vans.objects.order_by("code")] == ["Æt", "To", "Tre"]
    undo = client.post(f"/stamdata/rettelser/{planned.pk}/fortryd/", {"reason": "Fejl"})["Location"]
    client.post(f"{undo}udfoer/")
    rows = [(row.name, row.retired_on is not None) for row in Vans.objects.order_by("code")]
    assert rows == [("Et", False), ("To", False), ("Tre", True)]
    receipt = text(client.get(f"/stamdata/rettelser/{planned.pk}/"))
    assert ("Fortrudt af rettelse" in receipt, "fortryd/" in receipt) == (True, False)
    assert "Oprydning" in text(client.get("/stamdata/"))


def test_a_file_with_errors_plans_nothing(client, staff):
    def hand_in(content):
        file = SimpleUploadedFile("v.csv", content.encode())
        return text(client.post("/stamdata/vans/indlaes/", {"file": file, "reason": "x"}, follow=True))

    assert "Erstattes af: “V9” findes ikke" in hand_in("Kode;Erstattes af\nV1;V9\n")
    assert "Kolonnen Kode mangler" in hand_in("Navn\nEt\n")
    builders.code(Vans, "V1", "Et")
    assert "Filen siger det samme" in hand_in("Kode;Navn\nV1;Et\n")
    assert not CatalogueChange.objects.exists()


def test_a_plan_that_others_overtook_is_refused_and_dropped_ones_do_nothing(client, staff):
    row = builders.code(Vans, "V1", "Et")
    file = SimpleUploadedFile("v.csv", b"Kode;Navn\nV1;To\n")
    there = client.post("/stamdata/vans/indlaes/", {"file": file, "reason": "x"})["Location"]
    Vans.objects.filter(pk=row.pk).update(name="Tre")
    page = text(client.post(f"{there}udfoer/", follow=True))
    assert ("Ændret af en anden" in page, CatalogueChange.objects.get().state) == (True, State.REFUSED)
    file = SimpleUploadedFile("v.csv", b"Kode;Navn\nV1;To\n")
    there = client.post("/stamdata/vans/indlaes/", {"file": file, "reason": "x"})["Location"]
    client.post(f"{there}annuller/")
    client.post(f"{there}udfoer/")
    row.refresh_from_db()
    assert (row.name, CatalogueChange.objects.first().state) == ("Tre", State.CANCELLED)


def test_who_an_edi_administrators_people_are_is_not_told_with_the_numbers(client, staff):
    builders.user("bodil", administrators=["102"])
    cecilie = builders.user("cecilie", administrators=["106"])
    builders.location(edi_administrator="102")
    there = "/stamdata/edi-administratorer/102/sammenlaeg/"
    there = client.post(there, {"to": "106", "reason": "Samme"})["Location"]
    page = text(client.get(there))
    assert "bodil" in page and "ret til at rette alle lokationsnumre under 106" in page
    ChangeSet.objects.latest("pk").run_here(changes.apply)
    client.force_login(cecilie)
    page = text(client.get(there))
    assert ("Læg 102 sammen med 106" in page, "bodil" in page) == (True, False)
