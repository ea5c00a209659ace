"""Settling deviations: SOR's is taken, or ours is kept until SOR says something else; by their pages too."""

import re

import builders
import pytest
from deviating import changed, everything, found, mark
from django.utils import timezone
from django.utils.formats import date_format

from locations import changes
from locations.deviations import Asked, rows
from locations.models import Deviation, LocationNumber, Vans
from locations.settling import keep_ours, reopen, take_sor
from soredi.jobs import Refused

pytestmark = pytest.mark.django_db

SETTLE = "/afvigelser/afgoer/"


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


def test_ours_is_kept_until_sor_says_something_else_of_the_field(multimed):
    anna = builders.user("anna")
    location = builders.location(vans="KMD")
    changed(location, vans=multimed)
    assert keep_ours(everything(), by=anna, reason="Aftalt") == 1
    (row,) = rows(everything(), 0, 9)
    assert (row.kept, row.decided_by, row.reason) == (True, "anna", "Aftalt")
    builders.sor_states(location, note="Andet")
    assert found() == [(location.gln, "vans", False, True), (location.gln, "note", False, False)]
    builders.sor_states(location, vans="Evenex")
    assert found(fields=("vans",)) == [(location.gln, "vans", False, False)]


def test_what_was_settled_can_be_reopened_and_keeps_its_mark(multimed):
    location = builders.location()
    changed(location, vans=multimed, note="Vores")
    mark(location, "vans")
    assert keep_ours(everything(), by=None) == 2
    assert reopen(everything(), by=None) == 2
    assert reopen(everything(), by=None) == 0
    assert found() == [(location.gln, "vans", True, False), (location.gln, "note", False, False)]


def test_every_decision_is_kept_and_told_on_the_number_and_beside_the_deviation(client, anna, multimed):
    dis91, ctl01 = builders.edi_type(), builders.edi_type("CTL01", "C0130Q")
    location = builders.location(vans="KMD", edi_types=[dis91])
    changed(location, vans=multimed, remove=[dis91], add=[ctl01])
    chosen = settling(f"{location.gln}:vans", f"{location.gln}:edi_types")
    for said in (
        {"handling": "vores", "reason": "Aftalt"},
        {"handling": "genaabn", "reason": "En fejl"},
        {"handling": "vores"},
    ):
        client.post(SETTLE, chosen | said)
    told = text(client.get(f"/lokationsnumre/{location.gln}/"))
    history = [shown(entry) for entry in told[told.index('<ol class="history') :].split("<li>")[1:7]]
    types = "– kun vores: CTL01 C0130Q – kun SOR's: DIS91 D9134L"
    vans = "– vores: MultiMed, SOR's: KMD"
    assert sorted(history) == sorted(
        [
            f"anna (102) beholdt vores mod SOR's i feltet EDI-typer {types} Årsag: Aftalt",
            f"anna (102) beholdt vores mod SOR's i feltet VANS {vans} Årsag: Aftalt",
            f"anna (102) genåbnede afvigelsen i feltet EDI-typer {types} Årsag: En fejl",
            f"anna (102) genåbnede afvigelsen i feltet VANS {vans} Årsag: En fejl",
            f"anna (102) beholdt vores mod SOR's i feltet EDI-typer {types}",
            f"anna (102) beholdt vores mod SOR's i feltet VANS {vans}",
        ]
    )
    page = text(client.get("/afvigelser/?felt=vans"))
    earlier = shown(
        page[page.index('<details class="earlier">') : page.index("</details>", page.index("earlier"))]
    )
    day = date_format(timezone.localdate(), "j. N Y")
    assert earlier == (
        f"Tidligere afgørelser {location.gln} VANS genåbnet {day} anna En fejl vores beholdt {day} anna Aftalt"
    )
    changed(location, vans=builders.code(Vans, "KMD"))
    assert "beholdt vores mod SOR's i feltet VANS" in text(client.get(f"/lokationsnumre/{location.gln}/"))


def shown(html):
    """What is read, without the moment it begins with."""
    words = " ".join(re.sub("<[^>]+>", " ", html).split())
    return words.rpartition(" · ")[2] if " · " in words else words


def test_taking_sors_is_a_change_that_can_be_undone(multimed):
    dis91 = builders.edi_type()
    location = builders.location(vans="KMD", edi_types=[dis91], note="SOR")
    changed(location, vans=multimed, remove=[dis91], note="Vores")
    mark(location, "vans")
    plan = take_sor(everything(fields=("vans", "edi_types")), by=None, reason="SOR har ret")
    assert (plan.state, plan.reason, plan.counts["changed"], plan.counts["added"]) == (
        "draft",
        "SOR har ret",
        1,
        1,
    )
    assert len(found()) == 3, "a plan changes nothing"
    done = plan.run_here(changes.apply)
    location.refresh_from_db()
    assert (location.vans.name, location.edi_types, location.note) == ("KMD", [dis91.pk], "Vores")
    assert found() == [(location.gln, "note", False, False)]
    changes.plan_undo(done, by=None).run_here(changes.apply)
    assert found()[0] == (location.gln, "vans", True, False)


def test_each_number_takes_the_fields_chosen_for_it(multimed):
    one, two = builders.location(), builders.location()
    changed(one, two, vans=multimed, note="Vores")
    picked = ((one.gln, "vans"), (two.gln, "note"))
    take_sor(everything(picked=picked), by=None, reason="").run_here(changes.apply)
    assert {row[:2] for row in found()} == {(one.gln, "note"), (two.gln, "vans")}


def test_only_administrators_give_a_number_away(multimed):
    anna = builders.user("anna", administrators=["106"])
    administrator = builders.code(type(builders.location().edi_administrator), "106")
    location = builders.location(edi_administrator="102")
    changed(location, edi_administrator=administrator)
    asked = Asked(LocationNumber.objects.editable_by(anna))
    with pytest.raises(Refused):
        take_sor(asked, by=anna, reason="")
    changed(location, vans=multimed)
    assert take_sor(asked, by=anna, reason="").counts["fields"] == {"vans": 1}
    boss = builders.user("boss", staff=True)
    assert take_sor(asked, by=boss, reason="").counts["fields"] == {"edi_administrator": 1, "vans": 1}


def settling(*chosen, **form):
    return {"omfang": "valgte", "valgt": list(chosen), "soegning": "felt=vans"} | form


def test_taking_sors_leads_to_the_preview(client, anna, multimed):
    location = builders.location()
    changed(location, vans=multimed, note="Vores")
    page = text(client.get(SETTLE, settling(f"{location.gln}:vans")))
    assert "Afgør 1 afvigelse på 1 lokationsnummer" in page and "VANS: 1" in page
    form = settling(f"{location.gln}:vans", handling="sor")
    assert "Skriv hvorfor" in text(client.post(SETTLE, form))
    answer = client.post(SETTLE, form | {"reason": "SOR har ret"})
    planned = location.versions.latest("pk").change_set
    assert (answer.status_code, answer["Location"]) == (302, f"/aendringer/{planned.pk}/")
    assert (planned.by, planned.reason, planned.counts["fields"]) == (anna, "SOR har ret", {"vans": 1})


def test_the_form_to_settle_takes_few_queries(client, anna, multimed, django_assert_num_queries):
    changed(*(builders.location() for _n in range(9)), vans=multimed, note="Vores")
    with django_assert_num_queries(
        6
    ):  # session, user, code lists, the user's EDI administrators, both counts
        page = text(client.get(SETTLE, {"omfang": "alle", "soegning": ""}))
    assert "Afgør 18 afvigelser på 9 lokationsnumre" in page


def test_all_that_match_are_kept_and_reopened(client, anna, multimed):
    one, two = builders.location(), builders.location()
    others = builders.location(edi_administrator="106")
    changed(one, two, others, vans=multimed, note="Vores")
    every = {"omfang": "alle", "soegning": "felt=vans"}
    answer = client.post(SETTLE, every | {"handling": "vores"}, follow=True)
    assert answer.redirect_chain == [("/afvigelser/?felt=vans", 302)]
    assert "Vores er beholdt i 2 afvigelser" in text(answer)
    kept = sorted(row[:2] for row in found(kept=True))
    assert kept == sorted([(one.gln, "vans"), (two.gln, "vans")])
    assert "2 af dem er afgjort" in text(client.get(SETTLE, every))
    assert "2 afvigelser er åbne igen" in text(
        client.post(SETTLE, every | {"handling": "genaabn"}, follow=True)
    )
    assert found(kept=True) == []


def test_nobody_settles_what_is_anothers(client, anna, multimed):
    others = builders.location(edi_administrator="106")
    changed(others, vans=multimed)
    form = settling(f"{others.gln}:vans", handling="vores")
    assert client.get(SETTLE, form).status_code == 404
    assert client.post(SETTLE, form).status_code == 404
    assert client.post(SETTLE, {"omfang": "alle", "soegning": "", "handling": "vores"}).status_code == 302
    assert not Deviation.objects.exists()


def test_a_choice_that_is_none_is_refused(client, anna):
    location = builders.location()
    assert client.get(SETTLE, settling(location.gln)).status_code == 400
    assert client.get(SETTLE, {"omfang": "alle", "soegning": "ukendt=1"}).status_code == 400
    answer = client.get(SETTLE, settling(), follow=True)
    assert answer.redirect_chain == [("/afvigelser/?felt=vans", 302)]
    assert "Sæt kryds" in text(answer)
