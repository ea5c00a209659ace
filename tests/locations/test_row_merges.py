"""Merging two rows of a code list: planned, carried out with the numbers as one, refused, dropped, and taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from locations import catalogue, changes, row_merges
from locations.catalogue_history import history_of
from locations.code_lists import LISTS
from locations.expiry import expire_plans
from locations.models import (
    CatalogueChange,
    ChangeSet,
    EdiAdministrator,
    LocationNumber,
    SavedSearch,
    System,
    SystemMap,
)
from soredi.jobs import Refused, State
from soredi.models import User
from tests import builders
from tests.changing import carry_out, numbers

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate
Plan = tuple[CatalogueChange, ChangeSet]


@pytest.fixture
def staff() -> User:
    return builders.user("staff", staff=True)


def plan(slug: str, row: str, to: str, by: User) -> CatalogueChange:
    lists = LISTS[slug]
    return row_merges.plan(
        code_list=lists, row=lists.find(row), to=lists.find(to), on=TODAY(), by=by, reason="Samme produkt"
    )


def merge(slug: str, row: str, to: str, by: User) -> CatalogueChange:
    """Planned and carried out."""
    planned = plan(slug, row, to, by)
    done(planned)
    return CatalogueChange.objects.get(pk=planned.pk)


def done(planned: CatalogueChange) -> Any:
    """As a command carries it out; returns how it ended."""
    if planned.change_set:
        carry_out(planned.change_set)
    else:
        catalogue.apply(planned)
    return State(CatalogueChange.objects.get(pk=planned.pk).state)


def undo(it: CatalogueChange, by: User) -> CatalogueChange:
    planned = row_merges.plan_undo(it, by=by, reason="Fejl")
    done(planned)
    return planned


def words(system: str) -> dict[str, bool | None]:
    return dict(
        SystemMap.objects.filter(system__code=system)
        .exclude(accepted=None)
        .values_list("medcom_system", "accepted")
    )


def systems() -> dict[str, Any]:
    """All that merging systems is about."""
    return {
        "numbers": [n.system and n.system.code for n in LocationNumber.objects.order_by("pk")],
        "rows": {
            s.code: s.replaced_by and (s.replaced_by.code, s.retired_on)
            for s in System.objects.order_by("code")
        },
        "maps": {s.code: words(s.code) for s in System.objects.order_by("code")},
    }


@pytest.fixture
def two_systems() -> dict[str, Any]:
    """S1 with two numbers, and three words on MedCom's systems, of which S2 says one too and the opposite of one."""
    for system in ("S1", "S1", "S2"):
        builders.location(system=system, vendor="L1")
    builders.mapped("S1", "Clinea (LPS)", "Begge", "Omstridt")
    builders.mapped("S1", "Novax", accepted=False)
    builders.mapped("S2", "Begge")
    builders.mapped("S2", "Omstridt", accepted=False)
    return systems()


MERGED_MAPS = {
    "S1": {"Omstridt": True},
    "S2": {"Clinea (LPS)": True, "Begge": True, "Omstridt": False, "Novax": False},
}


def test_nothing_is_changed_before_it_is_carried_out_and_then_all_of_it(
    staff: User, two_systems: dict[str, Any]
) -> None:
    SavedSearch.objects.create(name="Mine", query="system=S1&vans=KMD", by=staff)
    SavedSearch.objects.create(name="Andre", query="system=S11", by=staff)
    planned = plan("systemer", "S1", "S2", staff)
    assert systems() == two_systems
    assert planned.found == {"to": "S2", "stays": ["Omstridt"], "asked_by": 1}
    assert planned.change_set and planned.change_set.counts["changed"] == 2
    assert done(planned) == State.DONE
    assert systems() == {
        "numbers": ["S2", "S2", "S2"],
        "rows": {"S1": ("S2", TODAY()), "S2": None},
        "maps": MERGED_MAPS,
    }
    told = history_of(LISTS["systemer"], LISTS["systemer"].find("S1"), with_people=False)[0]
    assert (told.change, [c.after for c in told.fields]) == (planned, [TODAY().isoformat(), "S2"])
    assert SystemMap.objects.get(system__code="S2", medcom_system="Novax").by == staff


def test_both_rows_tell_of_it(staff: User, two_systems: dict[str, Any]) -> None:
    it = merge("systemer", "S1", "S2", staff)
    back = undo(it, staff)
    told = history_of(LISTS["systemer"], LISTS["systemer"].find("S2"), with_people=False)
    assert [(e.change, e.merged, e.unmerged) for e in told if e.change] == [
        (back, [], ["S1"]),
        (it, ["S1"], []),
    ]


def test_undoing_takes_all_of_it_back(staff: User, two_systems: dict[str, Any]) -> None:
    done_ = merge("systemer", "S1", "S2", staff)
    back = undo(done_, staff)
    assert systems() == two_systems
    assert back.found == {"kept": []}
    undo(CatalogueChange.objects.get(pk=back.pk), staff)
    assert systems()["numbers"] == ["S2", "S2", "S2"]


def test_undoing_leaves_what_was_changed_since(staff: User, two_systems: dict[str, Any]) -> None:
    it = merge("systemer", "S1", "S2", staff)
    SystemMap.objects.filter(system__code="S2", medcom_system="Novax").update(accepted=True)
    first = LocationNumber.objects.order_by("pk")[0]
    third = builders.code(System, "S3")
    carry_out(changes.plan(locations=numbers(first), by=staff, system=third, vendor=first.vendor))
    back = undo(it, staff)
    assert back.found == {"kept": [["S1", "maps"]]}
    assert back.change_set and back.change_set.counts["kept"] == [(first.gln, "system")]
    assert systems()["numbers"] == ["S3", "S1", "S2"]
    assert words("S1") == {"Clinea (LPS)": True, "Begge": True, "Omstridt": True}
    assert words("S2") == {"Begge": True, "Omstridt": False, "Novax": True}


def test_the_numbers_alone_can_be_undone_and_the_row_after_them(
    staff: User, two_systems: dict[str, Any]
) -> None:
    it = merge("systemer", "S1", "S2", staff)
    assert it.change_set
    carry_out(changes.plan_undo(it.change_set, by=staff))
    assert systems() == {
        "numbers": two_systems["numbers"],
        "rows": {"S1": ("S2", TODAY()), "S2": None},
        "maps": MERGED_MAPS,
    }
    assert undo(it, staff).change_set is None
    assert systems() == two_systems


def test_a_draft_that_is_dropped_or_too_old_leaves_the_row_as_it_was(
    staff: User, two_systems: dict[str, Any]
) -> None:
    dropped, old = plan("systemer", "S1", "S2", staff), plan("systemer", "S1", "S2", staff)
    assert dropped.change_set and dropped.change_set.cancel()
    expire_plans(before=timezone.now() + timedelta(minutes=1))
    states = CatalogueChange.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [State.CANCELLED, State.EXPIRED]
    assert [done(dropped), done(old)] == [State.CANCELLED, State.EXPIRED]
    assert systems() == two_systems


def test_a_merge_without_numbers_expires_too(staff: User) -> None:
    for code in ("S1", "S2"):
        builders.code(System, code)
    planned = plan("systemer", "S1", "S2", staff)
    expire_plans(before=timezone.now() + timedelta(minutes=1))
    with pytest.raises(Refused, match="allerede"):
        catalogue.apply(planned)
    assert CatalogueChange.objects.get().state == State.EXPIRED


def change_a_number(by: User) -> None:
    number = LocationNumber.objects.order_by("pk")[0]
    carry_out(changes.plan(locations=numbers(number), by=by, note="Flyttet"))


def change_the_map(by: User) -> None:
    SystemMap.objects.filter(system__code="S1", medcom_system="Novax").update(accepted=True)


def give_a_number(by: User) -> None:
    builders.location(system="S1")


def retire_the_other(by: User) -> None:
    System.objects.filter(code="S2").update(retired_on=TODAY())


def retire_the_row(by: User) -> None:
    System.objects.filter(code="S1").update(retired_on=TODAY())


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        (change_a_number, r"er ændret, siden dette blev planlagt"),
        (change_the_map, r"siden dette blev planlagt: S1\."),
        (give_a_number, "1 lokationsnummer mere har fået S1"),
        (retire_the_other, "S2 er selv udgået eller erstattet"),
        (retire_the_row, r"siden dette blev planlagt: S1\."),
    ],
)
def test_a_plan_that_others_overtook_is_refused_whole(
    staff: User, two_systems: dict[str, Any], meanwhile: Any, why: str
) -> None:
    planned = plan("systemer", "S1", "S2", staff)
    meanwhile(staff)
    before = systems()
    assert done(planned) == State.REFUSED
    planned.refresh_from_db()
    assert planned.change_set
    planned.change_set.refresh_from_db()
    assert systems() == before
    assert planned.message == planned.change_set.message
    with pytest.raises(Refused, match=why):
        raise Refused(planned.message)


def test_of_two_merges_of_one_row_the_first_goes_and_the_other_is_told(
    staff: User, two_systems: dict[str, Any]
) -> None:
    builders.code(System, "S3")
    first, second = plan("systemer", "S1", "S2", staff), plan("systemer", "S1", "S3", staff)
    assert [done(first), done(second)] == [State.DONE, State.REFUSED]
    with pytest.raises(Refused, match="S1 er allerede erstattet af S2"):
        plan("systemer", "S1", "S3", staff)


@pytest.mark.parametrize("others", ["S3", "S1"])
@pytest.mark.parametrize("held", [True, False])
def test_a_row_that_is_merged_meanwhile_takes_no_others_place(staff: User, others: str, held: bool) -> None:
    """S1 → S2 while S2 → S3, and while S2 → S1; with numbers to move, and without."""
    for code in ("S1", "S2", "S3"):
        builders.code(System, code)
        if held:
            builders.location(system=code)
    first, second = plan("systemer", "S1", "S2", staff), plan("systemer", "S2", others, staff)
    assert done(second) == State.DONE
    if held:
        assert done(first) == State.REFUSED
    else:
        with pytest.raises(Refused, match="S2 er selv udgået eller erstattet"):
            done(first)
    assert systems()["rows"]["S1"] is None


def test_numbers_that_come_to_a_row_that_is_itself_being_merged_are_not_left_behind(staff: User) -> None:
    for code in ("S1", "S2", "S3"):
        builders.location(system=code)
    first, second = plan("systemer", "S1", "S2", staff), plan("systemer", "S2", "S3", staff)
    assert [done(first), done(second)] == [State.DONE, State.REFUSED]
    assert systems()["numbers"] == ["S2", "S2", "S3"]
    merge("systemer", "S2", "S3", staff)
    s1 = LISTS["systemer"].find("S1")
    assert (systems()["numbers"], row_merges.final(s1).code) == (["S3", "S3", "S3"], "S3")


def test_the_people_of_an_edi_administrator_and_what_is_shared_with_them_move(staff: User) -> None:
    anna = builders.user("anna", administrators=["102"])
    bo = builders.user("bo", administrators=["102", "106"])
    number = builders.location(edi_administrator="102")
    builders.code(EdiAdministrator, "106")
    shared = SavedSearch.objects.create(
        name="Aktive", query="status=aktiv", by=anna, shared_with=number.edi_administrator
    )

    def standing() -> Any:
        people = {row.code: {u.username for u in row.users.all()} for row in EdiAdministrator.objects.all()}
        shared.refresh_from_db()
        editable = [LocationNumber.objects.editable_by(one).count() for one in (anna, bo)]
        return people, shared.shared_with and shared.shared_with.code, editable

    before = standing()
    it = merge("edi-administratorer", "102", "106", staff)
    assert standing() == ({"102": set(), "106": {"anna", "bo"}}, "106", [1, 1])
    undo(it, staff)
    assert standing() == before == ({"102": {"anna", "bo"}, "106": {"bo"}}, "102", [1, 1])


def test_people_and_searches_that_have_gone_on_since_do_not_come_back(staff: User) -> None:
    anna = builders.user("anna", administrators=["102"])
    one, other = builders.code(EdiAdministrator, "102"), builders.code(EdiAdministrator, "106")
    assert one and other
    shared = SavedSearch.objects.create(name="Aktive", by=anna, shared_with=one)
    it = merge("edi-administratorer", "102", "106", staff)
    other.users.clear()
    SavedSearch.objects.update(shared_with=None)
    back = undo(it, staff)
    shared.refresh_from_db()
    assert ([*one.users.all()], shared.shared_with) == ([], None)
    assert back.found == {"kept": [["102", "people"], ["102", "searches"]]}


@pytest.mark.parametrize("slug", ["vans", "leverandoerer"])
def test_other_lists_move_the_numbers_alone(staff: User, slug: str) -> None:
    lists = LISTS[slug]
    number = builders.location(**{lists.column: "gammel"})
    builders.code(lists.model, "ny")
    it = merge(slug, "gammel", "ny", staff)
    assert [row["key"] for row in it.rows] == [["gammel"]]
    number.refresh_from_db()
    assert getattr(number, lists.column).code == "ny"
