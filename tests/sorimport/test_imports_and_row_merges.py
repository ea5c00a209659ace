"""A row of a code list is merged into another, and SOR goes on naming it; merges at the same time as imports."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from locations import changes, deviations, row_merges
from locations.code_lists import LISTS
from locations.models import (
    CatalogueChange,
    ChangeSet,
    EdiAdministrator,
    LocationNumber,
    System,
)
from soredi.jobs import State
from soredi.models import User
from tests import builders
from tests.sorimport.extracts import Row, extract, gln, import_once, import_twice, loc, write
from tests.sorimport.test_at_once import at_once

pytestmark = pytest.mark.usefixtures("committed_db")

OTHER: Row = {"SystemTypeId": "21", "SystemTypeName": "Novax"}


def planned(slug: str, row: str, to: str, by: User) -> ChangeSet:
    lists = LISTS[slug]
    made = row_merges.plan(
        code_list=lists, row=lists.find(row), to=lists.find(to), on=timezone.localdate(), by=by, reason="En"
    )
    assert made.change_set
    return made.change_set


def systems() -> dict[str, str | None]:
    return {
        number.gln: number.system and number.system.code
        for number in LocationNumber.objects.select_related("system")
    }


def test_an_import_keeps_what_a_merge_moved_and_says_so_once(folder: Path) -> None:
    """SOR still says 20 of the first two; it gives 20 to a new number, and moves the second to 21 later."""
    staff = builders.user("staff", staff=True)
    import_twice(write(extract([loc(1), loc(2), loc(3, **OTHER)]), folder))
    planned("systemer", "20", "21", staff).run_here(changes.apply)
    run = import_twice(write(extract([loc(1, SorNote="Ny"), loc(2), loc(3, **OTHER), loc(4)]), folder))
    assert systems() == {gln(1): "21", gln(2): "21", gln(3): "21", gln(4): "20"}
    assert (run.counts["locations"]["changed"], run.problems.count()) == (1, 0)
    merged = System.objects.get(code="20")
    assert (merged.replaced_by and merged.replaced_by.code, merged.retired_on) == ("21", timezone.localdate())
    asked = deviations.Asked(LocationNumber.objects.all())
    assert [(row.gln, row.ours, row.sors, row.both) for row in deviations.rows(asked, 0, 9)] == [
        (gln(1), "Novax / CGM", "XMO / CGM", False),
        (gln(2), "Novax / CGM", "XMO / CGM", False),
    ]
    import_twice(write(extract([loc(1), loc(2, **OTHER), loc(3, **OTHER), loc(4)]), folder))
    assert [row.gln for row in deviations.rows(asked, 0, 9)] == [gln(1)]


def test_numbers_stay_with_the_edi_administrator_that_another_was_merged_into(folder: Path) -> None:
    staff, anna = builders.user("staff", staff=True), builders.user("anna", administrators=["102"])
    builders.code(EdiAdministrator, "106")
    import_twice(write(extract([loc(1)]), folder))
    planned("edi-administratorer", "102", "106", staff).run_here(changes.apply)
    import_twice(write(extract([loc(1), loc(2)]), folder))
    editable = LocationNumber.objects.editable_by(anna)
    assert [number.gln for number in editable] == [gln(1)]  # the new one waits to be moved


def test_of_two_merges_of_one_row_at_once_one_goes_and_the_other_is_told(folder: Path) -> None:
    staff = builders.user("staff", staff=True)
    import_once(write(extract([loc(n) for n in range(1, 60)]), folder))
    for code in ("21", "22"):
        builders.code(System, code)
    drafts = [planned("systemer", "20", to, staff) for to in ("21", "22")]
    ChangeSet.objects.filter(pk__in=[it.pk for it in drafts]).update(
        state=State.QUEUED, queued_at=timezone.now()
    )
    ended = at_once(*(lambda pk=it.pk: ChangeSet.run(pk, changes.apply) for it in drafts))
    assert sorted(it.state for it in ended) == [State.DONE, State.REFUSED]
    done = next(it for it in ended if it.state == State.DONE)
    to = CatalogueChange.objects.get(change_set=done).found["to"]
    assert set(systems().values()) == {to}
    assert set(CatalogueChange.objects.values_list("state", flat=True)) == {State.DONE, State.REFUSED}


def test_an_import_and_a_merge_do_not_stop_each_other(folder: Path) -> None:
    """Four rounds; the import writes in the numbers and the code list that are merged."""
    staff = builders.user("staff", staff=True)
    numbers = [loc(n) for n in range(1, 150)]
    import_once(write(extract(numbers), folder))
    at = "20"
    for turn in range(4):
        to = builders.code(System, f"3{turn}")
        assert to
        write(
            extract([row | {"SorNote": f"{turn}", "SystemTypeName": f"XMO {turn}"} for row in numbers]),
            folder,
        )
        draft = planned("systemer", at, to.code, staff)
        ChangeSet.objects.filter(pk=draft.pk).update(state=State.QUEUED, queued_at=timezone.now())
        run, ended = at_once(
            lambda: import_once(folder), lambda pk=draft.pk: ChangeSet.run(pk, changes.apply)
        )
        assert run.state == "done", run.message
        # An import that was first has made the plan stale; what was refused is planned again.
        if ended.state == State.REFUSED:
            ended = planned("systemer", at, to.code, staff).run_here(changes.apply)
        assert ended.state == State.DONE, ended.message
        assert set(systems().values()) == {to.code}
        at = to.code
