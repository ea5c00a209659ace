"""Undo of a whole change set: it gives back what was, and keeps what others did since."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from locations import changes
from locations.models import ChangeSet, EdiType, LocationNumber, System, Vans, Vendor
from locations.models.change import Source
from soredi.jobs import Refused, State
from tests.builders import code, edi_type, location, user
from tests.changing import carry_out, counts, numbers, profile

pytestmark = pytest.mark.django_db


@pytest.fixture
def types() -> list[EdiType]:
    """Five EDI types in the order of their keys."""
    return [edi_type(f"DIS{n}", f"D{n}34L") for n in range(91, 96)]


def test_undo_gives_back_what_was(types: list[EdiType]) -> None:
    number = location(vans="KMD", system="XMO", vendor="CGM", edi_types=types[:3], note="old")
    before = profile(number)
    done = carry_out(
        changes.plan(
            locations=numbers(number),
            by=None,
            vans=code(Vans, "MultiMed"),
            system=code(System, "EG"),
            vendor=code(Vendor, "EG"),
            replace=types[2:],
            note="new",
            inactive=True,
            only_internal=True,
        )
    )
    undo = changes.plan_undo(done, by=None, reason="Wrong list")
    assert (undo.undoes, undo.source, counts(undo), undo.counts["kept_total"]) == (
        done,
        Source.UNDO,
        [1, 1, 0, 2, 2],
        0,
    )
    carry_out(undo)
    assert profile(number) == before


def test_undo_keeps_what_others_did_since_and_lists_what_both_touched(types: list[EdiType]) -> None:
    a, b, c, d, e = types
    number = location(vans="KMD", edi_types=[a, b], note="old", system="XMO", vendor="CGM")
    done = carry_out(
        changes.plan(
            locations=numbers(number),
            by=None,
            vans=code(Vans, "MultiMed"),
            system=code(System, "EG"),
            vendor=code(Vendor, "EG"),
            add=[c, d],
            remove=[a],
        )
    )
    carry_out(
        changes.plan(
            locations=numbers(number),
            by=user("bo", administrators=["102"]),
            vans=code(Vans, "Dataregion"),  # both touched it
            note="Bo's",  # only Bo
            add=[e],
            remove=[b, d],
        )
    )
    undo = changes.plan_undo(done, by=None)
    assert undo.counts["kept"] == [(number.gln, "vans")]
    assert undo.counts["kept_total"] == 1
    carry_out(undo)
    assert profile(number) == {
        "vans": "Dataregion",
        "system": "XMO",
        "vendor": "CGM",
        "edi_administrator": "102",
        "edi_types": ["DIS91 D9134L", "DIS95 D9534L"],
        "note": "Bo's",
    }


def test_system_and_vendor_conflict_as_one_field() -> None:
    number = location(system="XMO", vendor="CGM")
    done = carry_out(
        changes.plan(
            locations=numbers(number), by=None, system=code(System, "EG Clinea"), vendor=code(Vendor, "EG")
        )
    )
    carry_out(
        changes.plan(
            locations=numbers(number), by=None, system=code(System, "EG Clinea"), vendor=code(Vendor, "CGM")
        )
    )
    with pytest.raises(Refused):
        changes.plan_undo(done, by=None)
    assert (profile(number)["system"], profile(number)["vendor"]) == ("EG Clinea", "CGM")


def test_an_undo_can_be_undone(types: list[EdiType]) -> None:
    number = location(edi_types=types[:1], note="one")
    done = carry_out(changes.plan(locations=numbers(number), by=None, note="two", replace=types[1:3]))
    wanted = profile(number)
    undone = carry_out(changes.plan_undo(done, by=None))
    assert profile(number)["note"] == "one"
    again = carry_out(changes.plan_undo(undone, by=None))
    assert (again.state, profile(number)) == (State.DONE, wanted)


def test_undoing_twice_is_refused_and_names_the_undo() -> None:
    number = location(note="one")
    done = carry_out(changes.plan(locations=numbers(number), by=None, note="two"))
    undo = carry_out(changes.plan_undo(done, by=None))
    made = ChangeSet.objects.count()
    with pytest.raises(Refused, match=f" {undo.pk} "):
        changes.plan_undo(done, by=None)
    assert ChangeSet.objects.count() == made


def test_the_change_that_made_a_number_cannot_be_undone() -> None:
    number = location()
    with pytest.raises(Refused):
        changes.plan_undo(number.version.change_set, by=None)
    assert ChangeSet.objects.count() == 1


def test_only_what_was_carried_out_can_be_undone() -> None:
    planned = changes.plan(locations=numbers(location()), by=None, note="x")
    with pytest.raises(Refused):
        changes.plan_undo(planned, by=None)


SETS = st.frozensets(st.integers(0, 4))

SCALARS = st.sampled_from(["", "x", "y", "z"])


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(rows=st.lists(st.tuples(SETS, SETS, SETS, SCALARS, SCALARS), min_size=1, max_size=6))
def test_undo_is_the_three_way_merge_of_each_number(types: list[EdiType], rows: list[Any]) -> None:
    """Each number: its set before, as the change set left it, and now, after somebody else; its note before and now."""
    assume(any(before != after for before, after, *_rest in rows))

    def chosen(keys: frozenset[int]) -> list[EdiType]:
        return [types[key] for key in sorted(keys)]

    made = [location(edi_types=chosen(row[0]), note=row[3]) for row in rows]
    done = _plan_each(made, [chosen(row[1]) for row in rows])
    _plan_each(made, [chosen(row[2]) for row in rows])
    for number, row in zip(made, rows, strict=True):
        carry_out(changes.plan(locations=numbers(number), by=None, note=row[4]))
    wanted = [
        [e for e in range(5) if e in (before if (e in before) != (e in after) else now)]
        for before, after, now, *_notes in rows
    ]
    if wanted == [sorted(now) for _before, _after, now, *_notes in rows]:
        with pytest.raises(Refused):
            changes.plan_undo(done, by=None)
    else:
        assert carry_out(changes.plan_undo(done, by=None)).state == State.DONE
    merged = [[str(types[e]) for e in kept] for kept in wanted]
    assert [profile(number).get("edi_types", []) for number in made] == merged
    assert [profile(number).get("note", "") for number in made] == [row[4] for row in rows]


def _plan_each(made: list[LocationNumber], wanted: list[list[EdiType]]) -> ChangeSet:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS planned_set")
        cursor.execute("CREATE TEMP TABLE planned_set (location_id bigint, edi_types int[]) ON COMMIT DROP")
        for number, kept in zip(made, wanted, strict=True):
            cursor.execute("INSERT INTO planned_set VALUES (%s, %s)", [number.pk, [t.pk for t in kept]])
    return carry_out(changes.plan_sets(by=None))


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    rows=st.lists(st.tuples(SETS, SCALARS), min_size=1, max_size=5),
    add=SETS,
    remove=SETS,
    note=SCALARS,
    inactive=st.sampled_from([None, True, False]),
)
def test_undo_restores_every_profile_that_nobody_touched_since(
    types: list[EdiType],
    rows: list[Any],
    add: frozenset[int],
    remove: frozenset[int],
    note: str,
    inactive: Any,
) -> None:
    made = [location(edi_types=[types[e] for e in have], note=text, vans=text or None) for have, text in rows]
    before = [profile(number) for number in made]
    done = carry_out(
        changes.plan(
            locations=numbers(*made),
            by=None,
            add=[types[e] for e in add],
            remove=[types[e] for e in remove - add],
            note=note,
            inactive=inactive,
            vans=code(Vans, note or "none"),
        )
    )
    for number, (have, _text) in zip(made, rows, strict=True):
        assert profile(number).get("edi_types", []) == [
            str(types[e]) for e in sorted((have | add) - (remove - add))
        ]
    if done.counts["changed"]:
        carry_out(changes.plan_undo(done, by=None))
    assert [profile(number) for number in made] == before
