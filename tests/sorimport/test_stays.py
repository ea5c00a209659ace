"""Where a number is when: moves, closures, and numbers that are gone from the extract."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from locations.models import LocationNumber
from sorimport.models import ImportRun
from tests.sorimport import extracts
from tests.sorimport.extracts import LOCATIONS, extract, gln, import_once, import_twice, loc, problems, write
from tests.sorimport.imported import YESTERDAY, counts, number, place, said, stays

pytestmark = pytest.mark.usefixtures("committed_db")


def test_a_number_that_moves_leaves_its_unit_the_day_before(folder: Path) -> None:
    units = [{"SorId": "1"}, {"SorId": "2"}]
    import_twice(write(extract([loc(1)], units=units), folder))
    run = import_twice(write(extract([loc(1, SorId="2", FromDate="2021-03-01")], units=units), folder))
    assert counts(run)["locations"] == [0, 1, 0, 0]
    assert run.change_set is None, "no profile moved"
    assert stays(1) == [("1", "2010-01-01", "2021-03-01"), ("2", "2021-03-01", None)]
    back = loc(1, SorId="1", FromDate="2022-01-01")
    import_twice(write(extract([back], units=units), folder))
    assert stays(1) == [
        ("1", "2010-01-01", "2021-03-01"),
        ("2", "2021-03-01", "2022-01-01"),
        ("1", "2022-01-01", None),
    ]


def test_a_move_that_sor_dates_before_the_stay_corrects_it(folder: Path) -> None:
    units = [{"SorId": "1"}, {"SorId": "2"}]
    import_twice(write(extract([loc(1)], units=units), folder))
    import_twice(write(extract([loc(1, SorId="2")], units=units), folder))
    assert stays(1) == [("2", "2010-01-01", None)]


def test_a_number_that_is_closed_ends_on_its_last_day(folder: Path) -> None:
    others = [loc(serial) for serial in range(2, 30)]
    import_twice(write(extract([loc(1), *others]), folder))
    closed = loc(1, ToDate="2021-12-31", FromDate="2021-12-01")
    run = import_twice(write(extract([closed, *others]), folder))
    assert counts(run)["locations"] == [0, 0, 1, 28]
    assert (place(1)[-1], stays(1)) == ("2021-12-31", [("1", "2010-01-01", "2022-01-01")])
    reopened = loc(1, FromDate="2023-01-01")
    run = import_twice(write(extract([reopened, *others]), folder))
    assert counts(run)["locations"] == [0, 1, 0, 28]
    assert place(1)[-1] is None
    assert stays(1) == [("1", "2010-01-01", "2022-01-01"), ("1", "2023-01-01", None)]


def test_a_number_that_is_gone_is_closed_and_listed(folder: Path) -> None:
    numbers = [loc(serial) for serial in range(1, 31)]
    import_twice(write(extract(numbers, pairs={gln(1): "501"}), folder))
    run = import_twice(write(extract(numbers[1:]), folder))
    assert counts(run)["locations"] == [0, 0, 1, 29]
    assert problems(run) == [(LOCATIONS, 0, "missing", gln(1))]
    assert (number(1).to_date, said(number(1))["edi_types"]) == (YESTERDAY, ["501"])
    assert stays(1) == [("1", "2010-01-01", str(YESTERDAY + timedelta(days=1)))]
    back = import_twice(write(extract(numbers, pairs={gln(1): "501"}), folder))
    assert counts(back)["locations"] == [0, 1, 0, 29]
    assert (number(1).to_date, stays(1)) == (None, [("1", "2010-01-01", None)])


def test_closing_more_than_five_percent_waits_for_a_word(folder: Path) -> None:
    numbers = [loc(serial) for serial in range(1, 41)]
    import_twice(write(extract(numbers), folder))
    before = extracts.everything()
    write(extract(numbers[3:]), folder)
    waiting = import_once(folder)
    assert (waiting.state, waiting.change_set, problems(waiting)) == ("waiting", None, [])
    assert "3" in str(waiting.message) and "40" in str(waiting.message)
    assert waiting.counts["locations"] == {"new": 0, "changed": 0, "closed": 3, "unchanged": 37}
    assert extracts.everything() == before
    ImportRun.objects.filter(pk=waiting.pk).update(accept_closures=True)
    waiting.refresh_from_db()
    from sorimport import actions

    accepted = waiting.run_here(actions.run_import)
    assert (accepted.state, accepted.message, counts(accepted)["locations"]) == ("done", "", [0, 0, 3, 37])
    assert LocationNumber.objects.filter(to_date=YESTERDAY).count() == 3


def test_closing_just_five_percent_passes(folder: Path) -> None:
    numbers = [loc(serial) for serial in range(1, 41)]
    import_twice(write(extract(numbers), folder))
    assert counts(import_twice(write(extract(numbers[2:]), folder)))["locations"] == [0, 0, 2, 38]


def test_the_rows_of_a_number_that_moved_are_its_stays(folder: Path) -> None:
    units = [{"SorId": "1"}, {"SorId": "2"}]
    rows = [
        loc(1, SorId="1", FromDate="2010-01-01", ToDate="2019-12-31"),
        loc(1, SorId="2", FromDate="2020-01-01"),
        loc(1, SorId="1", FromDate="2090-01-01"),
    ]
    rows[1]["ToDate"] = "2089-12-31"
    run = import_twice(write(extract(rows, units=units), folder))
    assert (counts(run)["locations"], problems(run)) == ([1, 0, 0, 0], [])
    assert place(1) == ("2", "1084", "2010-01-01", "2020-01-01", "2089-12-31")
    assert stays(1) == [
        ("1", "2010-01-01", "2020-01-01"),
        ("2", "2020-01-01", "2090-01-01"),
        ("1", "2090-01-01", None),
    ]
    told = stays(1)
    rows[1]["RegionCode"] = "1085"
    import_twice(write(extract(rows, units=units), folder))
    assert (place(1)[1], stays(1)) == ("1085", told)


def test_a_move_without_a_date_is_a_move_today(folder: Path) -> None:
    units = [{"SorId": "1"}, {"SorId": "2"}]
    import_twice(write(extract([loc(1, FirstFromDate="", FromDate="")], units=units), folder))
    assert stays(1) == [("1", None, None)]
    import_twice(write(extract([loc(1, SorId="2", FirstFromDate="", FromDate="")], units=units), folder))
    today = str(YESTERDAY + timedelta(days=1))
    assert stays(1) == [("1", None, today), ("2", today, None)]
