"""Changes are planned, previewed and applied, as one and by set."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from locations import changes, expiry
from locations.models import ChangeSet, EdiAdministrator, EdiType, System, Vans, Vendor
from locations.models.change import Source
from soredi.jobs import State
from tests.builders import code, edi_type, location, user
from tests.changing import carry_out, counts, numbers, profile

pytestmark = pytest.mark.django_db


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
