"""The page of deviations, what it counts, and its files."""

import builders
import pytest
from deviating import changed, everything, mark

from locations.models import Vans, Vendor
from locations.models.deviation import Field
from locations.settling import keep_ours

pytestmark = pytest.mark.django_db

PAGE = "/afvigelser/"
COUNT = "/afvigelser/antal/"


@pytest.fixture
def multimed():
    return builders.code(Vans, "MultiMed")


@pytest.fixture
def anna(client):
    """Logged in: a person of EDI administrator 102."""
    person = builders.user("anna", administrators=["102"])
    client.force_login(person)
    return person


def text(response):
    """The page, with runs of white space as one."""
    return " ".join(response.content.decode().split())


def test_the_page_shows_and_counts_own_numbers_only(client, anna, multimed):
    own, others = builders.location(), builders.location(edi_administrator="106")
    changed(own, others, vans=multimed)
    page = text(client.get(PAGE))
    assert own.gln in page and others.gln not in page
    assert "1 afvigelse på 1 lokationsnummer" in text(client.get(COUNT))
    client.force_login(builders.user("boss", staff=True))
    assert "2 afvigelser på 2 lokationsnumre" in text(client.get(COUNT))


def test_the_page_takes_as_many_queries_whatever_it_shows(client, anna, multimed, django_assert_num_queries):
    dis91 = builders.edi_type()
    locations = [builders.location(unit=builders.unit()) for _n in range(20)]
    changed(*locations, vans=multimed, add=[dis91], note="Vores")
    with django_assert_num_queries(6):
        page = text(client.get(PAGE))
    assert "Side 1" in page and "page=2" in page
    assert "Side 2" in text(client.get(f"{PAGE}?page=2"))
    assert client.get(f"{PAGE}?page=3").status_code == 404


def test_the_count_comes_in_a_second_request_with_those_of_each_field(client, anna, multimed):
    changed(*(builders.location() for _n in range(2)), vans=multimed, note="Vores")
    assert f'hx-get="{COUNT}?afgjort=nej"' in text(client.get(f"{PAGE}?afgjort=nej"))
    fragment = text(client.get(f"{COUNT}?felt=vans", headers={"HX-Request": "true"}))
    assert "2 afvigelser på 2 lokationsnumre" in fragment and "<html" not in fragment
    vans = list(Field).index(Field.VANS)
    assert f'id="n-felt-{vans}" hx-swap-oob="true">2<' in fragment
    page = text(client.get(COUNT))
    assert "4 afvigelser på 2 lokationsnumre" in page and 'href="/afvigelser/?felt=vans">VANS</a>' in page


def test_edi_types_written_in_the_panel_are_added_to_the_address(client, anna):
    builders.edi_type("DIS91", "1")
    answer = client.get(f"{PAGE}?felt=vans&edi_maade=ikke_edi_type&edi_ny=DIS91")
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}?felt=vans&ikke_edi_type=DIS91")


def test_the_address_narrows_the_page(client, anna, multimed):
    one, two = builders.location(), builders.location()
    changed(one, two, vans=multimed, note="Vores")
    mark(two, "note")
    keep_ours(everything(picked=((one.gln, "vans"),)), by=anna)
    for query, expected in (
        ("", [f"{one.gln}:vans", f"{one.gln}:note", f"{two.gln}:vans", f"{two.gln}:note"]),
        ("?felt=vans", [f"{one.gln}:vans", f"{two.gln}:vans"]),
        ("?felt=vans&felt=note&art=both", [f"{two.gln}:note"]),
        ("?art=ours&afgjort=nej", [f"{one.gln}:note", f"{two.gln}:vans"]),
        ("?afgjort=ja", [f"{one.gln}:vans"]),
        (f"?gln={two.gln}", [f"{two.gln}:vans", f"{two.gln}:note"]),
        ("?vans=KMD", []),
        (
            "?vans=MultiMed&felt=&art=",
            [f"{one.gln}:vans", f"{one.gln}:note", f"{two.gln}:vans", f"{two.gln}:note"],
        ),
    ):
        page = text(client.get(PAGE + query))
        shown = [value for value in sorted(every(one, two)) if f'value="{value}"' in page]
        assert (query, shown) == (query, sorted(expected))


def every(*locations):
    return [f"{location.gln}:{field}" for location in locations for field in Field.values]


@pytest.mark.parametrize(
    "query",
    ["ukendt=1", "felt=edi", "art=alle", "art=ours&art=both", "sort=gln", "format=xlsx", "vans=findesikke"],
)
def test_what_cannot_be_asked_is_refused(client, anna, query):
    assert client.get(f"{PAGE}?{query}").status_code == 400


def test_vendors_are_asked_for_by_administrators_only(client, anna):
    builders.code(Vendor, "EG")
    assert client.get(f"{PAGE}?leverandoer=EG").status_code == 403


def test_both_files_hold_what_the_page_asks_for(client, anna, multimed, django_assert_num_queries):
    dis91 = builders.edi_type(sor_id="1001")
    one, two = builders.location(edi_types=[dis91]), builders.location()
    changed(one, vans=multimed)
    changed(two, note="Vores")
    others = builders.location(edi_administrator="106")
    changed(others, vans=multimed)
    with django_assert_num_queries(5):  # session, user, the user's EDI administrators, code lists, COPY
        lines = b"".join(client.get(f"{PAGE}?felt=vans&format=csv")).decode().splitlines()
    assert [line.partition(";")[0] for line in lines[1:]] == [one.gln]
    answer = client.get(f"{PAGE}?felt=vans&format=massupdate")
    assert b"".join(answer).decode() == f"\ufeffLoknr;EdiId\r\n{one.gln};1001\r\n"
    assert "afvigelser" in answer["Content-Disposition"]
