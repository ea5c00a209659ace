"""The frame, the overview and people: language, menu, password, lock-out, what runs and waits."""

import re
from datetime import timedelta

import builders
import pytest
from django.test import RequestFactory
from django.utils import timezone
from django.views.csrf import csrf_failure

from locations import changes
from locations.filters import LocationFilter
from locations.models import LocationNumber, Vans
from soredi.jobs import State
from sorimport.models import ImportRun

pytestmark = pytest.mark.django_db
PASSWORD = "en god lang adgangskode"


@pytest.fixture
def anna(client):
    """Logged in: a person of EDI administrator 102."""
    person = builders.user("anna", administrators=["102"])
    person.set_password(PASSWORD)
    person.save()
    client.force_login(person)
    return person


def text(response):
    return response.content.decode()


def planned(by):
    return changes.plan(
        locations=LocationNumber.objects.editable_by(by),
        by=by,
        reason="Ny aftale",
        vans=builders.code(Vans, "MultiMed"),
    )


def test_pages_are_danish_whatever_the_browser_wants_until_english_is_chosen(client, anna):
    page = client.get("/", headers={"Accept-Language": "en"})
    assert '<html lang="da">' in text(page)
    assert "Overblik" in text(page)
    answer = client.post("/sprog/", {"language": "en", "next": "/stamdata/vans/?q=kmd"})
    assert (answer.status_code, answer["Location"]) == (302, "/stamdata/vans/?q=kmd")
    page = text(client.get("/"))
    assert '<html lang="en">' in page
    assert "Overview" in page
    assert "Overblik" not in page


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com", "javascript:alert(1)"])
def test_the_language_leads_back_to_own_pages_only(client, elsewhere):
    assert client.post("/sprog/", {"language": "en", "next": elsewhere})["Location"] == "/"
    assert client.post("/sprog/", {"language": "xx"}).status_code == 400


def test_the_menu_marks_the_page_and_shows_imports_to_administrators_only(client, anna):
    page = text(client.get("/stamdata/"))
    assert 'href="/stamdata/"\n                   aria-current="page"' in page
    assert "/sor-import/" not in page
    assert "102 · anna" in page
    client.force_login(builders.user("staff", staff=True))
    assert "/sor-import/" in text(client.get("/"))


def test_the_overview_counts_and_lists_what_the_user_may_know(client, anna, django_assert_num_queries):
    builders.location(vans="KMD")
    builders.location(vans="KMD", inactive=True)
    tomorrow = timezone.localdate() + timedelta(days=1)
    builders.location(vans="KMD", inactive=True, first_from_date=tomorrow)
    builders.location(edi_administrator="106")
    planned(anna).run_here(changes.apply)
    draft = planned(builders.user("bo", administrators=["106"]))
    # Two of them count the deviations: unmarked ones, and ones with a mark.
    with django_assert_num_queries(11):
        page = text(client.get("/"))
    figures = re.findall(r'href="/lokationsnumre/([^"]*)"><span class="figure-number">([0-9]+)<', page)
    assert figures == [
        ("", "3"),
        ("?status=aktiv", "1"),
        ("?status=inaktiv", "1"),
        ("?status=lukket", "0"),
        ("?status=fremtidig", "1"),
    ]
    for query, found in figures:
        assert str(LocationFilter.for_query(query, anna).count()) == found
    assert "Ny aftale" in page
    assert 'href="/afvigelser/?afgjort=nej"' in page and "3 afvigelser fra SOR" in page
    assert f"/aendringer/{draft.pk}/" not in page


def test_the_overview_tells_what_waits_and_what_runs(client, anna):
    builders.location(vans="KMD")
    draft = planned(anna)
    run = ImportRun.objects.create(paths=[], state=State.WAITING, message="Lukker mange numre")
    page = text(client.get("/"))
    assert f"/aendringer/{draft.pk}/" in page
    assert "Lukker mange numre" not in page
    type(draft).objects.filter(pk=draft.pk).update(state=State.QUEUED)
    page = text(client.get("/"))
    assert "Venter på sin tur" in page
    fragment = text(client.get("/", headers={"HX-Request": "true"}))
    assert f"/aendringer/{draft.pk}/" in fragment
    assert "<html" not in fragment
    type(draft).objects.filter(pk=draft.pk).update(state=State.CANCELLED)
    assert client.get("/", headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    client.force_login(builders.user("staff", staff=True))
    page = text(client.get("/"))
    assert f"/sor-import/{run.pk}/" in page
    assert "Lukker mange numre" in page


def test_a_fragment_asked_for_after_the_session_ended_loads_the_page_anew(client):
    answer = client.get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Refresh"]) == (200, "true")


def test_a_password_is_changed_and_told(client, anna):
    new = {"new_password1": "en anden god adgangskode", "new_password2": "en anden god adgangskode"}
    wrong = client.post("/adgangskode/", {"old_password": "forkert", **new})
    assert wrong.status_code == 200
    assert "form-error-message" in text(wrong)
    right = client.post("/adgangskode/", {"old_password": PASSWORD, **new}, follow=True)
    assert "Adgangskoden er skiftet" in text(right)
    anna.refresh_from_db()
    assert anna.check_password("en anden god adgangskode")


def test_too_many_wrong_passwords_lock_the_user_and_say_for_how_long(client, anna, settings):
    client.logout()
    settings.AXES_FAILURE_LIMIT = 2
    for _attempt in range(2):
        answer = client.post("/log-ind/", {"username": "anna", "password": "forkert"})
    assert answer.status_code == 429
    assert "Vent 15 minutter" in text(answer)
    assert client.post("/log-ind/", {"username": "anna", "password": PASSWORD}).status_code == 429


def test_a_form_that_is_too_old_says_what_to_do():
    answer = csrf_failure(RequestFactory().post("/"))
    assert answer.status_code == 403
    assert "genindlæs siden" in text(answer)


def test_components_are_for_administrators(client, anna):
    answer = client.get("/komponenter/")
    assert answer.status_code == 403
    assert "Kun administratorer" in text(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/stamdata/?list=vans",
        "/masseopdatering/?side=2",
        "/sor-import/?side=2",
        "/sor-import/{run}/?side=2",
        "/sor-import/?page=1&page=1",
    ],
)
def test_a_parameter_that_a_page_does_not_know_is_named(client, path):
    client.force_login(builders.user("staff", staff=True))
    answer = client.get(path.format(run=ImportRun.objects.create(paths=[], state=State.DONE).pk))
    assert answer.status_code == 400
    assert f"<strong>{path.partition('?')[2].partition('=')[0]}</strong>" in text(answer)


@pytest.mark.parametrize("path", ["/masseopdatering/", "/sor-import/", "/aendringer/"])
def test_a_page_that_is_not_there_is_not_found(client, path):
    client.force_login(builders.user("staff", staff=True))
    answers = {page: client.get(f"{path}?page={page}").status_code for page in ("1", "2", "0", "x", "²", "")}
    assert answers == {"1": 200, "2": 404, "0": 404, "x": 404, "²": 404, "": 404}


def test_the_admin_sites_own_log_in_leads_to_ours(client, anna):
    refused = client.get("/admin/", follow=True)
    assert (refused.status_code, "Kun administratorer må åbne" in text(refused)) == (403, True)
    client.logout()
    assert client.get("/admin/login/")["Location"] == "/log-ind/?next=/admin/"
    there = client.get("/admin/soredi/user/", follow=True)
    assert there.redirect_chain[-1][0] == "/log-ind/?next=/admin/soredi/user/"


@pytest.mark.parametrize(
    "path",
    ["/stamdata/edi-typer/?q=%00", "/stamdata/edi-typer/%00/", "/stamdata/certificering/svar/?system=%00"],
)
def test_a_nul_in_an_address_is_refused(client, anna, path):
    assert client.get(path).status_code == 400


def test_a_nul_in_a_form_is_refused(client):
    client.force_login(builders.user("staff", staff=True))
    form = "application/x-www-form-urlencoded"
    assert client.post("/stamdata/systemer/kobling/", "system=%00", form).status_code == 400
