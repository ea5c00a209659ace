"""How many numbers a list holds, and how many have each choice beside it."""

import re
from collections import Counter

import builders
import pytest
from django.db import connection

from locations.counts import counts
from locations.filters import LocationFilter

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(client):
    """Logged in: a person of EDI administrator 102."""
    person = builders.user("anna", administrators=["102"])
    client.force_login(person)
    return person


def text(response):
    return response.content.decode()


def beside(client, query=""):
    """Text of the choice → its count, by parameter, as the page shows them."""
    page = text(client.get(f"/lokationsnumre/?{query}"))
    fragment = text(client.get(f"/lokationsnumre/antal/?{query}", headers={"HX-Request": "true"}))
    numbers = dict(re.findall(r'id="(n-[^"]+)"\s+hx-swap-oob="true">([0-9.]+)<', fragment))
    found = {}
    for name, choice, place in re.findall(
        r'name="([a-z]+)" value="[^"]*"(?: checked)?><span>(.*?)</span><span class="n" id="(.*?)">', page
    ):
        if place in numbers:
            found.setdefault(name, {})[choice] = int(numbers[place])
    return found


def test_the_counts_beside_the_choices_are_those_of_the_result(client, anna):
    builders.location(vans="KMD", system="XMO", region="Nord")
    builders.location(vans="KMD", system="Cosmic", region="Syd", inactive=True, only_internal=True)
    builders.location(vans="MultiMed", to_date="2020-01-01")
    builders.location(vans="MultiMed", edi_administrator="106")
    assert beside(client) == {
        "vans": {"KMD": 2, "MultiMed": 1},
        "system": {"Cosmic": 1, "XMO": 1},
        "region": {"Nord": 1, "Syd": 1},
        "status": {"aktiv": 1, "inaktiv": 1, "lukket": 1, "fremtidig": 0, "kun intern": 1},
    }
    assert beside(client, "vans=KMD&sort=-by")["vans"] == {"KMD": 2, "MultiMed": 0}
    client.force_login(builders.user("staff", staff=True))
    found = beside(client)
    assert found["vans"] == {"KMD": 2, "MultiMed": 2}
    assert found["administrator"] == {"102": 3, "106": 1}


@pytest.mark.parametrize(
    "query",
    ["edi_type=DIS91", "edi_type=DIS91&vans=KMD", "edi_type_en_af=DIS91", "mangler=DIS91", "q=apotek"],
)
def test_what_nearly_all_have_or_hold_is_counted_alike(monkeypatch, query):
    monkeypatch.setattr("locations.counts.FEW", 0)
    monkeypatch.setattr("locations.free_text.RANKED", 1)
    dis91 = builders.edi_type("DIS91", "1")
    for n in range(9):
        builders.location(
            unit=builders.unit("Apotek"),
            edi_types=[] if n % 5 == 0 else [dis91],
            vans=["KMD", "Evenex", None][n % 3],
            inactive=n % 4 == 0,
            note="apotek" if n % 2 else "",
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE locations_locationnumber")
    asked = LocationFilter.checked(query, None)
    rows = list(asked.qs)
    counted = counts(asked, builders.user("chef", staff=True))
    assert counted.total == len(rows)
    assert counted.choices["vans"] == Counter(row.vans_id for row in rows if row.vans_id)
    inactive = sum(row.inactive for row in rows)
    assert counted.choices["status"] == Counter(aktiv=len(rows) - inactive, inaktiv=inactive)


def test_counts_are_kept_for_seconds_but_never_for_other_rights(client, anna, django_assert_num_queries):
    builders.location()
    builders.location(edi_administrator="106")
    count = "/lokationsnumre/antal/?status=aktiv"
    with django_assert_num_queries(
        7
    ):  # session, user, code lists, EDI administrators twice, versions, counts
        assert "1 lokationsnummer" in text(client.get(count))
    with django_assert_num_queries(6):
        assert "1 lokationsnummer" in text(client.get(count))
    client.force_login(builders.user("bo", administrators=["102", "106"]))
    assert "2 lokationsnumre" in text(client.get(count))
    client.force_login(builders.user("eva"))
    assert "0 lokationsnumre" in text(client.get(count))


def test_without_javascript_the_counts_are_a_page_that_leads_on(client, anna):
    builders.location(vans="KMD")
    builders.location(vans="MultiMed", inactive=True)
    page = text(client.get("/lokationsnumre/antal/?status=inaktiv"))
    assert "1 lokationsnummer" in page
    assert 'href="/lokationsnumre/?status=inaktiv&amp;vans=MultiMed"' in page
    assert "vans=KMD" not in page
