"""The list: its orders, columns and rows, and what is near an empty result."""

import io
import re
from datetime import date

import builders
import pytest
from django.db import connection
from django.utils import timezone

from locations import pages
from locations.filters import LocationFilter
from locations.models import LocationNumber
from locations.models.location import Status
from locations.orders import ORDERS, danish_key
from locations.statuses import status_on
from soredi.models import User

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


def shown_glns(page):
    return re.findall(r'name="valgt" value="([0-9]{13})"', page)


NAMES = ["Ålborg", "Aarhus", "Ørsted", "Ærø", "abe", "Zebra", None, "Abe", "Øen"]


def numbers_with_all_sorts_of_names():
    types = [builders.edi_type(code, "V1") for code in ("CTL01", "DIS91", "REF06")]
    return [
        builders.location(
            unit=builders.unit(
                name or "",
                city=(name or "")[::-1],
                types=[name, "Zoo"] if name else [],
                cvr=str(place % 5) if place % 3 else "",
                provider_number=str(place % 7) if place % 3 else "",
                shak=str(place % 6) if place % 3 else "",
            )
            if place % 4
            else None,
            note=(name or "")[:3],
            inactive=place % 5 == 0,
            to_date=date(2020, 1, 1) if place % 7 == 0 else None,
            vans=name,
            system=NAMES[(place * 2) % 9],
            vendor=NAMES[(place * 4) % 9],
            edi_administrator=f"10{place % 3}",
            region=NAMES[(place * 5) % 9],
            edi_types=types[: place % 4],
        )
        for place, name in enumerate(NAMES * 2)
    ]


def key_of(location, order):
    """What a person would sort by."""
    match order:
        case "gln":
            return (location.gln,)
        case "enhed" | "by":
            attribute = {"enhed": "name", "by": "city"}[order]
            return (danish_key(getattr(location.unit, attribute) if location.unit else ""), location.gln)
        case "edi_typer":
            return (len(location.edi_types), location.gln)
        case "aendret":
            return (location.version.applied_at, location.version_id)
        case "note":
            return (location.note == "", danish_key(location.note), location.gln)
        case "status":
            return (list(Status).index(status_on(location, timezone.localdate())), location.gln)
        case "enhedstype" | "sor" | "cvr" | "ydernummer" | "shak":
            return (*key_of_unit(location.unit, order), location.gln)
    attribute = {"leverandoer": "vendor", "administrator": "edi_administrator"}.get(order, order)
    entry = getattr(location, attribute)
    return (entry is None, danish_key(entry.name) if entry else "", entry.name if entry else "", location.gln)


def key_of_unit(unit, order):
    if unit is None:
        return (True, "", float("inf"))
    if order == "enhedstype":
        key = danish_key(unit.types[0]) if unit.types else ""
    else:
        key = getattr(unit, {"sor": "sor_id", "ydernummer": "provider_number"}.get(order, order))
    return (key == "", key, unit.pk)


@pytest.mark.parametrize(("cheap", "least"), [(pages.CHEAP, pages.LEAST), (0, 1_000), (0, 1)])
@pytest.mark.parametrize("order", ORDERS)
def test_each_column_sorts_in_danish_order_both_ways_and_page_by_page(monkeypatch, order, cheap, least):
    monkeypatch.setattr(pages, "CHEAP", cheap)
    monkeypatch.setattr(pages, "LEAST", least)
    numbers_with_all_sorts_of_names()
    rows = LocationNumber.objects.select_related(
        "unit", "vans", "system", "vendor", "edi_administrator", "region", "version"
    )
    upwards = sorted(rows, key=lambda row: key_of(row, order))
    downwards = sorted(rows, key=lambda row: row.gln)
    if order == "aendret":
        downwards = upwards[::-1]
    else:
        downwards.sort(key=lambda row: key_of(row, order)[:-1], reverse=True)
        if order == "gln":
            downwards = upwards[::-1]
    for query in ("", "status=aktiv&"):
        for sort, everyone in ((order, upwards), (f"-{order}", downwards)):
            asked = LocationFilter.checked(f"{query}sort={sort}", None)
            found = [asked.page_keys(start, 5) for start in range(0, 20, 5)]
            today = timezone.localdate()
            wanted = [row for row in everyone if not query or status_on(row, today) == Status.ACTIVE]
            assert [key for page in found for key in page] == [row.pk for row in wanted]
            assert list(asked.qs.values_list("gln", flat=True)) == [row.gln for row in wanted]


@pytest.mark.parametrize("sort", ["navn", "valgt", "-", "gln,enhed", "--gln"])
def test_an_order_that_is_none_is_400(client, staff, sort):
    response = client.get(f"/lokationsnumre/?sort={sort}")
    assert (response.status_code, "<strong>sort</strong>" in text(response)) == (400, True)


@pytest.mark.parametrize("sort", ["leverandoer", "-leverandoer"])
def test_only_administrators_sort_by_vendor(client, anna, sort):
    assert client.get(f"/lokationsnumre/?sort={sort}").status_code == 403
    client.force_login(builders.user("staff", staff=True))
    assert client.get(f"/lokationsnumre/?sort={sort}").status_code == 200


def test_a_page_has_as_many_rows_as_one_keeps_or_asks_for(client, anna):
    for _number in range(60):
        builders.location()
    shown = {
        query: len(shown_glns(text(client.get(f"/lokationsnumre/?{query}"))))
        for query in ("", "antal=25", "antal=100", "antal=25&page=3")
    }
    assert shown == {"": 50, "antal=25": 25, "antal=100": 60, "antal=25&page=3": 10}
    assert client.get("/lokationsnumre/?antal=30").status_code == 400
    client.post("/lokationsnumre/visning/", {"antal": "100", "kolonne": ["by"], "tilbage": "vans=KMD"})
    assert len(shown_glns(text(client.get("/lokationsnumre/")))) == 60


def headings(page):
    return re.findall(r'<th scope="col"\s+class="col-([a-z_]+)"', page)


def test_columns_are_kept_in_the_order_of_each_user(client, anna):
    unit = builders.unit("Huset", cvr="12345678")
    builders.location(unit=unit, region="Nord", note="Kun om natten")
    usual = ["valgt", "gln", "enhed", "by", "vans", "system", "edi_typer", "status"]
    assert headings(text(client.get("/lokationsnumre/"))) == usual
    chosen = {"antal": "50", "kolonne": ["note", "cvr", "region", "enhed"], "tilbage": "q=huset"}
    kept = client.post("/lokationsnumre/visning/", chosen)
    assert (kept.status_code, kept["Location"]) == (302, "/lokationsnumre/?q=huset")
    page = text(client.get("/lokationsnumre/"))
    assert headings(page) == ["valgt", "gln", "note", "cvr", "region", "enhed"]
    assert all(f">{cell}</td>" in page for cell in ("Kun om natten", "12345678", "Nord", "Huset"))
    moved = client.post("/lokationsnumre/visning/", chosen | {"op": "region"})
    assert moved["Location"] == "/lokationsnumre/?q=huset#kolonne-region"
    assert headings(text(client.get("/lokationsnumre/"))) == [
        "valgt",
        "gln",
        "note",
        "region",
        "cvr",
        "enhed",
    ]
    client.post("/lokationsnumre/visning/", {"usual": "1"})
    assert headings(text(client.get("/lokationsnumre/"))) == usual


def test_a_column_that_is_none_or_not_ones_own_is_refused(client, anna):
    builders.location()
    for kolonne in ("leverandoer", "password", ""):
        response = client.post("/lokationsnumre/visning/", {"antal": "50", "kolonne": kolonne})
        assert response.status_code == 400
    assert User.objects.get(pk=anna.pk).list_columns == []
    anna.list_columns = ["leverandoer", "by"]  # an administrator once
    anna.save()
    assert headings(text(client.get("/lokationsnumre/"))) == ["valgt", "gln", "by"]


def test_every_column_takes_the_same_few_queries(client, staff, django_assert_num_queries):
    for number in range(60):
        builders.location(unit=builders.unit(f"Enhed {number}"), system="XMO", vendor="CGM", region="Nord")
    staff.list_columns = ["leverandoer", "region", "administrator", "aendret", "sor", "enhed"]
    staff.save()
    with django_assert_num_queries(5):  # session, user, code lists, keys, rows
        client.get("/lokationsnumre/?antal=250")
    with django_assert_num_queries(5):
        client.get("/lokationsnumre/?sort=vans")
    with django_assert_num_queries(6):  # and the planner's estimate
        client.get("/lokationsnumre/?sort=vans&vans=KMD")


def test_an_edi_type_that_is_written_in_the_panel_becomes_part_of_the_address(client, anna):
    builders.location(edi_types=[builders.edi_type("DIS91", "D9134L", sor_id="1001")])
    response = client.get("/lokationsnumre/?q=&vans=KMD&page=2&edi_maade=ikke_edi_type&edi_ny=DIS91,+CTL01")
    assert response.status_code == 302
    assert response["Location"] == "/lokationsnumre/?vans=KMD&ikke_edi_type=DIS91&ikke_edi_type=CTL01"
    empty = client.get("/lokationsnumre/?edi_maade=edi_type&edi_ny=&vans=KMD")
    assert empty["Location"] == "/lokationsnumre/?vans=KMD"
    assert client.get("/lokationsnumre/?edi_maade=vans&edi_ny=KMD").status_code == 400
    assert client.get("/lokationsnumre/antal/?edi_ny=DIS91").status_code == 400


def test_an_empty_result_offers_the_searches_next_to_it(client, anna, django_assert_num_queries):
    for vans, inactive in (("KMD", False), ("KMD", False), ("MultiMed", True)):
        builders.location(vans=vans, inactive=inactive)
    builders.location(vans="MultiMed", edi_administrator="106")
    with django_assert_num_queries(
        7
    ):  # session, user, code lists, estimate, keys, wider searches, administrators
        page = text(client.get("/lokationsnumre/?vans=MultiMed&status=aktiv&antal=25"))
    offered = re.findall(
        r'<a href="\?([^"]*)">\s*Uden “(.*?)”\s*</a>\s*<span class="n">\s*(.*?)\s*</span>', page
    )
    assert offered == [
        ("vans=MultiMed", "Status: aktiv", "1 lokationsnummer"),
        ("status=aktiv", "VANS: MultiMed", "2 lokationsnumre"),
    ]
    page = text(client.get("/lokationsnumre/?vans=MultiMed&status=aktiv&status=lukket&q=findesikke"))
    assert "Det skyldes ikke ét filter alene" in page


def test_a_danish_key_is_the_same_in_python_and_in_sql():
    names = [*filter(None, NAMES), "Åse-Marie", "AARS", "Ölander", "Müller", "Café", "Søby", "  x"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT danish_key(name) FROM unnest(%s::text[]) name", [names])
        assert [key for (key,) in cursor.fetchall()] == [danish_key(name) for name in names]


def test_a_speciality_shows_the_units_that_each_number_serves(client, anna, django_assert_num_queries):
    ward = builders.unit("Hjerteafdelingen", specialities=["Kardiologi"])
    builders.location(unit=ward)
    for name in ("Ambulatorium Å", "Ambulatorium B", "Ambulatorium C"):
        builders.unit(
            name, parent=ward, number_holder=ward, inherits_number=True, specialities=["Kardiologi"]
        )
    builders.location(unit=builders.unit("Øreafdelingen", specialities=["Otologi"]))
    # session, user, code lists, estimate, keys, rows, units served, EDI administrators
    with django_assert_num_queries(8):
        page = text(client.get("/lokationsnumre/?speciale=Kardiologi"))
    assert "betjener" in headings(page)
    cell = page[page.index('<ul class="serves">') : page.index("</ul></td>")]
    units = re.findall(r'<li>(.*?) <span class="way">(.*?)</span>', cell)
    assert units == [
        ("", "enheden selv"),
        ("Ambulatorium B", "nedarvet"),
        ("Ambulatorium C", "nedarvet"),
    ]
    assert '<li class="way">+ 1 mere</li>' in cell
    assert "betjener" not in headings(text(client.get("/lokationsnumre/")))


def test_a_word_that_was_mistyped_is_told(client, anna):
    builders.location(unit=builders.unit("Lægehuset Søndergade"))
    page = text(client.get("/lokationsnumre/?q=Sondergade"))
    assert "Intet har ordet “Sondergade”. Her vises: Søndergade." in page
    assert len(shown_glns(page)) == 1
    assert "Intet har ordet" not in text(client.get("/lokationsnumre/?q=soendergade"))


def test_pasted_numbers_that_are_all_found_lead_to_the_list(client, anna):
    mine = [builders.location() for _number in range(3)]
    pasted = "\r\n".join(location.gln for location in mine[:2])
    response = client.post("/lokationsnumre/liste/", {"numre": pasted})
    assert response.status_code == 302
    page = text(client.get(response["Location"]))
    assert shown_glns(page) == sorted(location.gln for location in mine[:2])
    assert 'type="hidden" name="liste"' in page


def test_what_of_a_list_is_not_there_is_told_and_nothing_of_others(client, anna):
    mine = builders.location()
    others, nobodys = builders.location(edi_administrator="106").gln, builders.unused_gln()
    file = io.BytesIO(f"GLN;Navn\r\n{mine.gln};A\r\n{others};B\r\n{nobodys};C\r\n57900000;D\r\n".encode())
    file.name = "liste.csv"
    page = text(client.post("/lokationsnumre/liste/", {"fil": file}))
    assert "1 af dine lokationsnumre blev fundet" in page
    told = page[page.index("Ikke blandt dine") : page.index("</pre>")]
    assert re.findall("[0-9]{13}", told) == sorted([others, nobodys])
    assert "57900000" in page[page.index("</pre>") :]
    for nothing in ({}, {"numre": " "}, {"numre": "hej"}):
        assert client.post("/lokationsnumre/liste/", nothing).status_code == 200


@pytest.mark.parametrize("content", [b"", "ÆØÅ".encode("cp1252"), b"GLN;Navn\r\n"])
def test_a_file_without_numbers_is_said_to_have_none(client, anna, content):
    file = io.BytesIO(content)
    file.name = "liste.csv"
    page = text(client.post("/lokationsnumre/liste/", {"fil": file}))
    assert "Der er intet lokationsnummer i det." in page
    assert "blev fundet" not in page


def test_what_is_found_by_text_stands_by_how_well_it_matches_and_no_column_says_else(client, anna):
    builders.location(unit=builders.unit("Ærø Apotek"))
    ordered = 'aria-sort="ascending"'
    assert ordered in text(client.get("/lokationsnumre/"))
    assert ordered not in text(client.get("/lokationsnumre/?q=apotek"))
    assert ordered in text(client.get("/lokationsnumre/?q=apotek&sort=gln"))
