"""Undo of some of a change set's numbers: what holds, what is left, whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from locations import changes
from locations.chosen import NotPermitted
from locations.models import ChangeSet, EdiAdministrator, EdiType, LocationNumber, Vans
from locations.undoing import holding, undone
from soredi.jobs import Refused, State
from tests.builders import code, edi_type, location, unit, user
from tests.changing import numbers

pytestmark = pytest.mark.django_db


def carry_out(change_set: ChangeSet) -> ChangeSet:
    done = change_set.run_here(changes.apply)
    assert done.state == State.DONE
    return done


def changed(*locations: LocationNumber, by: Any = None, **operations: Any) -> ChangeSet:
    return carry_out(changes.plan(locations=numbers(*locations), by=by, **operations))


def undo(change_set: ChangeSet, *locations: LocationNumber, by: Any = None) -> ChangeSet:
    """Carried out; without `locations` of all that are left."""
    return carry_out(
        changes.plan_undo(change_set, by=by, locations=numbers(*locations) if locations else None)
    )


def notes(*locations: LocationNumber) -> list[str]:
    return [LocationNumber.objects.get(pk=number.pk).note for number in locations]


def state(change_set: ChangeSet) -> dict[str, int]:
    """gln → the undo that holds."""
    return dict(undone(change_set).values_list("location__gln", "change_set"))


def test_an_undo_takes_only_the_numbers_that_are_chosen_and_the_rest_can_be_undone_later() -> None:
    one, two, three = location(note="a"), location(note="b"), location(note="c")
    done = changed(one, two, three, note="new")
    first = undo(done, two)
    assert notes(one, two, three) == ["new", "b", "new"]
    assert first.counts["chosen"] == 1
    assert state(done) == {two.gln: first.pk}
    second = undo(done)
    assert notes(one, two, three) == ["a", "b", "c"]
    assert second.counts["chosen"] == 2
    assert [(one.undo, one.numbers) for one in holding(done)] == [(first, 1), (second, 2)]
    with pytest.raises(Refused, match=f"{first.pk}, {second.pk}"):
        changes.plan_undo(done, by=None)


def test_an_undo_that_was_undone_for_some_numbers_holds_for_the_others() -> None:
    one, two = location(), location()
    done = changed(one, two, note="new")
    first = undo(done)
    assert state(done) == {one.gln: first.pk, two.gln: first.pk}
    back = undo(first, one)
    assert (notes(one, two), state(done), state(first)) == (
        ["new", ""],
        {two.gln: first.pk},
        {one.gln: back.pk},
    )
    again = undo(done)
    assert (notes(one, two), state(done)) == (["", ""], {one.gln: again.pk, two.gln: first.pk})


def test_what_is_undone_stays_so_when_somebody_sets_it_again() -> None:
    """It is theirs then, and no business of the change set that was undone."""
    number, other = location(), location()
    done = changed(number, other, note="new")
    undo(done, number)
    changed(number, note="new")
    undo(done)
    assert notes(number, other) == ["new", ""]


def test_numbers_that_the_change_set_did_not_touch_are_no_choice() -> None:
    number, other = location(), location(note="new")
    done = changed(number, other, note="new")
    with pytest.raises(Refused):
        changes.plan_undo(done, by=None, locations=numbers(other))
    assert undo(done, number, other).counts["chosen"] == 1


def test_what_was_created_is_left_out_and_counted() -> None:
    number = location()
    with pytest.raises(Refused):
        changes.plan_undo(number.version.change_set, by=None)
    done = changed(number, note="x")
    assert changes.plan_undo(done, by=None).counts["created"] == 0


def test_a_person_undoes_her_own_numbers_and_is_told_of_the_others() -> None:
    ours, theirs = location(edi_administrator="102"), location(edi_administrator="116")
    anna = user("anna", administrators=["102"])
    done = changed(ours, theirs, note="x")
    planned = changes.plan_undo(done, by=anna)
    assert (planned.counts["chosen"], planned.counts["not_yours"]) == (1, 1)
    carry_out(planned)
    assert notes(ours, theirs) == ["", "x"]
    with pytest.raises(NotPermitted):
        changes.plan_undo(done, by=anna, locations=numbers(ours, theirs))
    with pytest.raises(Refused):
        changes.plan_undo(done, by=user("carla", administrators=["999"]))
    undo(done)
    assert notes(ours, theirs) == ["", ""]


def test_only_administrators_hand_numbers_back_to_another_edi_administrator() -> None:
    number = location(edi_administrator="116")
    done = changed(number, edi_administrator=code(EdiAdministrator, "102"))
    with pytest.raises(NotPermitted):
        changes.plan_undo(done, by=user("anna", administrators=["102", "116"]))
    undo(done, by=user("root", staff=True))
    number.refresh_from_db()
    assert number.edi_administrator and number.edi_administrator.code == "116"


NAMES = ["DIS91", "DIS92", "DIS93", "DIS94"]
SETS = st.frozensets(st.integers(0, 3))
KEYS = st.frozensets(st.integers(0, 4))


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    had=st.lists(SETS, min_size=5, max_size=5),
    add=SETS,
    remove=SETS,
    since=st.lists(st.tuples(KEYS, SETS), max_size=2),
    parts=st.lists(KEYS, max_size=3),
)
def test_undoing_part_by_part_is_undoing_the_whole(
    had: list[frozenset[int]],
    add: frozenset[int],
    remove: frozenset[int],
    since: list[tuple[frozenset[int], frozenset[int]]],
    parts: list[frozenset[int]],
) -> None:
    """Twins go the same way; one row is undone at once, its twin part by part and then the rest."""
    types = [edi_type(name) for name in NAMES]

    def chosen(keys: frozenset[int]) -> list[EdiType]:
        return [types[key] for key in sorted(keys)]

    rows = [[location(edi_types=chosen(keys)) for keys in had] for _twin in range(2)]
    done = []
    for row in rows:
        done.append(changed(*row, add=chosen(add), remove=chosen(remove - add), note="new"))
        for keys, replaced in since:
            changed(*(row[key] for key in keys), replace=chosen(replaced))
    _undo_where_possible(done[0], None)
    for part in [*parts, None]:
        _undo_where_possible(done[1], None if part is None else [rows[1][key] for key in part])
    assert _sets(rows[0]) == _sets(rows[1])


def _undo_where_possible(change_set: ChangeSet, only: Sequence[LocationNumber] | None) -> None:
    try:
        planned = changes.plan_undo(change_set, by=None, locations=None if only is None else numbers(*only))
    except Refused:
        return
    carry_out(planned)


def _sets(row: list[LocationNumber]) -> list[tuple[list[int], str]]:
    now = LocationNumber.objects.in_bulk([number.pk for number in row])
    return [(now[number.pk].edi_types, now[number.pk].note) for number in row]


WHY = {"reason": "Forkert liste"}


@pytest.fixture
def anna(client: Client) -> Any:
    person = user("anna", administrators=["102"])
    client.force_login(person)
    return person


def page(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_ticked_numbers_are_undone_and_marked_on_the_page(client: Client, anna: Any) -> None:
    one, two = location(), location()
    done = changed(one, two, by=anna, note="x")
    address = f"/aendringer/{done.pk}/"
    shown = page(client.get(address))
    assert shown.count('name="valgt"') == 2 and "Fortryd alle 2 ændringer" in shown
    answer = client.post(f"{address}fortryd/", {"omfang": "valgte", "valgt": [two.gln], **WHY})
    planned = ChangeSet.objects.latest("pk")
    assert (answer["Location"], planned.counts["chosen"]) == (f"/aendringer/{planned.pk}/", 1)
    carry_out(planned)
    shown = page(client.get(address))
    assert f"1 lokationsnummer er fortrudt af ændring {planned.pk}." in shown
    assert (shown.count('name="valgt"'), "Fortryd 1 ændring" in shown) == (1, True)
    assert f'value="{one.gln}"' in shown


def test_all_that_the_filter_shows_are_undone(client: Client, anna: Any) -> None:
    north, south = location(unit=unit("Nord Klinik")), location(unit=unit("Syd Klinik"))
    done = changed(north, south, by=anna, note="x")
    shown = page(client.get(f"/aendringer/{done.pk}/?q=nord"))
    assert (north.gln in shown, south.gln in shown, "Fortryd alle, der matcher" in shown) == (
        True,
        False,
        True,
    )
    client.post(f"/aendringer/{done.pk}/fortryd/", {"omfang": "alle", "soegning": "q=nord", **WHY})
    planned = ChangeSet.objects.latest("pk")
    assert [version.location for version in planned.versions.all()] == [north]
    changed(north, by=anna, note="y")
    assert planned.run_here(changes.apply).state == State.REFUSED
    client.post(f"/aendringer/{planned.pk}/igen/")
    assert "intet" in page(client.get(f"/aendringer/{planned.pk}/"))


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"omfang": "valgte"}, 200),  # nothing ticked: told so
        ({"omfang": "valgte", "valgt": "5790000000005"}, 404),
        ({"omfang": "halvdelen"}, 400),
        ({"omfang": "alle", "soegning": "vans=KMD"}, 400),
        ({"omfang": "alle", "soegning": "felt=navn", "reason": ""}, 400),
        ({"omfang": "alle", "soegning": "felt=navn"}, 400),
    ],
)
def test_an_unusable_choice_plans_nothing(
    client: Client, anna: Any, asked: dict[str, str], status: int
) -> None:
    number, theirs = location(), location(gln="5790000000005", edi_administrator="116")
    done = changed(number, theirs, note="x")
    made = ChangeSet.objects.count()
    assert client.post(f"/aendringer/{done.pk}/fortryd/", {**WHY, **asked}).status_code == status
    assert ChangeSet.objects.count() == made


@pytest.mark.parametrize(
    ("asked", "undone"),
    [
        ({}, ["Nord", "Syd", "Øst"]),
        ({"soegning": "page=2"}, ["Nord", "Syd", "Øst"]),
        ({"soegning": "q=nord"}, ["Nord"]),
        ({"soegning": "q=nord", "valgt": "Syd"}, ["Syd"]),
    ],
)
def test_enter_undoes_what_is_ticked_else_what_the_button_for_all_says(
    client: Client, anna: Any, asked: dict[str, str], undone: list[str]
) -> None:
    numbers = {name: location(unit=unit(name)) for name in ("Nord", "Syd", "Øst")}
    done = changed(*numbers.values(), by=anna, note="x")
    choice = {**asked, "valgt": numbers[asked["valgt"]].gln} if "valgt" in asked else asked
    client.post(f"/aendringer/{done.pk}/fortryd/", {"omfang": "enter", **choice, **WHY})
    versions = ChangeSet.objects.latest("pk").versions.order_by("location__unit__name")
    assert list(versions.values_list("location__unit__name", flat=True)) == undone


def test_without_a_reason_the_filter_is_kept(client: Client, anna: Any) -> None:
    north, south = location(unit=unit("Nord Klinik")), location(unit=unit("Syd Klinik"))
    done = changed(north, south, by=anna, note="x")
    asked = {"omfang": "alle", "soegning": "q=nord", "reason": ""}
    shown = page(client.post(f"/aendringer/{done.pk}/fortryd/", asked))
    assert (north.gln in shown, south.gln in shown, 'value="q=nord"' in shown) == (True, False, True)


def test_a_refused_undo_of_some_is_planned_again_for_the_same(client: Client, anna: Any) -> None:
    one, two = location(), location()
    done = changed(one, two, by=anna, vans=code(Vans, "MultiMed"))
    client.post(f"/aendringer/{done.pk}/fortryd/", {"omfang": "valgte", "valgt": [one.gln], **WHY})
    planned = ChangeSet.objects.latest("pk")
    changed(one, note="since")
    assert planned.run_here(changes.apply).state == State.REFUSED
    client.post(f"/aendringer/{planned.pk}/igen/")
    again = carry_out(ChangeSet.objects.latest("pk"))
    assert again != planned and [version.location for version in again.versions.all()] == [one]
    assert notes(one) == ["since"]


def test_without_a_reason_the_ticks_are_kept(client: Client, anna: Any) -> None:
    one, two = location(), location()
    done = changed(one, two, by=anna, note="x")
    shown = page(
        client.post(f"/aendringer/{done.pk}/fortryd/", {"omfang": "valgte", "valgt": [one.gln], "reason": ""})
    )
    assert "Skriv hvorfor" in shown
    assert [f'value="{n.gln}" aria-label="Vælg {n.gln}" checked' in shown for n in (one, two)] == [
        True,
        False,
    ]
