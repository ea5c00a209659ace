"""Choosing numbers on the list and saying what shall change, up to the plan."""

import html
import re
from datetime import date

import builders
import pytest
from deviating import changed

from locations.models import ChangeSet, EdiAdministrator, EdiType, LocationNumber, System, Vans, Vendor
from locations.tables import in_groups

pytestmark = pytest.mark.django_db

PAGE = "/lokationsnumre/ret/"


@pytest.fixture
def anna(client):
    """Logged in: a person of EDI administrator 102."""
    person = builders.user("anna", administrators=["102"])
    client.force_login(person)
    return person


def text(response):
    """The page, with runs of white space as one."""
    return " ".join(response.content.decode().split())


def asking(*locations, **operations):
    """What the form of step 1 posts: the numbers as hidden fields, and the operations."""
    numbers = {"omfang": "valgte", "valgt": [location.gln for location in locations]}
    return numbers | {"reason": "Ny aftale"} | operations


def the_plan(response):
    """The change set that the answer leads to, and its counts of numbers and EDI types."""
    change_set = ChangeSet.objects.latest("pk")
    assert (response.status_code, response["Location"]) == (302, f"/aendringer/{change_set.pk}/")
    names = ("chosen", "changed", "added", "removed")
    return change_set, [change_set.counts[name] for name in names]


def test_the_list_offers_each_number_and_all_that_match(client, anna):
    location = builders.location()
    page = text(client.get("/lokationsnumre/?vans=KMD"))
    assert f'<input type="checkbox" name="valgt" value="{location.gln}"' in page
    assert 'name="soegning" value="vans=KMD"' in page
    assert "Ret valgte" in page
    count = text(client.get("/lokationsnumre/antal/?vans=KMD", headers={"HX-Request": "true"}))
    assert '<span class="all-count" id="all-count" hx-swap-oob="true">1</span>' in count


def test_step_one_names_the_numbers_and_counts_their_types(client, anna, django_assert_num_queries):
    dis91, ref06 = builders.edi_type("DIS91", "D9134L"), builders.edi_type("REF06", "H0630R")
    locations = [builders.location(edi_types=[dis91, ref06][: n % 2 + 1]) for n in range(8)]
    builders.location(to_date=date(2020, 1, 1), edi_types=[dis91])
    with django_assert_num_queries(15):
        page = text(client.get(PAGE, {"omfang": "alle", "soegning": "vans=KMD"}))
    for shown in (
        "Ret 9 lokationsnumre",
        "9 af 9 har den",
        "4 af 9 har den",
        "1 lukkede, 0 inaktive",
        'href="/lokationsnumre/?vans=KMD"',
        "EDIFACT (2)",
    ):
        assert shown in page
    some = text(client.get(PAGE, {"omfang": "valgte", "valgt": [row.gln for row in locations[:2]]}))
    assert "Ret 2 lokationsnumre" in some
    assert f'<input type="hidden" name="valgt" value="{locations[1].gln}">' in some
    one = text(client.post(PAGE, {"omfang": "valgte", "valgt": locations[0].gln}))
    assert f"<h1> Ret {in_groups(locations[0].gln)} </h1>" in one


def test_the_operations_become_a_plan(client, anna):
    dis91, ref06 = builders.edi_type("DIS91", "D9134L"), builders.edi_type("REF06", "H0630R")
    first, second = builders.location(edi_types=[ref06]), builders.location(edi_types=[dis91])
    builders.location()
    vans = builders.code(Vans, "MultiMed")
    data = asking(first, second, vans=vans.pk, add=[dis91.pk], remove=[ref06.pk])
    change_set, counts = the_plan(client.post(PAGE, data))
    assert counts == [2, 2, 1, 1]
    assert (change_set.by, change_set.reason, change_set.state) == (anna, "Ny aftale", "draft")
    assert LocationNumber.objects.filter(vans=vans).count() == 0, "a plan changes nothing"


def test_all_that_match_are_those_of_the_search_and_the_user(client, anna):
    for vans, administrator in (("KMD", "102"), ("KMD", "102"), ("Evenex", "102"), ("KMD", "106")):
        builders.location(vans=vans, edi_administrator=administrator)
    data = asking(omfang="alle", soegning="vans=KMD&page=1", vans=builders.code(Vans, "MultiMed").pk)
    assert the_plan(client.post(PAGE, data))[1] == [2, 2, 0, 0]


def planned_sets():
    """Codes of the EDI types of each number in the latest plan, by the number's place."""
    names = {t.pk: t.code for t in EdiType.objects.all()}
    versions = ChangeSet.objects.latest("pk").versions.order_by("location_id")
    return [sorted(names[pk] for pk in version.edi_types) for version in versions]


@pytest.mark.parametrize(
    ("operations", "planned"),
    [
        ({"remove_all": "on"}, [[], []]),
        ({"remove_all": "on", "add": "CTL01"}, [["CTL01"], ["CTL01"]]),
        ({"swap_from": "DIS90", "swap_to": "DIS91"}, [["DIS91", "REF06"]]),
        (
            {"swap_from": "REF06", "swap_to": "CTL01", "add": "DIS91"},
            [["CTL01", "DIS90", "DIS91"], ["CTL01", "DIS91"]],
        ),
        ({"swap_from": "DIS90", "swap_to": "DIS91", "remove": "REF06"}, [["DIS91"], ["DIS91"]]),
    ],
)
def test_edi_types_are_removed_replaced_and_added_at_once(client, anna, operations, planned):
    types = {name: builders.edi_type(name, "V1") for name in ("DIS90", "DIS91", "REF06", "CTL01")}
    numbers = [
        builders.location(edi_types=[types["DIS90"], types["REF06"]]),
        builders.location(edi_types=[types["DIS91"], types["REF06"]]),
    ]
    keys = {name: types[value].pk if value in types else value for name, value in operations.items()}
    the_plan(client.post(PAGE, asking(*numbers, **keys)))
    assert planned_sets() == planned


def test_note_and_marks_are_set_and_taken_away(client, anna):
    noted, plain = builders.location(note="Old", inactive=True), builders.location()
    for operations, planned in (
        ({"note": "New", "only_internal": "ja"}, [("New", True, True), ("New", True, False)]),
        ({"clear_note": "on", "inactive": "nej"}, [("", False, False)]),
    ):
        the_plan(client.post(PAGE, asking(noted, plain, **operations)))
        versions = ChangeSet.objects.latest("pk").versions.order_by("location_id")
        assert [(v.note, v.only_internal, v.inactive) for v in versions] == planned


def test_only_an_administrator_gives_numbers_to_another_edi_administrator(client, anna):
    location, other = builders.location(), builders.code(EdiAdministrator, "106")
    page = text(client.post(PAGE, asking(location, edi_administrator=other.pk)))
    assert "Vælg, hvad der skal ændres." in page and "edi_administrator" not in page
    client.force_login(builders.user("root", staff=True))
    the_plan(client.post(PAGE, asking(location, edi_administrator=other.pk)))
    assert ChangeSet.objects.latest("pk").versions.get().edi_administrator == other


def test_a_system_brings_its_usual_vendor(client, anna):
    for vendor in ("CGM", "EG", "EG"):
        builders.location(system="XMO", vendor=vendor, edi_administrator="106")
    location = builders.location()
    data = asking(location, system=System.objects.get(code="XMO").pk)
    page = text(client.post(PAGE, data, follow=True))
    assert "Systemleverandøren bliver EG, som er den sædvanlige for XMO." in page
    version = ChangeSet.objects.latest("pk").versions.get()
    assert (version.system.code, version.vendor.code) == ("XMO", "EG")
    data["vendor"] = Vendor.objects.get(code="CGM").pk
    client.post(PAGE, data)
    assert ChangeSet.objects.latest("pk").versions.get().vendor.code == "CGM"


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ({}, "Vælg, hvad der skal ændres."),
        ({"vans": "MultiMed", "reason": " "}, "Skriv hvorfor"),
        ({"vendor": "CGM"}, "Vælg også systemet"),
        ({"system": "New"}, "Vælg leverandøren: intet lokationsnummer"),
        ({"vans": "Gone"}, "Marker en gyldig valgmulighed"),
        ({"add": "DIS91", "remove": "DIS91"}, "Skal både tilføjes og fjernes: DIS91 D9134L."),
        ({"add": "OLD"}, "Marker en gyldig valgmulighed"),
        ({"remove_all": "on", "remove": "DIS91"}, "Alle fjernes allerede"),
        ({"swap_from": "DIS91"}, "Vælg begge EDI-typer"),
        ({"swap_from": "DIS91", "swap_to": "DIS91"}, "Det modsiger sig selv"),
        ({"note": "New", "clear_note": "on"}, "Skriv en note eller fjern den."),
    ],
)
def test_what_cannot_be_planned_says_why_and_keeps_what_was_chosen(client, anna, operations, message):
    location = builders.location()
    rows = {
        "MultiMed": builders.code(Vans, "MultiMed"),
        "Gone": Vans.objects.create(code="Gone", name="Gone", retired_on=date(2020, 1, 1)),
        "CGM": builders.code(Vendor, "CGM"),
        "New": builders.code(System, "New"),
        "DIS91": builders.edi_type("DIS91", "D9134L"),
        "OLD": builders.edi_type("OLD", "V1", retired_on=date(2020, 1, 1)),
    }
    keys = {name: rows[value].pk if value in rows else value for name, value in operations.items()}
    page = text(client.post(PAGE, asking(location, **keys)))
    assert message in page
    assert 'role="alert"' in page
    assert f'value="{location.gln}"' in page
    assert not ChangeSet.objects.filter(source="edit").exists()


def test_nothing_ticked_leads_back_to_the_list(client, anna):
    builders.location()
    response = client.get(PAGE, {"omfang": "valgte", "soegning": "vans=KMD"})
    assert (response.status_code, response["Location"]) == (302, "/lokationsnumre/?vans=KMD")
    assert "Sæt kryds ved de lokationsnumre" in text(client.get("/lokationsnumre/"))


def test_a_search_that_cannot_be_used_is_told(client, anna):
    builders.location()
    assert client.get(PAGE, {"omfang": "alle", "soegning": "vams=KMD"}).status_code == 400
    assert client.get(PAGE, {"omfang": "alle", "soegning": "leverandoer=EG"}).status_code == 403


def test_anothers_number_is_not_found(client, anna):
    mine, other = builders.location(), builders.location(edi_administrator="106")
    vans = builders.code(Vans, "MultiMed").pk
    assert client.get(PAGE, {"valgt": [mine.gln, other.gln]}).status_code == 404
    assert client.post(PAGE, asking(mine, other, vans=vans)).status_code == 404
    assert client.post(PAGE, asking(valgt=["5790000999999"], vans=vans)).status_code == 404
    assert not ChangeSet.objects.filter(source="edit").exists()


def test_a_stranger_logs_in_and_keeps_the_choice(client):
    response = client.get(PAGE, {"valgt": "5790000000012"})
    assert response["Location"] == "/log-ind/?next=/lokationsnumre/ret/%3Fvalgt%3D5790000000012"
    assert client.post(PAGE, {"valgt": "5790000000012"}).status_code == 302


def test_what_would_change_nothing_says_so_and_leaves_no_draft(client, anna):
    location = builders.location(vans="KMD", note="Gammel")
    page = text(client.post(PAGE, asking(location, vans=Vans.objects.get(code="KMD").pk)))
    assert "Intet ville blive ændret" in page and "Ny aftale" in page
    assert not ChangeSet.objects.filter(source="edit").exists()


def test_where_nobody_gets_anything_certified_the_page_lists_who_and_why(client, anna):
    builders.approval_list(("Clinea (LPS)", builders.edi_type(), "certified"))
    nobodys, unknown = builders.location(), builders.location(system="Nova")
    answer = client.post(PAGE, asking(nobodys, unknown, add_certified="on"), follow=True)
    page = text(answer)
    assert "Der er intet at udføre: intet ville blive ændret." in page
    assert "2 lokationsnumre får intet" in page
    assert "1 – Lokationsnummeret har intet system." in page
    assert nobodys.gln in page and unknown.gln in page
    (draft,) = ChangeSet.objects.filter(source="edit")
    fetched = client.get(f"/aendringer/{draft.pk}/udeladt/")
    assert len(b"".join(fetched.streaming_content).decode().splitlines()) == 3
    again = text(client.post(PAGE, {"omfang": "valgte", "valgt": draft.asked["valgt"]}))
    assert "Ret 2 lokationsnumre" in again
    client.post(f"/aendringer/{draft.pk}/udfoer/")
    draft.refresh_from_db()
    assert draft.state == "draft", "there is nothing to carry out"


@pytest.mark.parametrize("name", ["inactive", "only_internal"])
def test_a_flag_alone_is_taken_away(client, anna, name):
    location = builders.location(**{name: True})
    assert the_plan(client.post(PAGE, asking(location, **{name: "nej"})))[1] == [1, 1, 0, 0]


def test_one_number_is_edited_from_its_own_page_beside_what_it_has(client, anna):
    location = builders.location(vans="KMD", system="XMO", vendor="CGM", note="Gammel", inactive=True)
    address = f"{PAGE}?omfang=valgte&valgt={location.gln}"
    own = f"/lokationsnumre/{location.gln}/"
    assert f'href="{address.replace("&", "&amp;")}"' in text(client.get(own))
    page = text(client.get(address))
    for shown in (
        "Nu: KMD.",
        "Nu: XMO.",
        "Nu: CGM.",
        "Nu: ja.",
        "Nu: nej.",
        'value="Gammel"',
        f'href="{own}"',
    ):
        assert shown in page
    shown = {"note": "Gammel", "note_foer": "Gammel"}
    change_set, counts = the_plan(client.post(PAGE, asking(location, only_internal="ja", **shown)))
    assert counts == [1, 1, 0, 0]
    assert change_set.counts["fields"] == {"only_internal": 1}
    assert "Vælg, hvad der skal ændres." in text(client.post(PAGE, asking(location, **shown)))
    the_plan(client.post(PAGE, asking(location, **shown | {"note": ""})))
    assert ChangeSet.objects.latest("pk").versions.get().note == ""


def test_a_note_that_was_left_as_it_stood_does_not_come_back_over_a_newer_one(client, anna):
    location = builders.location(note="Gammel\nlinje")
    page = text(client.get(PAGE, {"omfang": "valgte", "valgt": location.gln}))
    assert 'value="Gammellinje"' in page and 'name="note_foer" value="Gammel linje"' in page
    asked = asking(location, note="Gammellinje", note_foer="Gammel\r\nlinje", inactive="ja")
    changed(location, note="Ny")
    change_set, _counts = the_plan(client.post(PAGE, asked))
    assert change_set.counts["fields"] == {"inactive": 1}
    changed(location, note="Nyere")
    client.post(f"/aendringer/{change_set.pk}/igen/")
    again = ChangeSet.objects.latest("pk")
    assert again.pk != change_set.pk and again.counts["fields"] == {"inactive": 1}


def test_a_pasted_list_leads_here(client, anna):
    mine = [builders.location() for _n in range(2)]
    foreign = builders.location(edi_administrator="106").gln
    pasted = "\n".join([*(row.gln for row in mine), foreign])
    page = client.post("/lokationsnumre/liste/", {"numre": pasted}).content.decode()
    (address,) = re.findall(r'href="(/lokationsnumre/ret/[^"]+)"', page)
    assert "Ret 2 lokationsnumre" in text(client.get(html.unescape(address)))


@pytest.mark.parametrize("loaded", [True, False])
def test_all_certified_can_be_asked_for_where_a_list_is_loaded(client, anna, loaded):
    builders.mapped("Clinea", "Clinea (LPS)")
    if loaded:
        builders.approval_list(("Clinea (LPS)", builders.edi_type(), "certified"), dated=date(2023, 11, 1))
    location = builders.location(system="Clinea")
    page = text(client.get(PAGE, {"valgt": location.gln, "soegning": ""}))
    assert ("Efter godkendelser.xlsx, MedComs liste af 1. november 2023" in page) == loaded
    assert ("Ikke kontrolleret" in page) != loaded
    response = client.post(PAGE, asking(location, add_certified="on"))
    if loaded:
        assert the_plan(response)[1] == [1, 1, 1, 0]
    else:
        assert "Vælg, hvad der skal ændres." in text(response)


def test_the_usual_vendor_is_told_when_a_system_is_chosen(client, anna):
    for vendor in ("CGM", "EG", "EG"):
        builders.location(system="XMO", vendor=vendor)
    new, known = builders.code(System, "New"), System.objects.get(code="XMO")
    for system, told in (
        (known.pk, "bliver den EG, som er den sædvanlige for XMO."),
        (new.pk, "Vælg leverandøren"),
        ("", "sædvanlige leverandør"),
    ):
        assert told in text(client.get(f"{PAGE}leverandoer/", {"system": system}))
    assert client.get(f"{PAGE}leverandoer/", {"system": new.pk + 1}).status_code == 404
    assert client.get(f"{PAGE}leverandoer/", {"systm": ""}).status_code == 400
