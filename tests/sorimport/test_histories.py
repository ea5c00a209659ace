"""Whatever order SOR moves, closes, reopens and corrects numbers in, each import comes in and adds up."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from django.db.models import Q
from django.utils import timezone

from locations.models import Assignment, LocationNumber
from tests.sorimport.extracts import LOCATIONS, extract, gln, import_twice, problems, write

pytestmark = pytest.mark.usefixtures("committed_db")
DAYS = ["2010-01-01", "2012-06-30", "2015-01-01", "2015-01-02", "2021-03-01", "2090-01-01"]


def some_rows(random: random.Random, serial: int) -> list[dict[str, str]]:
    """No row, one or two of a number: any unit, known or not, any dates, in order or not."""
    rows = []
    for _ in range(random.choice([0, 1, 1, 1, 1, 2])):
        first, since = random.choice(["", *DAYS]), random.choice(["", *DAYS])
        rows.append(
            {
                "EanLocationCode": gln(serial),
                "SorId": random.choice(["1", "2", "3", "9"]),
                "FirstFromDate": min(first, since),
                "FromDate": max(first, since),
                "ToDate": random.choice(["", "", *DAYS]),
            }
        )
    return rows


@pytest.mark.parametrize("seed", range(3))
def test_any_history_of_extracts_comes_in(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    units = [{"SorId": "1"}, {"SorId": "2"}, {"SorId": "3"}]
    for _step in range(6):
        rows = [row for serial in range(1, 9) for row in some_rows(chance, serial)]
        files = extract([*rows, {"EanLocationCode": gln(99)}], units=units)
        run = import_twice(write(files, tmp_path), accept_closures=True)
        refused = {line for _file, line, code, _value in problems(run) if code in ("bad_period", "two_units")}
        told = {row["EanLocationCode"] for line, row in enumerate(rows, start=2) if line not in refused}
        today = timezone.localdate()
        valid = (
            LocationNumber.objects.filter(gln__in=told)
            .exclude(unit=None)
            .begun_on(today)
            .not_closed_on(today)
        )
        for number in valid.exclude(from_date__gt=today):
            stays = Assignment.objects.filter(location=number)
            where = f"{number} in {files[LOCATIONS].decode()}\n{[(s.unit.sor_id, s.period) for s in stays]}"
            assert stays.filter(period__contains=today, unit=number.unit).exists(), where
    assert not LocationNumber.objects.filter(~Q(gln=gln(99)), version=None).exists()
