"""A plan lives for a day, to the second: whether the sweep has thrown it away yet makes no difference to anybody."""

import json
from datetime import timedelta

import builders
import pytest
from django.core.management import call_command
from django.utils import timezone

from locations import changes, expiry
from locations.models import ChangeSet, LocationNumber
from locations.models.change import PLANS_LIVE
from soredi.jobs import State

pytestmark = pytest.mark.django_db

A_MINUTE = timedelta(minutes=1)


@pytest.fixture
def anna(client):
    person = builders.user("anna", administrators=["102"])
    client.force_login(person)
    return person


@pytest.fixture
def draft(anna) -> ChangeSet:
    """A plan made a day and a minute ago, which no sweep has come to."""
    builders.location(vans="KMD")
    planned = changes.plan(locations=LocationNumber.objects.all(), by=anna, note="new", reason="Ny aftale")
    return aged(planned, PLANS_LIVE + A_MINUTE)


def aged(planned: ChangeSet, age: timedelta) -> ChangeSet:
    """`planned` as the database holds it when it is that old, and as the reader who opened it in time still does."""
    ChangeSet.objects.filter(pk=planned.pk).update(created_at=timezone.now() - age)
    return planned


def stored(planned: ChangeSet) -> str:
    return str(ChangeSet.objects.filter(pk=planned.pk).values_list("state", flat=True).get())


def text(response) -> str:
    return " ".join(response.content.decode().split())


def test_it_cannot_be_carried_out_although_it_was_opened_in_time(draft):
    assert draft.state == State.DRAFT and not draft.enqueue()
    assert draft.run_here(changes.apply).state == State.EXPIRED
    assert stored(draft) == State.DRAFT, "only the sweep writes it"
    assert set(LocationNumber.objects.values_list("note", flat=True)) == {""}


def test_one_that_is_a_minute_younger_can(anna):
    builders.location()
    planned = changes.plan(locations=LocationNumber.objects.all(), by=anna, note="new")
    assert aged(planned, PLANS_LIVE - A_MINUTE).enqueue()


def test_one_confirmed_in_time_is_carried_out_whenever_a_worker_comes(anna):
    builders.location()
    planned = changes.plan(locations=LocationNumber.objects.all(), by=anna, note="new")
    assert planned.enqueue()
    assert ChangeSet.run(aged(planned, 2 * PLANS_LIVE).pk, changes.apply).state == State.DONE


def test_its_page_says_so_and_offers_to_plan_it_again(client, draft):
    page = text(client.get(f"/aendringer/{draft.pk}/"))
    assert "Kladden er for gammel" in page
    assert "Udfør 1 ændring" not in page
    client.post(f"/aendringer/{draft.pk}/udfoer/")
    assert stored(draft) == State.DRAFT


def test_lists_and_searches_count_it_among_the_expired(client, draft):
    fresh = changes.plan(locations=LocationNumber.objects.all(), by=draft.by, note="other")
    for state, (shown, hidden) in {"draft": (fresh, draft), "expired": (draft, fresh)}.items():
        page = text(client.get(f"/aendringer/?tilstand={state}"))
        assert f'href="/aendringer/{shown.pk}/"' in page and f'href="/aendringer/{hidden.pk}/"' not in page
    overview = text(client.get("/"))
    assert f'href="/aendringer/{fresh.pk}/"' in overview and f'href="/aendringer/{draft.pk}/"' not in overview


def test_the_command_says_that_it_has_expired(draft, capsys):
    for queue in ([], ["--queue"]):
        with pytest.raises(SystemExit) as ended:
            call_command("change_set", "apply", str(draft.pk), *queue)
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (ended.value.code, told["state"]) == (1, "refused")
        assert "(udløbet)" in told["message"]


def test_the_sweep_comes_to_it_as_before(draft):
    expiry.expire_plans(before=timezone.now() - PLANS_LIVE)
    assert (stored(draft), draft.versions.count()) == (State.EXPIRED, 0)
