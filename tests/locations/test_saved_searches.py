"""Saved searches: kept, shared, counted with the reader's rights, and plain about what cannot be asked any more."""

import re
from datetime import timedelta

import builders
import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone

from locations import gln_lists
from locations.models import EdiAdministrator, GlnList, SavedSearch, Vans

pytestmark = pytest.mark.django_db
LIST, COUNTS, SAVE = "/soegninger/", "/soegninger/antal/", "/soegninger/gem/"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def no_counts_kept():
    cache.clear()


@pytest.fixture
def anna(client):
    """Logged in: a person of EDI administrators 102 and 104."""
    person = builders.user("anna", administrators=["102", "104"])
    client.force_login(person)
    return person


def administrator(code):
    return builders.code(EdiAdministrator, code)


def saved(name, query, by, **sharing):
    return SavedSearch.objects.create(name=name, query=query, by=by, **sharing)


def entries(page):
    """Name → count or trouble, in the order of the page."""
    items = re.findall(
        r"<li>(.*?)</li>", page.content.decode().partition("<main")[2] or page.content.decode(), re.S
    )
    items = [item for item in items if "saved-count" in item]
    texts = [re.sub(r"<[^>]*>", " ", item).split() for item in items]
    names = [re.search(r'href="/soegninger/\d+/">([^<]*)<', item)[1] for item in items]
    return dict(zip(names, texts, strict=True))


def counted(page):
    return {name: words[0] for name, words in entries(page).items()}


def test_a_search_is_saved_as_asked_without_its_page_and_shape(client, anna):
    builders.location(vans="KMD")
    asked = "vans=KMD&status=aktiv&status=lukket&q=&sort=-gln&page=3&antal=25&format=csv"
    page = client.get(SAVE, {"soegning": asked}).content.decode()
    assert "VANS: KMD" in page
    answer = client.post(SAVE, {"soegning": asked, "name": "Mine KMD", "share": ""})
    query = "vans=KMD&status=aktiv&status=lukket&sort=-gln"
    assert (answer.status_code, answer["Location"]) == (302, f"/lokationsnumre/?{query}")
    search = SavedSearch.objects.get()
    assert (search.name, search.query, search.by, search.is_shared) == ("Mine KMD", query, anna, False)
    assert client.get(f"/soegninger/{search.pk}/")["Location"] == f"/lokationsnumre/?{query}"


@pytest.mark.parametrize(
    ("query", "status", "named"),
    [("vans=findesikke", 400, "vans"), ("vams=KMD", 400, "vams"), ("leverandoer=CGM", 403, "leverandør")],
)
def test_what_the_list_refuses_is_not_saved(client, anna, query, status, named):
    for answer in (
        client.get(SAVE, {"soegning": query}),
        client.post(SAVE, {"soegning": query, "name": "Mine"}),
    ):
        assert (answer.status_code, named in answer.content.decode()) == (status, True)
    assert not SavedSearch.objects.exists()


def test_one_shares_with_ones_own_edi_administrators_only(client, anna):
    foreign = administrator("106")
    for share in (foreign.pk, "alle", "x"):
        assert client.post(SAVE, {"name": "Mine", "share": share}).status_code == 200
    assert not SavedSearch.objects.exists()
    client.post(SAVE, {"name": "Mine", "share": administrator("104").pk})
    assert SavedSearch.objects.get().shared_with == administrator("104")
    client.force_login(builders.user("staff", staff=True))
    client.post(SAVE, {"name": "Alles", "share": "alle"})
    assert SavedSearch.objects.get(name="Alles").shared_with_all


def test_who_sees_which_searches(client, anna):
    bo, staff = builders.user("bo", administrators=["106"]), builders.user("staff", staff=True)
    saved("Min", "", anna)
    saved("Min delte", "", anna, shared_with=administrator("102"))
    saved("Bos", "", bo)
    saved("Bos delte", "", bo, shared_with=administrator("104"))
    saved("Bos til 106", "", bo, shared_with=administrator("106"))
    saved("Alles", "", staff, shared_with_all=True)
    seen = {}
    for person in (anna, bo, staff, builders.user("uden")):
        client.force_login(person)
        seen[person.username] = list(entries(client.get(LIST)))
    assert seen == {
        "anna": ["Min", "Min delte", "Alles", "Bos delte"],
        "bo": ["Bos", "Bos delte", "Bos til 106", "Alles"],
        "staff": ["Alles", "Bos delte", "Bos til 106", "Min delte"],
        "uden": ["Alles"],
    }


def test_a_shared_search_finds_what_its_reader_may_edit(client, anna):
    bo = builders.user("bo", administrators=["106"])
    for vans, holder in [("KMD", "102"), ("KMD", "102"), ("KMD", "106"), ("MultiMed", "102")]:
        builders.location(vans=vans, edi_administrator=holder)
    saved("KMD", "vans=KMD", builders.user("staff", staff=True), shared_with_all=True)
    assert counted(client.get(COUNTS, headers=HTMX)) == {"KMD": "2"}
    client.force_login(bo)
    assert counted(client.get(COUNTS, headers=HTMX)) == {"KMD": "1"}


def test_counts_are_asked_for_by_themselves_and_kept_for_seconds(client, anna, django_assert_num_queries):
    builders.location(vans="KMD")
    saved("KMD", "vans=KMD", anna)
    saved("Lukkede", "status=lukket", anna)
    client.get(LIST)
    with django_assert_num_queries(5):  # session, user, whom he acts for, the searches and how many
        assert entries(client.get(LIST))["KMD"] == ["KMD", "kun", "dig", "Ret", "Slet"]
    with django_assert_num_queries(3 + 2 * 2 + 1):
        page = client.get(f"{COUNTS}?forside=ja", headers=HTMX)
    assert counted(page) == {"KMD": "1", "Lukkede": "0"}
    with django_assert_num_queries(3):
        assert counted(client.get(f"{COUNTS}?forside=ja", headers=HTMX)) == {"KMD": "1", "Lukkede": "0"}
    whole = client.get(COUNTS)
    assert "<html" in whole.content.decode()
    assert counted(whole) == {"KMD": "1", "Lukkede": "0"}


def test_a_search_whose_code_has_gone_says_so_instead_of_failing(client, anna):
    builders.location(vans="KMD", region="1081")
    search = saved("Gammel", "vans=KMD&region=1081", anna)
    saved("Virker", "region=1081", anna)
    Vans.objects.filter(code="KMD").update(code="KMD2")
    page = client.get(COUNTS, headers=HTMX)
    assert counted(page)["Virker"] == "1"
    assert "Kan ikke bruges mere. vans: “KMD” findes ikke" in " ".join(entries(page)["Gammel"])
    opened = client.get(f"/soegninger/{search.pk}/")
    text = opened.content.decode()
    assert (opened.status_code, "<strong>vans</strong> (KMD)" in text) == (200, True)
    assert 'href="/lokationsnumre/?region=1081"' in text
    assert client.get(f"/soegninger/{search.pk}/ret/").status_code == 200


def test_a_search_by_vendor_cannot_be_asked_by_those_who_may_not(client, anna):
    builders.location(vendor="CGM")
    staff = builders.user("staff", staff=True)
    search = saved("CGM", "leverandoer=CGM", staff, shared_with_all=True)
    assert "Kun administratorer" in " ".join(entries(client.get(COUNTS, headers=HTMX))["CGM"])
    opened = client.get(f"/soegninger/{search.pk}/")
    assert (opened.status_code, "Kun administratorer" in opened.content.decode()) == (200, True)
    client.force_login(staff)
    assert counted(client.get(COUNTS, headers=HTMX)) == {"CGM": "1"}


def test_the_front_page_shows_twelve_and_counts_them_in_a_second_request(client, anna):
    for number in range(14):
        saved(f"Søgning {number:02}", "vans=", anna)
    page = client.get("/")
    assert list(entries(page)) == [f"Søgning {number:02}" for number in range(12)]
    assert 'hx-get="/soegninger/antal/?forside=ja"' in page.content.decode()
    assert len(counted(client.get(f"{COUNTS}?forside=ja", headers=HTMX))) == 12
    assert len(entries(client.get(LIST))) == 14


def test_a_name_is_used_once_and_replaced_when_told(client, anna):
    first = saved("Mine", "vans=", anna)
    again = {"soegning": "status=aktiv", "name": "Mine"}
    answer = client.post(SAVE, again)
    assert (answer.status_code, "allerede en gemt søgning" in answer.content.decode()) == (200, True)
    assert client.post(SAVE, again | {"replace": "ja"}).status_code == 302
    search = SavedSearch.objects.get()
    assert (search.pk == first.pk, search.query) == (True, "status=aktiv")


def test_the_owner_and_administrators_change_and_delete(client, anna):
    bo = builders.user("bo", administrators=["102"])
    mine, shared = saved("Min", "", anna), saved("Delt", "vans=", anna, shared_with=administrator("102"))
    client.force_login(bo)
    for deed in ("ret", "slet"):
        assert client.post(f"/soegninger/{shared.pk}/{deed}/", {"name": "Bos"}).status_code == 404
    client.force_login(builders.user("staff", staff=True))
    assert client.post(f"/soegninger/{mine.pk}/slet/").status_code == 404
    kept = {"name": "Omdøbt", "share": administrator("102").pk}
    assert client.post(f"/soegninger/{shared.pk}/ret/", kept).status_code == 302
    shared.refresh_from_db()
    assert (shared.name, shared.by, shared.shared_with) == ("Omdøbt", anna, administrator("102"))
    client.force_login(anna)
    assert client.post(f"/soegninger/{shared.pk}/ret/", {"name": "Min", "share": ""}).status_code == 200
    assert client.post(f"/soegninger/{mine.pk}/slet/").status_code == 302
    assert [search.name for search in SavedSearch.objects.all()] == ["Omdøbt"]


def test_a_share_that_is_no_longer_ones_own_stays_until_it_is_changed(client, anna):
    search = saved("Min", "", anna, shared_with=administrator("106"))
    page = client.get(f"/soegninger/{search.pk}/ret/").content.decode()
    assert f'<option value="{search.shared_with_id}" selected>' in page
    client.post(f"/soegninger/{search.pk}/ret/", {"name": "Min", "share": search.shared_with_id})
    assert SavedSearch.objects.get().shared_with_id == search.shared_with_id


def test_a_search_too_long_for_an_address_is_refused_with_its_cure(client, anna):
    answer = client.post(SAVE, {"soegning": "status=aktiv" + "&status=lukket" * 300, "name": "Lang"})
    assert (answer.status_code, "Indsæt numrene som en liste" in answer.content.decode()) == (200, True)


def test_a_search_in_a_pasted_list_stays_with_who_pasted_it_and_keeps_the_list(client, anna):
    own = builders.location()
    kept = gln_lists.keep_list(own.gln, anna).kept
    gln_lists.keep_list(builders.location().gln, anna)
    GlnList.objects.update(used_at=timezone.now() - timedelta(days=99))
    asked = {"soegning": f"liste={kept.key}", "name": "Fra mail"}
    refused = client.post(SAVE, asked | {"share": administrator("102").pk})
    assert (refused.status_code, "kun bruges af dig" in refused.content.decode()) == (200, True)
    assert client.post(SAVE, asked).status_code == 302
    GlnList.objects.update(used_at=timezone.now() - timedelta(days=99))
    assert gln_lists.drop_unused() == 1
    assert counted(client.get(COUNTS, headers=HTMX)) == {"Fra mail": "1"}


def test_the_database_refuses_to_share_in_two_ways(anna):
    with pytest.raises(IntegrityError), transaction.atomic():
        saved("Min", "", anna, shared_with=administrator("102"), shared_with_all=True)


def test_the_list_offers_to_save_what_it_shows(client, anna):
    page = client.get("/lokationsnumre/?status=aktiv&status=lukket").content.decode()
    assert 'href="/soegninger/gem/?soegning=status%3Daktiv%26status%3Dlukket"' in page
