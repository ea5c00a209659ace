"""SOR and we change the same numbers: what comes of it is what a plain three-way merge in Python says."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from locations import changes, deviations
from locations.models import ChangeSet, EdiType, LocationNumber, System, Vans, Vendor
from soredi.jobs import State
from tests.builders import code, user
from tests.sorimport.extracts import extract, gln, import_once, import_twice, write

pytestmark = pytest.mark.usefixtures("committed_db")

NUMBERS = 4
TYPES = {"501": "DIS91 D9134L", "502": "CTL01 K0130K", "503": "FDIS91"}
# A profile here: (VANS, (system, vendor), EDI types, note, inactive).
Profile = tuple[str, tuple[str, str], frozenset[str], str, bool]
FIELDS = ("vans", "system", "edi_types", "note", "inactive")
profiles = st.tuples(
    st.sampled_from(["30", "31", "32"]),
    st.sampled_from([("20", "10"), ("21", "10"), ("21", "11")]),
    st.frozensets(st.sampled_from(sorted(TYPES))),
    st.sampled_from(["", "a", "b"]),
    st.booleans(),
)
# Who speaks, and of which numbers what.
steps = st.lists(
    st.tuples(
        st.sampled_from(["sor", "ours"]),
        st.dictionaries(st.integers(0, NUMBERS - 1), profiles, min_size=1),
    ),
    min_size=1,
    max_size=5,
)
firsts = st.lists(profiles, min_size=NUMBERS, max_size=NUMBERS)
serials = count(1, step=NUMBERS)


@dataclass
class Number:
    """The plain merge: `marked` are fields that both changed, with the value of ours then."""

    sor: Profile
    ours: Profile
    marked: dict[str, Any] = field(default_factory=dict)

    def sor_says(self, theirs: Profile) -> None:
        merged: list[Any] = []
        for name, b, t, o in zip(FIELDS, self.sor, theirs, self.ours, strict=True):
            if name == "edi_types":
                merged.append((o | (t - b)) - (b - t))  # type: ignore[operator]
                continue
            if t != b and o != b and o != t:
                self.marked[name] = o
            merged.append(t if o == b else o)
        self.sor, self.ours = theirs, tuple(merged)  # type: ignore[assignment]

    def deviating(self) -> dict[str, bool]:
        """Field → whether both sides changed it."""
        return {
            name: name in self.marked and self.marked[name] == o
            for name, s, o in zip(FIELDS, self.sor, self.ours, strict=True)
            if s != o
        }


def row(serial: int, profile: Profile) -> dict[str, str]:
    vans, (system, vendor), _types, note, inactive = profile
    return {
        "EanLocationCode": gln(serial),
        "CommunicationSupplierId": vans,
        "SystemTypeId": system,
        "SystemSupplierId": vendor,
        "SorNote": note,
        "NonActiveIndicator": str(inactive).lower(),
    }


def speak(folder: Path, serial: int, numbers: list[Profile]) -> None:
    """An extract in which SOR says so of the numbers from `serial` on."""
    files = extract(
        [row(serial + place, profile) for place, profile in enumerate(numbers)],
        types=TYPES,
        pairs={gln(serial + place): " ".join(profile[2]) for place, profile in enumerate(numbers)}
        | {"": "501"},
    )
    run = import_once(write(files, folder), accept_closures=True)
    assert run.state == State.DONE, run.message


def change(serial: int, before: Profile, after: Profile) -> None:
    """We bring one number from one profile to another."""
    types = {t.sor_id: t for t in EdiType.objects.all()}
    vans, (system, vendor), edi_types, note, inactive = after
    planned = changes.plan(
        locations=LocationNumber.objects.filter(gln=gln(serial)),
        by=None,
        vans=code(Vans, vans),
        system=code(System, system),
        vendor=code(Vendor, vendor),
        add=[types[key] for key in edi_types - before[2]],
        remove=[types[key] for key in before[2] - edi_types],
        note=note,
        inactive=inactive,
    )
    if planned.counts["changed"]:
        assert planned.run_here(changes.apply).state == State.DONE


def held(profile: Any, types: dict[int, str]) -> Profile:
    return (
        profile.vans.code,
        (profile.system.code, profile.vendor.code),
        frozenset(types[key] for key in profile.edi_types),
        profile.note,
        profile.inactive,
    )


def found(serial: int) -> list[tuple[Profile, Profile, dict[str, bool]]]:
    """(ours, SOR's, deviations) of the numbers from `serial` on."""
    types = {t.pk: str(t.sor_id) for t in EdiType.objects.all()}
    glns = [gln(serial + place) for place in range(NUMBERS)]
    numbers = LocationNumber.objects.filter(gln__in=glns)
    apart: dict[str, dict[str, bool]] = {}
    for one in deviations.rows(deviations.Asked(numbers), 0, 100):
        apart.setdefault(one.gln, {})[one.field.value] = one.both
    by_gln = {number.gln: number for number in numbers}
    return [
        (held(by_gln[one], types), held(by_gln[one].sor_version, types), apart.get(one, {})) for one in glns
    ]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(first=firsts, then=steps)
def test_any_sequence_of_changes_equals_a_plain_three_way_merge(
    tmp_path: Path, first: list[Profile], then: list[tuple[str, dict[int, Profile]]]
) -> None:
    """Nothing of ours that SOR left alone is lost, and whatever SOR says is either in force or a deviation."""
    serial = next(serials)
    speak(tmp_path, serial, first)
    numbers = [Number(sor=profile, ours=profile) for profile in first]
    for who, said in then:
        if who == "sor":
            speak(tmp_path, serial, [said.get(place, number.sor) for place, number in enumerate(numbers)])
        for place, profile in said.items():
            number = numbers[place]
            if who == "sor":
                number.sor_says(profile)
            else:
                change(serial + place, number.ours, profile)
                number.ours = profile
        assert found(serial) == [(number.ours, number.sor, number.deviating()) for number in numbers]


A: Profile = ("30", ("20", "10"), frozenset({"501", "502"}), "", False)
B: Profile = ("31", ("21", "10"), frozenset({"501", "503"}), "b", True)


@pytest.fixture
def sor(tmp_path: Path) -> Callable[[Profile], Any]:
    """SOR says so of number 1."""

    def says(profile: Profile) -> Any:
        files = extract([row(1, profile)], types=TYPES, pairs={gln(1): " ".join(profile[2])})
        return import_twice(write(files, tmp_path), accept_closures=True)

    return says


def versions() -> list[tuple[str | None, bool]]:
    """Of number 1, in the order in which they were written: (VANS, whether it came into force)."""
    rows = LocationNumber.objects.get(gln=gln(1)).versions.order_by("pk")
    return [(version.vans.code, version.applied_at is not None) for version in rows.select_related("vans")]


def test_what_sor_changes_and_we_did_not_is_taken_in_one_version(sor: Callable[[Profile], Any]) -> None:
    sor(A)
    run = sor(B)
    number = LocationNumber.objects.get(gln=gln(1))
    assert versions() == [("30", True), ("31", True)]
    assert number.version == number.sor_version
    assert number.version.base.vans.code == "30"
    counts = run.change_set.counts
    assert [counts[key] for key in ("new", "chosen", "changed", "added", "removed", "clashes")] == [
        0, 1, 1, 1, 1, 0,
    ]  # fmt: skip


def test_what_we_changed_stays_and_what_sor_changed_beside_it_is_taken(sor: Callable[[Profile], Any]) -> None:
    sor(A)
    change(1, A, ("32", *A[1:]))
    run = sor(("30", *B[1:]))
    assert found_one() == (("32", *B[1:]), {"vans": False})
    assert versions() == [("30", True), ("32", True), ("30", False), ("32", True)]
    assert run.change_set.counts["clashes"] == 0


def test_what_both_changed_is_ours_and_marked(sor: Callable[[Profile], Any]) -> None:
    sor(A)
    change(1, A, ("32", *A[1:]))
    run = sor(("31", *A[1:]))
    assert found_one() == (("32", *A[1:]), {"vans": True})
    assert versions() == [("30", True), ("32", True), ("31", False)]
    assert [run.change_set.counts[key] for key in ("chosen", "changed", "unchanged", "clashes")] == [
        1,
        0,
        1,
        1,
    ]


def test_what_sor_says_after_us_needs_no_version_in_force(sor: Callable[[Profile], Any]) -> None:
    sor(A)
    change(1, A, B)
    sor(B)
    assert found_one() == (B, {})
    assert versions() == [("30", True), ("31", True), ("31", False)]


def test_what_an_import_changed_is_undone_like_any_change(sor: Callable[[Profile], Any]) -> None:
    sor(A)
    run = sor(B)
    undo = changes.plan_undo(run.change_set, by=None, reason="Not agreed")
    assert undo.run_here(changes.apply).state == State.DONE
    assert found_one() == (A, dict.fromkeys(FIELDS, False))
    sor(B)
    assert found_one()[0] == A, "the next night does not do it again"
    assert ChangeSet.objects.filter(source="import").count() == 2


def test_the_page_of_the_change_set_tells_it_in_a_sentence(
    sor: Callable[[Profile], Any], client: Client
) -> None:
    sor(A)
    change(1, A, ("32", *A[1:]))
    run = sor(("31", A[1], frozenset({"503"}), *A[3:]))
    client.force_login(user("root", staff=True))
    page = client.get(f"/aendringer/{run.change_set.pk}/").content.decode()
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert (
        "SOR siger noget nyt om 1 lokationsnummer: 1 er ændret her, 0 er beholdt, som de var her. "
        "EDI-typer: 1 tilføjet, 2 fjernet. 1 felt er ændret af både SOR og os; vores er beholdt ." in text
    )


def found_one() -> tuple[Profile, dict[str, bool]]:
    types = {t.pk: str(t.sor_id) for t in EdiType.objects.all()}
    number = LocationNumber.objects.get(gln=gln(1))
    apart = deviations.rows(deviations.Asked(LocationNumber.objects.all()), 0, 100)
    return held(number, types), {one.field.value: one.both for one in apart}
