"""The numbers of a plan: each once, and each the user's, when it is planned and when it is carried out."""

from __future__ import annotations

from typing import Any

import pytest

from locations import changes
from locations.chosen import NotPermitted
from locations.models import EdiAdministrator, LocationNumber
from soredi.jobs import State
from soredi.models import User
from tests.builders import code, location, user
from tests.changing import carry_out, counts, numbers, profile

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "nothing",
    [LocationNumber.objects.none(), LocationNumber.objects.filter(pk__in=[])],
    ids=["none", "empty"],
)
def test_a_plan_for_no_numbers_is_an_empty_plan(nothing: Any) -> None:
    location()
    planned = changes.plan(locations=nothing, by=user("anna", administrators=["102"]), note="x")
    assert counts(planned) == [0, 0, 0, 0, 0]
    assert carry_out(planned).state == State.DONE


def test_a_joined_queryset_names_each_number_once() -> None:
    number = location()
    carry_out(changes.plan(locations=numbers(number), by=None, note="second version"))
    joined = LocationNumber.objects.filter(versions__isnull=False).order_by("unit__name")
    assert counts(changes.plan(locations=joined, by=None, note="third"), "chosen", "changed") == [1, 1]


def test_an_edi_administrator_changes_only_its_own_numbers() -> None:
    anna = user("anna", administrators=["102"])
    ours = [location(edi_administrator="102") for _ in range(2)]
    theirs = [location(edi_administrator="116") for _ in range(12)]
    nobodys = location(edi_administrator=None)
    assert carry_out(changes.plan(locations=numbers(*ours), by=anna, note="hers")).state == State.DONE
    with pytest.raises(NotPermitted) as refusal:
        changes.plan(locations=numbers(*ours, nobodys), by=anna, note="hers")
    assert "1 af lokationsnumrene er ikke dit" in str(refusal.value)
    with pytest.raises(NotPermitted) as refusal:
        changes.plan(locations=numbers(*ours, *theirs), by=anna, note="hers")
    assert "12 af lokationsnumrene er ikke dine" in str(refusal.value)
    assert [number.gln for number in theirs if number.gln in str(refusal.value)] == []
    assert {profile(number).get("note") for number in (*theirs, nobodys)} == {None}


def test_only_administrators_hand_numbers_to_another_edi_administrator() -> None:
    number = location(edi_administrator="102")
    wanted = {"locations": numbers(number), "edi_administrator": code(EdiAdministrator, "116")}
    with pytest.raises(NotPermitted):
        changes.plan(by=user("anna", administrators=["102", "116"]), **wanted)
    carry_out(changes.plan(by=user("root", staff=True), **wanted))
    assert profile(number)["edi_administrator"] == "116"


def test_somebody_who_was_shut_out_may_plan_nothing() -> None:
    number = location(edi_administrator="102")
    for person in (
        user("anna", administrators=["102"]),
        user("root", staff=True),
    ):
        person.is_active = False
        person.save()
        with pytest.raises(NotPermitted):
            changes.plan(locations=numbers(number), by=person, note="x")


def test_rights_withdrawn_after_the_plan_refuse_it() -> None:
    number = location(edi_administrator="102")
    anna = user("anna", administrators=["102"])
    planned = changes.plan(locations=numbers(number), by=anna, note="hers")
    anna.edi_administrators.clear()
    refused = carry_out(planned)
    assert (refused.state, profile(number).get("note")) == (State.REFUSED, None)
    assert number.gln not in str(refused.message), "it is not theirs to know any more"


def test_an_administrator_who_was_shut_out_after_the_plan_is_refused() -> None:
    number = location()
    root = user("root", staff=True)
    planned = changes.plan(locations=numbers(number), by=root, note="x")
    User.objects.filter(pk=root.pk).update(is_active=False)
    assert carry_out(planned).state == State.REFUSED
