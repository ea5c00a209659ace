"""Each location number in the file ends with exactly the file's set; the others are untouched."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from locations import changes
from locations.exports import Export
from locations.models import ChangeSet, EdiType, LocationNumber, LocationVersion
from massupdate.models import MassUpdate
from tests.builders import location, user
from tests.massupdate.running import FIVE, FOUR, ONE, THREE, TWO, sets

pytestmark = pytest.mark.django_db


def profiles() -> list[dict[str, Any]]:
    """Every column of every location number."""
    return list(LocationNumber.objects.order_by("gln").values())


def exported() -> bytes:
    return b"".join(Export(LocationNumber.objects.all(), "massupdate"))


def test_numbers_in_the_file_get_its_set_and_nothing_else_of_anybody_changes(mass_update, number) -> None:
    number(ONE, "1001 1002", note="first", vans="MultiMed", system="XMO", vendor="CGM", only_internal=True)
    number(TWO, "1001")
    number(THREE, "1003 1005")
    before = profiles()
    answer = mass_update(f"{THREE};1005\r\n{ONE};1003\r\n{ONE};1001\r\n{THREE};1003\r\n", "--apply")
    assert (answer.errors, answer.warnings) == ([], [])
    assert answer.outcome == (0, "done", 2, 1, 1, 1)
    after = profiles()
    assert sets() == {ONE: "1001 1003", TWO: "1001", THREE: "1003 1005"}
    moved = {"edi_types", "version_id"}
    assert [{key for key in old if old[key] != new[key]} for old, new in zip(before, after, strict=True)] == [
        moved,
        set(),
        set(),
    ]


def test_what_was_done_is_a_change_set_of_the_one_who_did_it(mass_update, number) -> None:
    number(ONE, "1001")
    anna = user("anna", administrators=["102"])
    answer = mass_update(f"{ONE};1001\r\n{ONE};1002\r\n", "--apply", "--user", "anna", name="Nye typer.csv")
    done = ChangeSet.objects.get(pk=answer.summary["change_set"])
    assert (done.source, done.by, done.reason, done.mass_update.by) == (
        "massupdate",
        anna,
        "Nye typer.csv",
        anna,
    )
    version = LocationNumber.objects.get(gln=ONE).version
    assert (version.change_set, version.applied_at) == (done, done.finished_at)


def test_without_apply_nothing_changes_and_the_plan_can_be_carried_out_later(mass_update, number) -> None:
    number(ONE, "1001")
    before = profiles()
    answer = mass_update(f"{ONE};1002\r\n{ONE};1001\r\n")
    assert (answer.outcome, profiles()) == ((0, "draft", 1, 1, 1, 0), before)
    draft = ChangeSet.objects.get(pk=answer.summary["change_set"])
    assert draft.run_here(changes.apply).state == "done"
    assert sets() == {ONE: "1001 1002"}


def test_the_same_file_again_changes_nothing(mass_update, number) -> None:
    number(ONE, "1001")
    number(TWO, "1001 1002 1003")
    lines = f"{ONE};1002\r\n{ONE};1006\r\n{TWO};\r\n"
    first = mass_update(lines, "--apply", "--accept-warnings")
    assert first.outcome == (0, "done", 2, 2, 2, 4)
    versions = LocationVersion.objects.count()
    again = mass_update(lines, "--apply")
    assert (again.outcome, again.warnings) == ((0, "done", 2, 0, 0, 0), [])
    assert LocationVersion.objects.count() == versions
    assert MassUpdate.objects.values("sha256").distinct().count() == 1


def test_an_export_that_comes_back_changes_nothing_and_is_warned_of_nowhere(
    mass_update, number, types: dict[str, EdiType]
) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    location(ONE, edi_types=[types[key] for key in ("1001", "1003", "1004", "1006", "PRE01 LMS016")])
    number(TWO)
    number(THREE, "1002 1007 FDIS91", to_date=yesterday)
    number(FOUR, "1005", inactive=True)
    number(FIVE, "", to_date=yesterday, inactive=True)
    number("5744008360227", "1001", edi_administrator=None, first_from_date=yesterday + timedelta(days=9))
    number("5790000000099", "1002")  # wrong check digit
    before, file = profiles(), exported()
    answer = mass_update(file, "--apply")
    assert (answer.errors, answer.warnings, answer.outcome) == ([], [], (0, "done", 7, 0, 0, 0))
    assert (profiles(), exported()) == (before, file)


def test_what_came_of_a_mass_update_is_what_an_export_then_says(mass_update, number) -> None:
    number(ONE, "1001")
    number(TWO, "1002")
    number(THREE, "1003")
    file = f"\ufeffLoknr;EdiId\r\n{ONE};1002\r\n{ONE};1001\r\n{TWO};\r\n{THREE};1003\r\n".encode()
    mass_update(file, "--apply", "--accept-warnings")
    # By number, then by code and version.
    assert (
        exported() == f"\ufeffLoknr;EdiId\r\n{ONE};1002\r\n{ONE};1001\r\n{TWO};\r\n{THREE};1003\r\n".encode()
    )


GLNS = [ONE, TWO, THREE, FOUR, FIVE]
# Each type in spellings that mean it and nothing else.
SPELLINGS = {
    "1001": ["1001", "DIS91", "dis91", "DIS91 D9134L", "Dis91  (d9134L)", '="1001"'],
    "1002": ["1002", "DIS20", "DIS20 D2034L", "dis20\u00a0(D2034L)", "'1002"],
    "1003": ["1003", "REF06 H0630R", "ref06 (h0630r)"],
    "1004": ["1004", "REF06 H0631R", " REF06  H0631R "],
    "1006": ["1006", "DIS20 D2030L"],
    "FDIS91": ["FDIS91", "fdis91"],
    "": ["", " ", "\u00a0"],
}
SHAPES = ["{0}", " {0} ", "'{0}", '="{0}"', "{1} {2}", "{1}\u00a0{2}"]


@st.composite
def line(draw: Any) -> tuple[str, str, str]:
    """(gln, type, the line as somebody may write it with ; between)."""
    gln, meant = draw(st.sampled_from(GLNS)), draw(st.sampled_from(sorted(SPELLINGS)))
    shape, quoted = draw(st.sampled_from(SHAPES)), draw(st.booleans())
    cells = [shape.format(gln, gln[:4], gln[4:]), draw(st.sampled_from(SPELLINGS[meant]))]
    if quoted:
        cells = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    return gln, meant, ";".join(cells)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    start=st.lists(st.sets(st.sampled_from(sorted(SPELLINGS)[1:])), min_size=5, max_size=5),
    lines=st.lists(line(), min_size=1, max_size=12),
)
def test_whatever_pairs_in_whatever_spelling_and_order_the_result_is_the_sets_of_the_file(
    mass_update, types, start: list[set[str]], lines: list[tuple[str, str, str]]
) -> None:
    have = dict(zip(GLNS, (" ".join(sorted(one)) for one in start), strict=True))
    wanted: dict[str, set[str]] = defaultdict(set)
    for gln, meant, _spelt in lines:
        wanted[gln] |= {meant} - {""}
    with transaction.atomic():  # each example from the same start
        for gln in GLNS:
            location(gln, edi_types=[types[key] for key in have[gln].split()])
        answer = mass_update("\r\n".join(spelt for *_pair, spelt in lines), "--apply", "--accept-warnings")
        after = sets()
        transaction.set_rollback(True)
    goal = have | {gln: " ".join(sorted(keys)) for gln, keys in wanted.items()}
    assert (answer.errors, after) == ([], goal)
    assert answer.outcome == (
        0,
        "done",
        len(wanted),
        sum(have[gln] != goal[gln] for gln in GLNS),
        sum(len(set(goal[gln].split()) - set(have[gln].split())) for gln in GLNS),
        sum(len(set(have[gln].split()) - set(goal[gln].split())) for gln in GLNS),
    )
    repeated = [finding for finding in answer.warnings if finding[1] == "duplicate_line"]
    assert len(repeated) == len(lines) - sum(max(1, len(keys)) for keys in wanted.values())
