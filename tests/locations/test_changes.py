"""Changes are planned, previewed, applied and undone, as one and by set."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from locations import changes, expiry
from locations.chosen import NotPermitted
from locations.models import ChangeSet, EdiAdministrator, EdiType, LocationNumber, System, Vans, Vendor
from locations.models.change import Source
from soredi.jobs import Refused, State
from soredi.models import User
from tests.builders import code, edi_type, location, user

pytestmark = pytest.mark.django_db


def numbers(*locations: LocationNumber) -> Any:
    return LocationNumber.objects.filter(pk__in=[number.pk for number in locations])


def carry_out(change_set: ChangeSet) -> ChangeSet:
    """Run a plan as a command does."""
    return change_set.run_here(changes.apply)


def profile(number: LocationNumber) -> dict[str, Any]:
    """What people see of a profile: codes instead of keys, empty fields left out."""
    number = LocationNumber.objects.get(pk=number.pk)
    known = {t.pk: str(t) for t in EdiType.objects.filter(pk__in=number.edi_types)}
    shown = {
        "vans": number.vans and number.vans.code,
        "system": number.system and number.system.code,
        "vendor": number.vendor and number.vendor.code,
        "edi_administrator": number.edi_administrator and number.edi_administrator.code,
        "edi_types": [known[pk] for pk in number.edi_types],
        "only_internal": number.only_internal,
        "inactive": number.inactive,
        "note": number.note,
    }
    return {name: value for name, value in shown.items() if value}


def counts(change_set: ChangeSet, *names: str) -> list[int]:
    return [
        change_set.counts[name] for name in names or ("chosen", "changed", "unchanged", "added", "removed")
    ]


@pytest.fixture
def types() -> list[EdiType]:
    """Five EDI types in the order of their keys."""
    return [edi_type(f"DIS{n}", f"D{n}34L") for n in range(91, 96)]


def test_vans_is_set_on_those_that_have_another(types: list[EdiType]) -> None:
    old, same = location(vans="KMD", edi_types=types[:2]), location(vans="MultiMed")
    before = same.version_id
    planned = changes.plan(
        locations=numbers(old, same), by=None, vans=code(Vans, "MultiMed"), reason="Switch"
    )
    assert counts(planned) == [2, 1, 1, 0, 0]
    assert planned.counts["fields"] == {"vans": 1}
    assert profile(old)["vans"] == "KMD", "a plan changes nothing"
    done = carry_out(planned)
    assert (done.state, done.reason, done.message) == (State.DONE, "Switch", "")
    assert profile(old) == {
        "vans": "MultiMed",
        "edi_types": ["DIS91 D9134L", "DIS92 D9234L"],
        "edi_administrator": "102",
    }
    same.refresh_from_db()
    assert same.version_id == before, "what does not change gets no version"
    assert list(done.versions.values_list("location", flat=True)) == [old.pk]


def test_system_and_vendor_are_set_together() -> None:
    number = location(system="XMO", vendor="CGM")
    system, vendor = code(System, "EG Clinea"), code(Vendor, "EG")
    planned = changes.plan(locations=numbers(number), by=None, system=system, vendor=vendor)
    carry_out(planned)
    assert profile(number) == {
        "vans": "KMD",
        "system": "EG Clinea",
        "vendor": "EG",
        "edi_administrator": "102",
    }
    assert planned.counts["fields"] == {"system": 1, "vendor": 1}
    with pytest.raises(ValueError, match="both"):
        changes.plan(locations=numbers(number), by=None, system=system)


def test_adding_and_removing_counts_what_each_number_gains_and_loses(types: list[EdiType]) -> None:
    a, b, c, d, _e = types
    full, half, none = location(edi_types=[a, b, c]), location(edi_types=[b]), location(edi_types=[])
    planned = changes.plan(locations=numbers(full, half, none), by=None, add=[c, d], remove=[a, b])
    assert counts(planned) == [3, 3, 0, 5, 3]
    assert planned.counts["edi_types"] == {
        str(a.pk): [0, 1],
        str(b.pk): [0, 2],
        str(c.pk): [2, 0],
        str(d.pk): [3, 0],
    }
    carry_out(planned)
    assert [profile(n)["edi_types"] for n in (full, half, none)] == [["DIS93 D9334L", "DIS94 D9434L"]] * 3


def test_replacing_states_the_whole_set(types: list[EdiType]) -> None:
    a, b, c, *_rest = types
    other, exact = location(edi_types=[a, b]), location(edi_types=[b, c])
    planned = changes.plan(locations=numbers(other, exact), by=None, replace=[c, b, c])
    assert counts(planned) == [2, 1, 1, 1, 1]
    carry_out(planned)
    assert profile(other)["edi_types"] == profile(exact)["edi_types"] == ["DIS92 D9234L", "DIS93 D9334L"]
    emptied = carry_out(changes.plan(locations=numbers(other), by=None, replace=[]))
    assert (emptied.state, "edi_types" in profile(other)) == (State.DONE, False)


def test_operations_go_together(types: list[EdiType]) -> None:
    number = location(vans="KMD", edi_types=[types[0]], note="old")
    planned = changes.plan(
        locations=numbers(number),
        by=None,
        vans=code(Vans, "MultiMed"),
        add=[types[1]],
        remove=[types[0]],
        note="new",
        inactive=True,
        only_internal=True,
        edi_administrator=code(EdiAdministrator, "116"),
    )
    assert planned.counts["fields"] == {
        "edi_administrator": 1,
        "vans": 1,
        "edi_types": 1,
        "only_internal": 1,
        "inactive": 1,
        "note": 1,
    }
    carry_out(planned)
    assert profile(number) == {
        "vans": "MultiMed",
        "edi_administrator": "116",
        "edi_types": ["DIS92 D9234L"],
        "only_internal": True,
        "inactive": True,
        "note": "new",
    }


def test_operations_that_contradict_each_other_are_a_mistake_of_the_caller(types: list[EdiType]) -> None:
    number = location()
    with pytest.raises(ValueError, match="added and removed"):
        changes.plan(locations=numbers(number), by=None, add=types[:2], remove=types[1:])
    with pytest.raises(ValueError, match="whole set"):
        changes.plan(locations=numbers(number), by=None, add=types[:1], replace=types)
    assert not ChangeSet.objects.exclude(source=Source.IMPORT).exists()


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


def test_a_stale_plan_is_refused_whole_and_names_who_was_first() -> None:
    anna, bo = user("anna", administrators=["102"]), user("bo", administrators=["102"])
    first, second = location(), location()
    mine = changes.plan(locations=numbers(first, second), by=anna, note="Anna's")
    carry_out(changes.plan(locations=numbers(second), by=bo, vans=code(Vans, "MultiMed")))
    refused = carry_out(mine)
    assert refused.state == State.REFUSED
    assert f"{second.gln} (bo)" in str(refused.message) and first.gln not in str(refused.message)
    assert [profile(n).get("note") for n in (first, second)] == [None, None], "all or nothing"
    assert profile(second)["vans"] == "MultiMed"


def test_a_change_set_is_carried_out_once() -> None:
    number = location()
    done = carry_out(changes.plan(locations=numbers(number), by=None, note="once"))
    again = carry_out(done)
    assert (again.state, again.finished_at, again.attempts) == (State.DONE, done.finished_at, 1)
    assert not done.enqueue()
    assert number.versions.count() == 2


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


def test_versions_are_the_history(types: list[EdiType]) -> None:
    number = location(note="one")
    for note in ("two", "three"):
        carry_out(changes.plan(locations=numbers(number), by=user(note, staff=True), note=note))
    versions = number.versions.order_by("pk")
    assert [(v.note, v.base and v.base.note) for v in versions] == [
        ("one", None),
        ("two", "one"),
        ("three", "two"),
    ]
    assert [v.applied_at for v in versions] == sorted(v.applied_at for v in versions)
    as_of = versions[1].applied_at
    assert number.versions.filter(applied_at__lte=as_of).latest("applied_at").note == "two"


def test_plans_that_nobody_carried_out_are_thrown_away() -> None:
    number = location()
    old, refused, queued, fresh, done = (
        changes.plan(locations=numbers(number), by=None, note=note) for note in "abcde"
    )
    carry_out(done)
    carry_out(refused)
    ChangeSet.objects.filter(pk=queued.pk).update(state=State.QUEUED)
    long_ago = timezone.now() - timedelta(days=2)
    for planned in (old, refused, queued):
        ChangeSet.objects.filter(pk=planned.pk).update(created_at=long_ago)
    assert expiry.expire_plans(before=timezone.now() - timedelta(days=1)) == 1
    left = {
        planned.pk: (ChangeSet.objects.get(pk=planned.pk).state, planned.versions.count())
        for planned in (old, refused, queued, fresh, done)
    }
    assert left == {
        old.pk: (State.EXPIRED, 0),
        refused.pk: (State.REFUSED, 0),
        queued.pk: (State.QUEUED, 1),
        fresh.pk: (State.DRAFT, 1),
        done.pk: (State.DONE, 1),
    }
    assert not ChangeSet.objects.get(pk=old.pk).enqueue()


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
