"""The pages: who sees what, how many queries, files, and what is told when something is wrong."""

import html
import re

import builders
import pytest
from django.template.loader import get_template

from locations import changes
from locations.models import LocationNumber, Vans

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(client):
    """Logged in: a person of EDI administrator 102."""
    person = builders.user("anna", administrators=["102"])
    client.force_login(person)
    return person


@pytest.fixture
def staff(client):
    person = builders.user("staff", staff=True)
    client.force_login(person)
    return person


def text(response):
    return response.content.decode()


def ticked(page, name):
    boxes = re.findall(r"<input type=.checkbox.[^>]*>", page)
    return [
        re.search('value="(.*?)"', box)[1] for box in boxes if f'name="{name}"' in box and " checked" in box
    ]


@pytest.mark.parametrize(
    "address", ["/lokationsnumre/", "/lokationsnumre/antal/", "/lokationsnumre/5790000000012/"]
)
def test_a_stranger_is_asked_to_log_in(client, address):
    response = client.get(address)
    assert (response.status_code, response["Location"]) == (302, f"/log-ind/?next={address}")


def test_the_list_holds_the_users_own_numbers_only(client, anna):
    mine = builders.location("5790000000012", unit=builders.unit("Ærø Apotek", city="Ærøskøbing"))
    other = builders.location("5790000000029", edi_administrator="106")
    page = text(client.get("/lokationsnumre/"))
    assert f"/lokationsnumre/{mine.gln}/" in page
    assert "Ærø Apotek" in page
    assert other.gln not in page
    assert "1 lokationsnummer" in text(client.get("/lokationsnumre/antal/"))


def test_a_user_without_numbers_gets_an_empty_list(client):
    builders.location()
    client.force_login(builders.user("nobody"))
    response = client.get("/lokationsnumre/")
    assert response.status_code == 200
    assert "Der er ingen lokationsnumre, du må rette" in text(response)


def test_anothers_number_is_not_found(client, anna):
    other = builders.location(edi_administrator="106")
    assert client.get(f"/lokationsnumre/{other.gln}/").status_code == 404
    assert client.get("/lokationsnumre/5790000000999/").status_code == 404


def test_the_list_takes_few_queries_however_many_rows(client, anna, django_assert_num_queries):
    types = [builders.edi_type("DIS91", "D9134L"), builders.edi_type("CTL01", "C0130Q")]
    for n in range(60):
        builders.location(unit=builders.unit(f"Enhed {n}"), edi_types=types, system="XMO")
    with django_assert_num_queries(6):  # session, user, code lists, keys, rows, the user's EDI administrators
        first = text(client.get("/lokationsnumre/"))
    # And how many units may hold the words, what they find, how many it may be.
    with django_assert_num_queries(9):
        second = text(client.get("/lokationsnumre/?page=2&vans=KMD&q=enhed&sort=-by"))
    assert (first.count('class="gln"'), second.count('class="gln"')) == (50, 10)
    assert "page=2" in first
    assert "page=1" in second
    assert client.get("/lokationsnumre/?page=3").status_code == 404


def test_types_are_shown_as_codes_and_the_rest_counted(client, anna):
    codes = ["CTL01", "DIS91", "PRE01", "REF06", "REQ01", "RPT01", "XDIS91"]
    builders.location(edi_types=[builders.edi_type(code, "V1") for code in codes])
    page = text(client.get("/lokationsnumre/"))
    row = page[page.index("<tbody>") : page.index("</tbody>")]
    assert [code for code in codes if code in row] == codes[:5]
    assert "+2" in row


def test_each_chosen_value_can_be_taken_away(client, staff):
    builders.location(edi_types=[builders.edi_type("DIS91", "D9134L", sor_id="1001")], vans="KMD")
    builders.location(vans="MultiMed")
    page = text(client.get("/lokationsnumre/?edi_type=DIS91+D9134L&vans=KMD&vans=MultiMed&page=1"))
    assert 'href="?edi_type=DIS91+D9134L&amp;vans=KMD"' in page
    assert 'href="?vans=KMD&amp;vans=MultiMed"' in page
    assert '<input type="checkbox" name="vans" value="MultiMed" checked>' in page
    assert ticked(page, "edi_type") == ["1001"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("vams=KMD", "vams"),
        ("page=x", "page"),
        ("format=pdf", "format"),
        ("format=csv&vans=nobody", "vans"),
        ("q=a&q=b", "q"),
        ("q=%00", "q"),
    ],
)
def test_a_question_that_cannot_be_used_is_400_and_names_the_parameter(client, staff, query, named):
    for address in ("/lokationsnumre/", "/lokationsnumre/antal/"):
        response = client.get(f"{address}?{query}")
        assert response.status_code == 400
        assert f"<strong>{named}</strong>" in text(response)


@pytest.mark.parametrize(
    ("query", "said", "kept"),
    [
        ("gln=57900x&vans=KMD", "Lokationsnummer: Et lokationsnummer har op til 13 cifre", 'value="57900x"'),
        (
            "vans=nobody&vans=KMD",
            "VANS: “nobody” ",
            'name="vans" value="nobody" checked',
        ),
        ("status=nye", "Status: ", 'name="status" value="nye" checked'),
        ("edi_type=DIS19&edi_type=1001&vans=KMD", "Har EDI-type: ", 'value="DIS19"'),
        ("mangler=DIS19", "Mangler mindst én af: ", '<option value="mangler" selected>'),
        ("aendret_fra=1.5.2031", "Ændret fra: ", '<input type="text" name="aendret_fra" value="1.5.2031"'),
        (
            "aendret_fra=2031-02-31",
            "Ændret fra: ",
            '<input type="text" name="aendret_fra" value="2031-02-31"',
        ),
        ("pr=2999-01-01", "Som den var: ", '<input type="date" name="pr" value="2999-01-01"'),
        ("aendret_af=nobody", "Ændret af: ", 'name="aendret_af" value="nobody"'),
        ("kun_egne=ja", "Kun egne numre: ", '<option value="ja" selected>'),
        ("liste=borte", "Liste: ", ""),
        ("q=1 2 3 4 5 6 7 8 9 10 11", "Søg: ", 'value="1 2 3 4 5 6 7 8 9 10 11"'),
    ],
)
def test_a_value_that_cannot_be_used_comes_back_in_the_form_with_what_is_wrong(
    client, staff, query, said, kept
):
    builders.location(edi_types=[builders.edi_type("DIS91", "D9134L", sor_id="1001")])
    response = client.get(f"/lokationsnumre/?{query}")
    page = " ".join(text(response).split())
    assert response.status_code == 400
    assert "Søgningen kan ikke bruges" in page
    assert said in html.unescape(page)
    assert kept in page
    assert 'name="valgt"' not in page
    if "vans=KMD" in query:
        assert 'name="vans" value="KMD" checked' in page, "what can be used is kept too"


def test_only_administrators_search_by_vendor(client, anna):
    builders.location(vendor="CGM")
    for address in ("/lokationsnumre/", "/lokationsnumre/antal/"):
        assert client.get(f"{address}?leverandoer=CGM").status_code == 403
    assert 'name="leverandoer"' not in text(client.get("/lokationsnumre/"))
    client.force_login(builders.user("staff", staff=True))
    assert 'name="leverandoer"' in text(client.get("/lokationsnumre/?leverandoer=CGM"))


def test_the_list_as_a_file_holds_what_the_filter_finds(client, anna, django_assert_num_queries):
    dis91 = builders.edi_type("DIS91", "D9134L", sor_id="1001")
    builders.location("5790000000012", edi_types=[dis91])
    builders.location("5790000000029", vans="MultiMed")
    builders.location("5790000000036", edi_administrator="106")
    with django_assert_num_queries(5):  # session, user, the user's EDI administrators, code lists, COPY
        response = client.get("/lokationsnumre/?format=massupdate&vans=KMD&sort=-gln&page=1")
        content = response.getvalue()
    assert content == "\ufeffLoknr;EdiId\r\n5790000000012;1001\r\n".encode()
    assert response["Content-Disposition"] == 'attachment; filename="masseopdatering.csv"'
    assert client.get("/lokationsnumre/?format=csv").getvalue().count(b"\r\n") == 3
    assert client.get("/lokationsnumre/?format=xlsx").getvalue().startswith(b"PK")


def shown_history(page):
    """The entries of the history as read, without their moments."""
    entries = page[page.index('<ol class="history ') :].split("<li>")[1:]
    texts = [" ".join(re.sub("<[^>]+>", " ", entry).split()) for entry in entries]
    return [entry[entry.index("·") :] for entry in texts]


def test_a_number_shows_its_place_types_users_and_history(client, anna, django_assert_num_queries):
    owner = builders.unit("Region Nord", kind="IE")
    hospital = builders.unit("Sygehus Nord", kind="SI", parent=owner, specialities=["Kirurgi"])
    dis91 = builders.edi_type("DIS91", "D9134L", name="Udskrivningsepikrise")
    fhir = builders.edi_type("FCTL", "", standard="fhir")
    location = builders.location(unit=hospital, edi_types=[dis91], first_from_date="2001-05-12", note="<b>")
    builders.unit("Ambulatoriet", parent=hospital, number_holder=hospital, inherits_number=True)
    change = changes.plan(
        locations=LocationNumber.objects.all(),
        by=anna,
        reason="Ny aftale",
        add=[fhir],
        remove=[dis91],
        vans=builders.code(Vans, "MultiMed"),
    )
    change.run_here(changes.apply)
    address = f"/lokationsnumre/{location.gln}/"
    with django_assert_num_queries(17):
        page = text(client.get(address))
    assert "SOR siger: KMD" in page and "SOR siger: 1 EDI-type" in page
    assert f'href="/afvigelser/?gln={location.gln}"' in page
    assert shown_history(page)[0].startswith(
        "· anna (102) tilføjede FCTL ; fjernede DIS91 D9134L ; ændrede VANS fra KMD til MultiMed"
    )
    for shown in (
        "Region Nord",
        "Ambulatoriet",
        "Kirurgi",
        "FHIR",
        "FCTL",
        "· anna",
        "(102)",
        "Ny aftale",
        "12. maj 2001",
        "&lt;b&gt;",
        "anna",
    ):
        assert shown in page
    assert page.index("Ny aftale") < page.index("oprettede nummeret")


def test_names_stand_in_the_list_as_they_are_written(client, staff):
    """Codes and names come from files: they are text, never markup."""
    unit = builders.unit("<b>A & B</b>", city="'By'")
    builders.location(unit=unit, vans='"<i>', system="<u>", edi_types=[builders.edi_type("<s>", "x")])
    page = text(client.get("/lokationsnumre/"))
    for shown in (
        "&lt;b&gt;A &amp; B&lt;/b&gt;",
        "&#x27;By&#x27;",
        "&quot;&lt;i&gt;",
        "&lt;u&gt;",
        "&lt;s&gt;",
    ):
        assert shown in page
    assert '<input type="checkbox" name="vans" value="&quot;&lt;i&gt;"><span>&quot;&lt;i&gt;</span>' in page
    for markup in ("<b>", "<i>", "<u>", "<s>"):
        assert markup not in page


def test_a_number_without_a_unit_has_a_page(client, anna):
    location = builders.location(edi_administrator="102", vans=None)
    assert "Ingen enhed har nummeret" in text(client.get(f"/lokationsnumre/{location.gln}/"))


def test_nothing_on_a_page_needs_what_the_content_policy_forbids(client, staff):
    location = builders.location(unit=builders.unit())
    for address in ("/lokationsnumre/", f"/lokationsnumre/{location.gln}/", "/findes-ikke/"):
        page = text(client.get(address))
        assert "<style" not in page
        assert " style=" not in page
        assert "<script>" not in page
        assert "onclick" not in page


def test_the_admin_site_shows_people_and_no_location_numbers_or_code_lists(client, staff):
    person = builders.user("bo")
    for model in ("locationnumber", "locationversion", "changeset", "vans", "editype"):
        assert client.get(f"/admin/locations/{model}/").status_code == 404
    for address in (
        "/admin/soredi/user/",
        "/admin/soredi/user/add/",
        f"/admin/soredi/user/{person.pk}/change/",
    ):
        assert client.get(address).status_code == 200


def test_the_admin_site_is_for_administrators(client, anna):
    assert client.get("/admin/soredi/user/").status_code == 302


def test_logging_in_leads_to_the_page_asked_for(client):
    person = builders.user("anna")
    person.set_password("en god lang adgangskode")
    person.save()
    wrong = client.post("/log-ind/", {"username": "anna", "password": "en anden"})
    assert wrong.status_code == 200
    assert 'role="alert"' in text(wrong)
    right = client.post(
        "/log-ind/",
        {"username": "anna", "password": "en god lang adgangskode", "next": "/lokationsnumre/?q=x"},
    )
    assert (right.status_code, right["Location"]) == (302, "/lokationsnumre/?q=x")


def test_error_pages_need_neither_user_nor_database(django_assert_num_queries):
    for name in ("400.html", "500.html"):
        with django_assert_num_queries(0):
            assert "SOR-EDI" in get_template(name).render()
