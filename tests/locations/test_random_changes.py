"""Random operations on random numbers, beside plain Python: planning, applying, and undoing after others."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from locations import changes
from locations.models import ChangeSet, EdiType, LocationNumber, System, Vans, Vendor
from soredi.jobs import Refused, State
from tests.builders import code, edi_type, location

pytestmark = pytest.mark.django_db

TYPES = ("CTL01", "CTL02", "DIS90", "DIS91", "REF06")


@dataclass(frozen=True)
class Profile:
    """What can be changed. System and vendor are one field; so is each EDI type."""

    vans: str
    system: tuple[str, str]
    edi_types: frozenset[str]
    only_internal: bool
    inactive: bool
    note: str


@dataclass(frozen=True)
class Operations:
    """As the form asks for them; None leaves as it is."""

    vans: str | None
    system: tuple[str, str] | None
    add: frozenset[str]
    remove: frozenset[str]
    everything: bool  # remove all but those that are added
    swap: tuple[str, str] | None
    only_internal: bool | None
    inactive: bool | None
    note: str | None

    def on(self, before: Profile) -> Profile:
        if self.everything:
            edi_types = self.add
        else:
            old, new = self.swap or ("", "")
            gained = self.add | ({new} if old in before.edi_types else set())
            edi_types = (before.edi_types | gained) - self.remove - {old}
        scalars = {
            name: asdict(self)[name] for name in ("vans", "system", "only_internal", "inactive", "note")
        }
        wanted = {name: value for name, value in scalars.items() if value is not None}
        return replace(before, edi_types=edi_types, **wanted)

    def plan(self, numbers: list[LocationNumber], types: dict[str, EdiType]) -> ChangeSet:
        system, vendor = self.system or (None, None)
        of_types: dict[str, Any] = (
            {"replace": [types[name] for name in self.add]}
            if self.everything
            else {
                "add": [types[name] for name in self.add],
                "remove": [types[name] for name in self.remove],
                "swap": tuple(types[name] for name in self.swap) if self.swap else None,
            }
        )
        return changes.plan(
            locations=LocationNumber.objects.filter(pk__in=[number.pk for number in numbers]),
            by=None,
            vans=code(Vans, self.vans),
            system=code(System, system),
            vendor=code(Vendor, vendor),
            only_internal=self.only_internal,
            inactive=self.inactive,
            note=self.note,
            **of_types,
        )


def merged(base: Profile, theirs: Profile, ours: Profile) -> Profile:
    """Three ways: what led from base to theirs is done to ours; where both moved a field, ours stays."""
    fields = {
        name: getattr(theirs if getattr(ours, name) == getattr(base, name) else ours, name)
        for name in ("vans", "system", "only_internal", "inactive", "note")
    }
    edi_types = {
        one
        for one in TYPES
        if one in (theirs if (one in ours.edi_types) == (one in base.edi_types) else ours).edi_types
    }
    return Profile(edi_types=frozenset(edi_types), **fields)


NAMES = st.sampled_from(["a", "b", "c"])
PAIRS = st.tuples(NAMES, NAMES)
SETS = st.frozensets(st.sampled_from(TYPES))
PROFILES = st.builds(
    Profile, NAMES, PAIRS, SETS, st.booleans(), st.booleans(), st.sampled_from(["", "a", "b"])
)


@st.composite
def operations(draw: Any) -> Operations:
    add = draw(SETS)
    everything = draw(st.booleans())
    remove = frozenset() if everything else draw(SETS) - add
    swaps = [(old, new) for old in set(TYPES) - add for new in set(TYPES) - remove - {old}]
    return Operations(
        vans=draw(st.none() | NAMES),
        system=draw(st.none() | PAIRS),
        add=add,
        remove=remove,
        everything=everything,
        swap=None if everything or not swaps else draw(st.none() | st.sampled_from(sorted(swaps))),
        only_internal=draw(st.none() | st.booleans()),
        inactive=draw(st.none() | st.booleans()),
        note=draw(st.none() | st.sampled_from(["", "a", "b"])),
    )


def made(profile: Profile, types: dict[str, EdiType]) -> LocationNumber:
    system, vendor = profile.system
    return location(
        vans=profile.vans,
        system=system,
        vendor=vendor,
        edi_types=[types[name] for name in profile.edi_types],
        only_internal=profile.only_internal,
        inactive=profile.inactive,
        note=profile.note,
    )


def now(numbers: list[LocationNumber], types: dict[str, EdiType]) -> list[Profile]:
    names = {row.pk: name for name, row in types.items()}
    rows = LocationNumber.objects.select_related("vans", "system", "vendor").in_bulk([n.pk for n in numbers])
    return [
        Profile(
            vans=row.vans.code,
            system=(row.system.code, row.vendor.code),
            edi_types=frozenset(names[pk] for pk in row.edi_types),
            only_internal=row.only_internal,
            inactive=row.inactive,
            note=row.note,
        )
        for row in (rows[number.pk] for number in numbers)
    ]


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=st.lists(PROFILES, min_size=1, max_size=4),
    first=operations(),
    others=st.lists(st.tuples(st.sets(st.integers(0, 3)), operations()), max_size=2),
)
def test_plan_apply_and_undo_are_what_plain_python_says(
    before: list[Profile], first: Operations, others: list[tuple[set[int], Operations]]
) -> None:
    """Others change some of the numbers between; without them undo gives back the first state."""
    types = {name: edi_type(name, "V1") for name in TYPES}
    numbers = [made(profile, types) for profile in before]
    planned = first.plan(numbers, types)
    assert now(numbers, types) == before, "a plan changes nothing"
    done = planned.run_here(changes.apply)
    after = [first.on(profile) for profile in before]
    assert (done.state, now(numbers, types)) == (State.DONE, after)
    assert done.counts["changed"] == sum(b != a for b, a in zip(before, after, strict=True))

    present = after
    for places, asked in others:
        some = [place for place in range(len(numbers)) if place in places]
        asked.plan([numbers[place] for place in some], types).run_here(changes.apply)
        present = [asked.on(profile) if place in some else profile for place, profile in enumerate(present)]
    assert now(numbers, types) == present

    undone = [merged(base, theirs, ours) for base, theirs, ours in zip(after, before, present, strict=True)]
    try:
        undo = changes.plan_undo(done, by=None)
    except Refused:
        assert undone == present, "there was something to undo"
    else:
        undo.run_here(changes.apply)
    assert now(numbers, types) == undone
    if not others:
        assert undone == before
