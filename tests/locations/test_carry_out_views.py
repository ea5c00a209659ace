"""From a plan to its being carried out: what is ticked first, what stops it, and how it is stopped."""

from datetime import date

import builders
import pytest

from locations import changes
from locations.models import ChangeSet, LocationNumber, Vans
from soredi.jobs import State

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(client):
    person = builders.user("anna", administrators=["102"])
    client.force_login(person)
    return person


def text(response):
    return " ".join(response.content.decode().split())


def planned(by, **operations) -> ChangeSet:
    return changes.plan(locations=LocationNumber.objects.all(), by=by, reason="Ny aftale", **operations)


def address(draft, verb=""):
    return f"/aendringer/{draft.pk}/{verb}"


def state(draft):
    draft.refresh_from_db()
    return draft.state


@pytest.fixture
def warned(anna):
    """A plan that adds a retired type, and one that its system is not certified to receive."""
    builders.mapped("Clinea", "Clinea (LPS)")
    dis91 = builders.edi_type()
    builders.approval_list(("Clinea (LPS)", dis91, "refused"), ("Clinea (LPS)", "OLD (V1)", "certified"))
    for _n in range(3):
        builders.location(system="Clinea")
    return planned(anna, add=[dis91, builders.edi_type("OLD", "V1", retired_on=date(2020, 1, 1))])


def test_each_sort_of_warning_is_ticked_before_anything_is_done(client, warned):
    page = text(client.get(address(warned)))
    for shown in (
        "Systemet er ikke godkendt til at modtage EDI-typen",
        "ikke godkendt",
        "EDI-typen er udgået",
        "Udfør 3 ændringer",
    ):
        assert shown in page
    for ticks in ({}, {"not_certified": "on"}, {"retired_edi_type": "on", "two_versions": "on"}):
        page = text(client.post(address(warned, "udfoer/"), ticks))
        assert "Sæt kryds ved, at du har set advarslen." in page
        assert state(warned) == State.DRAFT
    client.post(address(warned, "udfoer/"), {"not_certified": "on", "retired_edi_type": "on"})
    assert state(warned) == State.QUEUED


def test_where_the_setting_says_so_nobody_passes_what_is_not_certified(client, warned, settings):
    settings.CERTIFICATION = "error"
    page = text(client.get(address(warned)))
    assert "Ingen må tilføje en EDI-type" in page and "Udfør 3 ændringer" not in page
    client.post(address(warned, "udfoer/"), {"not_certified": "on", "retired_edi_type": "on"})
    assert state(warned) == State.DRAFT


def test_without_a_list_it_says_that_nothing_was_checked(client, anna):
    builders.location()
    draft = planned(anna, add=[builders.edi_type()])
    page = text(client.get(address(draft)))
    assert "Ikke kontrolleret: der er ikke indlæst nogen liste over godkendelser" in page
    assert "Advarsler" not in page
    client.post(address(draft, "udfoer/"))
    assert state(draft) == State.QUEUED


def test_all_certified_are_shown_with_their_basis_and_who_gets_nothing(client, anna):
    builders.mapped("Clinea", "Clinea (LPS)")
    builders.approval_list(("Clinea (LPS)", builders.edi_type(), "certified"), dated=date(2023, 11, 1))
    builders.location(system="Clinea")
    ward = builders.unit("=Afsnit B")
    left = builders.location(system="Nova", unit=ward).gln
    draft = planned(anna, add_certified=True)
    page = text(client.get(address(draft)))
    for shown in (
        "Grundlag: godkendelser.xlsx, MedComs liste af 1. november 2023.",
        "1 lokationsnummer får intet ad den vej",
        "1 – Systemet er ikke koblet til et på listen.",
        f'<a href="/lokationsnumre/{left}/">{left}</a>',
    ):
        assert shown in page
    answer = client.get(address(draft, "udeladt/"))
    assert answer["Content-Type"].startswith("text/csv")
    assert b"".join(answer.streaming_content).decode("utf-8-sig").splitlines() == [
        "Lokationsnummer;Enhed;System;Hvorfor",
        f"{left};'=Afsnit B;Nova;Systemet er ikke koblet til et på listen.",
    ]
    assert "Tilføjes, fordi systemet er godkendt" in page
    draft.run_here(changes.apply)
    receipt = text(client.get(address(draft)))
    assert receipt.index("1 blev ændret") < receipt.index("Tilføjet, fordi systemet er godkendt")
    assert receipt.count("1 blev ændret") == 1


def test_a_plan_out_of_date_lists_what_moved_and_is_planned_again_at_one_click(client, anna):
    stays, moved = builders.location().gln, builders.location().gln
    data = {"omfang": "alle", "soegning": "", "reason": "Sent", "note": "Annas"}
    client.post("/lokationsnumre/ret/", data)
    draft = ChangeSet.objects.latest("pk")
    bo = builders.user("bo", administrators=["102"])
    other = changes.plan(
        locations=LocationNumber.objects.filter(gln=moved), by=bo, vans=builders.code(Vans, "MultiMed")
    ).run_here(changes.apply)
    page = text(client.get(address(draft)))
    for shown in ("Planen er forældet", f">{moved}</a>", "· bo ·", f'href="/aendringer/{other.pk}/"'):
        assert shown in page
    assert f">{stays}</a> ·" not in page and "Udfør 2 ændringer" not in page
    answer = client.post(address(draft, "igen/"))
    again = ChangeSet.objects.latest("pk")
    assert (answer["Location"], state(draft)) == (address(again), State.CANCELLED)
    assert (again.counts["changed"], again.reason) == (2, "Sent")
    assert again.run_here(changes.apply).state == State.DONE


def test_a_plan_that_still_holds_is_not_planned_again(client, anna):
    builders.location()
    draft = planned(anna, note="x")
    made = ChangeSet.objects.count()
    client.post(address(draft, "igen/"))
    assert (state(draft), ChangeSet.objects.count()) == (State.DRAFT, made)


def test_it_can_be_stopped_until_it_is_done(client, anna):
    builders.location()
    queued, running, done = (planned(anna, note=note) for note in "abc")
    done.run_here(changes.apply)
    ChangeSet.objects.filter(pk=queued.pk).update(state=State.QUEUED)
    ChangeSet.objects.filter(pk=running.pk).update(state=State.RUNNING)
    assert "Afbryd" in text(client.get(address(running)))
    for one in (queued, running, done):
        client.post(address(one, "annuller/"))
    assert [state(one) for one in (queued, running, done)] == [State.CANCELLED, State.RUNNING, State.DONE]
    assert running.cancel_asked


def test_only_who_planned_it_and_administrators_may_stop_it_or_see_who_got_nothing(client, anna):
    builders.location()
    draft = planned(builders.user("bo", administrators=["102"]), note="x")
    for verb in ("annuller/", "udfoer/", "igen/"):
        assert client.post(address(draft, verb)).status_code == 403
    assert client.get(address(draft, "udeladt/")).status_code == 403
    client.force_login(builders.user("carl", administrators=["106"]))
    assert client.get(address(draft, "udeladt/")).status_code == 404
    assert state(draft) == State.DRAFT
