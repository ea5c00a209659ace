"""What can be asked of a change set's numbers and of the list of change sets; and both as files."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from locations import changes
from locations.change_exports import HEADERS
from locations.models import ChangeSet, LocationNumber, System, Vans, Vendor
from soredi.jobs import State
from tests.builders import code, edi_type, location, unit, user

pytestmark = pytest.mark.django_db
DENMARK = ZoneInfo("Europe/Copenhagen")


def planned(*locations: LocationNumber, by: Any = None, **operations: Any) -> ChangeSet:
    rows = LocationNumber.objects.filter(pk__in=[number.pk for number in locations])
    return changes.plan(locations=rows, by=by, **operations)


def carried_out(*locations: LocationNumber, by: Any = None, **operations: Any) -> ChangeSet:
    done = planned(*locations, by=by, **operations).run_here(changes.apply)
    assert done.state == State.DONE
    return done


@pytest.fixture
def staff(client: Client) -> Any:
    person = user("staff", staff=True)
    client.force_login(person)
    return person


def glns(client: Client, address: str, among: list[LocationNumber]) -> list[str]:
    """The numbers shown, by their units' names."""
    content = client.get(address).content.decode()
    return [
        number.unit.name for number in among if f"/lokationsnumre/{number.gln}/" in content and number.unit
    ]


@pytest.fixture
def draft() -> tuple[ChangeSet, list[LocationNumber]]:
    """Nord gains DIS91 and loses REF06, Syd gains DIS91, Øst has it all but the VANS."""
    dis91, ref06 = edi_type("DIS91", "D9134L", sor_id="91"), edi_type("REF06", "H0630R")
    rows = [
        location("5790000000012", unit=unit("Nord", city="Aalborg"), edi_types=[ref06]),
        location(unit=unit("Syd")),
        location(unit=unit("Øst"), edi_types=[dis91]),
    ]
    return planned(*rows, add=[dis91], remove=[ref06], vans=code(Vans, "MultiMed")), rows


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Nord", "Syd", "Øst"]),
        ("q=NORD", ["Nord"]),
        ("q=aalborg", ["Nord"]),
        ("q=oest", ["Øst"]),
        ("q=57900000000", ["Nord"]),
        ("q=5790 0000 0001 2", ["Nord"]),
        ("q=nord syd", []),
        ("felt=vans", ["Nord", "Syd", "Øst"]),
        ("felt=edi_types", ["Nord", "Syd"]),
        ("felt=system", []),
        ("faar=91", ["Nord", "Syd"]),
        ("faar=DIS91 D9134L&q=syd", ["Syd"]),
        ("mister=REF06", ["Nord"]),
        ("mister=DIS91", []),
        ("mister_typer=ja", ["Nord"]),
        ("mister_typer=&q=", ["Nord", "Syd", "Øst"]),
    ],
)
def test_the_numbers_of_a_change_are_narrowed(
    client: Client, staff: Any, draft: Any, query: str, found: list[str]
) -> None:
    it, rows = draft
    assert glns(client, f"/aendringer/{it.pk}/?{query}", rows) == found


@pytest.mark.parametrize(
    "query",
    [
        "felt=navn",
        "faar=X99",
        "mister_typer=nej",
        "format=xlsx",
        "gln=1",
        "q=a&q=b",
        "q=1 2 3 4 5 6 7 8 9 0 1",
    ],
)
def test_what_cannot_be_asked_is_named(client: Client, staff: Any, draft: Any, query: str) -> None:
    answer = client.get(f"/aendringer/{draft[0].pk}/?{query}")
    assert answer.status_code == 400
    assert f"<strong>{query.partition('=')[0]}</strong>" in answer.content.decode()


def test_a_page_that_matches_nothing_says_so_and_leads_back(client: Client, staff: Any, draft: Any) -> None:
    page = client.get(f"/aendringer/{draft[0].pk}/?q=vest").content.decode()
    assert "Ingen af ændringens lokationsnumre matcher." in page
    assert f'href="/aendringer/{draft[0].pk}/#numbers"' in page


def test_pages_keep_what_was_asked(client: Client, staff: Any) -> None:
    rows = [location(unit=unit("Nord")) for _n in range(51)]
    it = planned(*rows, note="x")
    page = client.get(f"/aendringer/{it.pk}/?q=nord").content.decode()
    assert f'href="/aendringer/{it.pk}/?q=nord&amp;page=2"' in page
    assert glns(client, f"/aendringer/{it.pk}/?q=nord&page=2", rows) == ["Nord"]


def test_the_files_of_a_change_have_a_line_a_number_or_a_line_a_change(client: Client, staff: Any) -> None:
    dis91, ref06 = edi_type("DIS91", "D9134L"), edi_type("REF06", "H0630R")
    one = location(
        "5790000000012", unit=unit('=HYPERLINK("x")'), edi_types=[ref06], note="-old", system="A", vendor="B"
    )
    two = location("5790000000029", edi_types=[dis91])
    done = carried_out(
        one,
        two,
        add=[dis91],
        remove=[ref06],
        note="new",
        inactive=True,
        system=code(System, "Clinea; EG"),
        vendor=code(Vendor, "EG"),
    )
    answer = client.get(f"/aendringer/{done.pk}/?format=csv")
    assert answer["Content-Disposition"] == f'attachment; filename="aendring-{done.pk}.csv"'
    assert lines(answer) == [
        ";".join(HEADERS),
        '5790000000012;"\'=HYPERLINK(""x"")";102;102;A;"Clinea; EG";B;EG;KMD;KMD;nej;nej;nej;ja;\'-old;new;'
        "DIS91 D9134L;REF06 H0630R",
        '5790000000029;;102;102;;"Clinea; EG";;EG;KMD;KMD;nej;nej;nej;ja;;new;;',
    ]
    assert lines(client.get(f"/aendringer/{done.pk}/?format=csv-lang&q=5790000000012")) == [
        "Lokationsnummer;Enhed;Felt;Før;Efter",
        *(
            f'5790000000012;"\'=HYPERLINK(""x"")";{line}'
            for line in (
                'System;A;"Clinea; EG"',
                "Leverandør;B;EG",
                "Ikke aktiv;nej;ja",
                "Note;'-old;new",
                "EDI-type;;DIS91 D9134L",
                "EDI-type;REF06 H0630R;",
            )
        ),
    ]


def lines(answer: Any) -> list[str]:
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert content.endswith("\r\n")
    return content.removesuffix("\r\n").split("\r\n")


def test_the_file_of_new_numbers_has_nothing_before(client: Client, staff: Any) -> None:
    made = location("5790000000012", edi_types=[edi_type("DIS91", "D9134L")], note="x").version.change_set
    assert lines(client.get(f"/aendringer/{made.pk}/?format=csv"))[1:] == [
        "5790000000012;;;102;;;;;;KMD;;nej;;nej;;x;DIS91 D9134L;"
    ]
    assert lines(client.get(f"/aendringer/{made.pk}/?format=csv-lang"))[1:] == [
        "5790000000012;;EDI-type;;DIS91 D9134L"
    ]


def test_a_file_holds_only_the_readers_own_numbers(client: Client) -> None:
    mine, theirs = location(edi_administrator="102"), location(edi_administrator="116")
    done = carried_out(mine, theirs, note="x")
    client.force_login(user("anna", administrators=["102"]))
    assert [line[:13] for line in lines(client.get(f"/aendringer/{done.pk}/?format=csv"))[1:]] == [mine.gln]


def ids(client: Client, query: str, among: dict[str, ChangeSet]) -> list[str]:
    content = client.get(f"/aendringer/?{query}").content.decode()
    return [name for name, row in among.items() if f'"/aendringer/{row.pk}/"' in content]


@pytest.fixture
def history() -> dict[str, ChangeSet]:
    """Three change sets on three days of May 2031; the last is another's, of numbers that are not anna's too."""
    dis91 = edi_type("DIS91", "D9134L", sor_id="91")
    anna, bo = user("anna", administrators=["102"]), user("bo", staff=True)
    mine, theirs = location("5790000000012"), location("5790000000029", edi_administrator="116")
    made = {}
    asked: list[tuple[str, int, Any, tuple[LocationNumber, ...], dict[str, Any]]] = [
        ("vans", 1, anna, (mine,), {"vans": code(Vans, "MultiMed")}),
        ("type", 2, anna, (mine,), {"add": [dis91]}),
        ("bos", 3, bo, (mine, theirs), {"note": "x"}),
    ]
    for name, day, by, numbers, operations in asked:
        with patch.object(timezone, "now", return_value=datetime(2031, 5, day, 23, 30, tzinfo=DENMARK)):
            made[name] = carried_out(*numbers, by=by, reason=f"=Årsag {name}", **operations)
    with patch.object(timezone, "now", return_value=datetime(2031, 5, 3, 12, tzinfo=DENMARK)):
        made["theirs"] = carried_out(theirs, by=bo, add=[dis91])
    made["draft"] = planned(mine, by=anna, only_internal=True)
    return made


@pytest.mark.parametrize(
    ("query", "all_of_them", "annas"),
    [
        ("", ["vans", "type", "bos", "theirs", "draft"], ["vans", "type", "bos", "draft"]),
        ("person=anna", ["vans", "type", "draft"], ["vans", "type", "draft"]),
        ("person=bo", ["bos", "theirs"], ["bos"]),
        ("person=nobody", [], []),
        ("kilde=edit", ["vans", "type", "bos", "theirs", "draft"], ["vans", "type", "bos", "draft"]),
        ("kilde=undo", [], []),
        ("tilstand=draft", ["draft"], ["draft"]),
        ("fra=2031-05-02", ["type", "bos", "theirs"], ["type", "bos"]),
        ("fra=2031-05-02&til=2031-05-02", ["type"], ["type"]),
        ("gln=5790000000012", ["vans", "type", "bos", "draft"], ["vans", "type", "bos", "draft"]),
        ("gln=5790000000029", ["bos", "theirs"], []),
        ("felt=vans", ["vans"], ["vans"]),
        ("felt=note", ["bos"], ["bos"]),
        ("felt=only_internal", ["draft"], ["draft"]),
        ("edi_type=91", ["type", "theirs"], ["type"]),
        ("edi_type=DIS91&fra=2031-05-03", ["theirs"], []),
    ],
)
def test_change_sets_are_narrowed(
    client: Client, history: dict[str, ChangeSet], query: str, all_of_them: list[str], annas: list[str]
) -> None:
    found = {}
    for name in ("bo", "anna"):
        client.force_login(ChangeSet.objects.filter(by__username=name).latest("pk").by)  # type: ignore[arg-type]
        found[name] = ids(client, query, history)
    assert found == {"bo": all_of_them, "anna": annas}


@pytest.mark.parametrize("query", ["x=1", "kilde=edit&kilde=edit", "format=xlsx", "fra=1.5.2031&format=csv"])
def test_what_cannot_be_asked_of_the_list_is_named(client: Client, staff: Any, query: str) -> None:
    answer = client.get(f"/aendringer/?{query}")
    assert answer.status_code == 400
    assert f"<strong>{query.partition('=')[0]}</strong>" in answer.content.decode()


@pytest.mark.parametrize(
    ("query", "field", "kept"),
    [
        ("gln=57900x", "gln", 'value="57900x"'),
        ("fra=1.5.2031", "fra", '<input type="text" name="fra" value="1.5.2031"'),
        ("til=2031-02-31", "til", '<input type="text" name="til" value="2031-02-31"'),
        ("kilde=fax", "kilde", ""),
        ("tilstand=x", "tilstand", ""),
        ("felt=navn", "felt", ""),
        ("edi_type=X", "edi_type", ""),
    ],
)
def test_a_value_that_cannot_be_used_comes_back_in_the_form_with_what_is_wrong(
    client: Client, staff: Any, query: str, field: str, kept: str
) -> None:
    made = planned(location(), by=staff, note="x")
    answer = client.get(f"/aendringer/?person=anna&{query}")
    page = answer.content.decode()
    assert answer.status_code == 400
    assert f'href="#id_{field}"' in page and f'id="id_{field}_error"' in page
    assert f'aria-describedby="id_{field}_error"' in page
    assert kept in page and 'value="anna"' in page
    assert f"/aendringer/{made.pk}/" not in page, "what was not asked is not answered"


def test_the_list_as_a_file_keeps_what_was_asked(client: Client, history: dict[str, ChangeSet]) -> None:
    client.force_login(history["vans"].by)  # type: ignore[arg-type]
    assert (
        'href="?fra=2031-05-02&amp;format=csv"' in client.get("/aendringer/?fra=2031-05-02").content.decode()
    )
    assert lines(client.get("/aendringer/?fra=2031-05-02&format=csv"))[1:] == [
        f"{history['bos'].pk};2031-05-03 23:30:00;bo;;rettelse;;'=Årsag bos;udført;;;",
        f"{history['type'].pk};2031-05-02 23:30:00;anna;;rettelse;;'=Årsag type;udført;1;1;0",
    ]
