"""Whose numbers a mass update may change, and what it tells of those of others: nothing but that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from locations.models import ChangeSet, LocationNumber
from locations.models.change import Source
from massupdate import actions, tasks
from massupdate.models import MassUpdate
from tests.builders import user
from tests.massupdate.running import NOBODYS, ONE, THREE, TWO, Run, sets

pytestmark = pytest.mark.django_db
YESTERDAY = timezone.localdate() - timedelta(days=1)


@pytest.fixture(autouse=True)
def people(db: None) -> None:
    user("anna", administrators=["102"])
    user("bo", administrators=["102", "116"])
    user("carl")
    user("root", staff=True)


@pytest.mark.parametrize(
    ("who", "refused"),
    [
        ("anna", {TWO, THREE}),
        ("bo", {THREE}),
        ("carl", {ONE, TWO, THREE}),
        ("root", set()),
        (None, set()),
    ],
)
def test_a_user_changes_the_numbers_of_its_edi_administrators_and_an_administrator_all(
    mass_update, number, who: str | None, refused: set[str]
) -> None:
    number(ONE, edi_administrator="102")
    number(TWO, edi_administrator="116")
    number(THREE, edi_administrator=None)
    options = ["--user", who] if who else []
    answer = mass_update(f"{ONE};1001\r\n{TWO};1001\r\n{THREE};1001\r\n", "--apply", *options)
    lines = {ONE: 2, TWO: 3, THREE: 4}
    assert answer.errors == [
        (lines[gln], "not_permitted", gln) for gln in (ONE, TWO, THREE) if gln in refused
    ]
    assert answer.exit_code == bool(refused)
    assert sets() == dict.fromkeys((ONE, TWO, THREE), "" if refused else "1001")


@pytest.mark.parametrize(
    "fields",
    [
        {"sor_ids": ""},
        {"sor_ids": "1001"},
        {"sor_ids": "1001 1002"},  # as the file says
        {"sor_ids": "1003 1004 1005"},
        {"sor_ids": "1005", "inactive": True},
        {"sor_ids": "1005", "to_date": YESTERDAY},
        {"sor_ids": "1005", "edi_administrator": None},
    ],
)
@pytest.mark.parametrize(
    "pairs",
    [
        ["1001", "1002"],
        ["", ""],
        ["1001", "1001"],
        ["1006", "1003"],
        ["1003", "1004"],
        ["1001", ""],
    ],
)
def test_nothing_is_told_of_anothers_number_but_that_it_is_anothers(
    mass_update: Run, number: Callable[..., LocationNumber], fields, pairs: list[str]
) -> None:
    """Whatever stands on it, and whatever the file says of it."""
    number(ONE, "1001 1002")
    number(TWO, **{"edi_administrator": "116"} | fields)
    lines = "".join(f"{TWO};{key}\r\n" for key in pairs)
    answer = mass_update(f"{ONE};1001\r\n{ONE};1002\r\n{lines}", "--user", "anna", "--apply")
    assert answer.errors == [(4, "not_permitted", TWO), (5, "not_permitted", TWO)]
    assert answer.warnings == []
    assert answer.outcome == (1, "refused", 2, 0, 0, 0)


def test_of_another_number_that_is_told_apart_only_whether_we_hold_it(mass_update, number) -> None:
    number(ONE, edi_administrator="116")
    number("5790000000099", edi_administrator="116")
    answer = mass_update(f"{ONE};1001\r\n{NOBODYS};1001\r\n5790000000099;1\r\n", "--user", "anna")
    assert answer.errors == [
        (2, "not_permitted", ONE),
        (3, "unknown_location", NOBODYS),
        (4, "not_permitted", "5790000000099"),
        (4, "unknown_edi_type", "1"),
    ]


def test_rights_are_those_at_the_time_of_the_check(number, tmp_path) -> None:
    """A file may wait for a worker; the one who handed it in may be shut out meanwhile."""
    number(ONE, "1001")
    path = tmp_path / "mine.csv"
    path.write_text(f"Loknr;EdiId\n{ONE};1002\n{ONE};1001\n")
    answers = []
    for shut_out in (False, True):
        anna = user(f"anna{shut_out}", administrators=["102"])
        with path.open("rb") as file:
            update = actions.hand_in(file=file, name="mine.csv", by=anna)
        anna.is_active = not shut_out
        anna.save()
        MassUpdate.objects.filter(pk=update.pk).update(state="queued")
        tasks.check(update.pk)
        update.refresh_from_db()
        answers.append((update.state, [(f.line, f.code) for f in update.findings.all()]))
    assert answers == [("done", []), ("refused", [(2, "not_permitted"), (3, "not_permitted")])]
    assert ChangeSet.objects.exclude(source=Source.IMPORT).count() == 1
