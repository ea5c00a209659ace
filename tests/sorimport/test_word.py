"""An administrator's word goes for what was shown, and a file that is cut off is not taken for a whole one."""

from pathlib import Path

import pytest

from locations.models import LocationNumber
from sorimport import actions
from sorimport.models import ImportRun
from tests.sorimport.extracts import LOCATIONS, extract, import_once, import_twice, loc, write

pytestmark = pytest.mark.usefixtures("committed_db")


def waiting_run(folder: Path) -> ImportRun:
    import_twice(write(extract([loc(number) for number in range(1, 41)]), folder))
    run = import_once(write(extract([loc(number) for number in range(1, 38)]), folder))
    assert run.state == "waiting"
    ImportRun.objects.filter(pk=run.pk).update(accept_closures=True)
    return run


def open_numbers() -> int:
    return LocationNumber.objects.filter(to_date=None).count()


def test_other_files_than_those_shown_are_not_imported(tmp_path: Path) -> None:
    folder = tmp_path / "extract"
    run = waiting_run(folder)
    write(extract([loc(number) for number in range(1, 11)]), folder)
    assert run.run_here(actions.run_import).state == "failed"
    assert open_numbers() == 40


def test_an_older_extract_does_not_go_over_a_newer_one(tmp_path: Path) -> None:
    run = waiting_run(tmp_path / "old")
    import_once(write(extract([loc(number) for number in range(1, 42)]), tmp_path / "new"))
    assert run.run_here(actions.run_import).state == "failed"
    assert open_numbers() == 41


def test_a_file_that_ends_in_the_middle_of_a_row_is_cut_off(tmp_path: Path) -> None:
    folder = tmp_path / "extract"
    files = extract([loc(1), loc(2)])
    import_twice(write(files, folder))
    whole = files[LOCATIONS].rstrip(b"\r\n")
    write(files | {LOCATIONS: whole[: whole.rindex(b"\n") + 20]}, folder)
    run = import_once(folder)
    assert (run.state, LOCATIONS in str(run.message), open_numbers()) == ("failed", True, 2)
