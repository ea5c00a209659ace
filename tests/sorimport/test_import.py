"""What an import makes of an extract. Each extract is imported twice; the second time changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from locations import changes
from locations.models import ChangeSet, EdiType, LocationNumber, SorUnit, Vans
from sorimport.synthetic import make_extract
from tests.builders import code
from tests.sorimport import extracts
from tests.sorimport.extracts import (
    DAILY,
    LOCATIONS,
    PAIRS,
    TYPES,
    UNITS,
    csv_bytes,
    extract,
    gln,
    import_once,
    import_twice,
    loc,
    problems,
    write,
    zipped,
)
from tests.sorimport.imported import counts, number, place, said, stays

pytestmark = pytest.mark.usefixtures("committed_db")


FIRST = {"vans": "30", "system": "20", "vendor": "10", "edi_administrator": "102"}


def test_a_first_import_takes_the_whole_profile_from_sor(folder: Path) -> None:
    files = extract(
        [
            loc(1, SorNote="Kun julen", NonActiveIndicator="true", OnlyInternalIndicator="1"),
            loc(2, CommunicationSupplierId="", SystemTypeId="", SystemSupplierId="", EdiAdministratorId=""),
        ],
        units=[{"SorId": "1", "EntityName": "Ærø Lægehus", "PrioritizedEntitySpeciality1Id": "408"}],
        pairs={gln(1): "502 501"},
    )
    run = import_twice(write(files, folder))
    assert counts(run) == {"units": [1, 0, 0, 0], "locations": [2, 0, 0, 0]}
    assert (run.counts["edi_links"], run.counts["problems"], problems(run)) == (2, 0, [])
    assert said(number(1)) == FIRST | {
        "edi_types": ["501", "502"],
        "note": "Kun julen",
        "inactive": True,
        "only_internal": True,
    }
    assert said(number(2)) == {}
    assert number(1).version == number(1).sor_version
    assert place(1) == ("1", "1084", "2010-01-01", "2010-01-01", None)
    assert stays(1) == [("1", "2010-01-01", None)]
    assert (number(1).version.applied_at, number(1).version.change_set) == (
        run.change_set.finished_at,  # type: ignore[union-attr]
        run.change_set,
    )
    assert Vans.objects.get(code="30").name == "KMD"
    assert {t.sor_id: (str(t), t.name, t.standard) for t in EdiType.objects.all()} == {
        "501": ("DIS91 D9134L", "Besked DIS91", "edifact"),
        "502": ("CTL01 K0130K", "Besked CTL01", "edifact"),
        "503": ("FDIS91", "Besked FDIS91", "fhir"),
    }


def test_a_later_import_changes_place_and_merges_what_sor_says_of_the_profile(folder: Path) -> None:
    units = [{"SorId": "1"}, {"SorId": "2", "EntityName": "Afsnit B"}]
    write(extract([loc(1), loc(2)], units=units, pairs={gln(1): "501"}), folder)
    first = import_twice(folder)
    ours = changes.plan(
        locations=LocationNumber.objects.filter(gln=gln(1)), by=None, vans=code(Vans, "MultiMed"), note="Ours"
    )
    ours.run_here(changes.apply)
    moved = loc(1, RegionCode="1085", CommunicationSupplierId="31", FromDate="2020-05-01", SorNote="SOR's")
    write(extract([moved, loc(2)], units=units, pairs={gln(1): "501 502"}), folder)
    later = import_twice(folder)
    assert counts(later) == {"units": [0, 0, 0, 2], "locations": [0, 1, 0, 1]}
    # Both sides changed VANS and note: ours stays. Only SOR added an EDI type.
    assert said(number(1)) == FIRST | {"vans": "MultiMed", "note": "Ours", "edi_types": ["501", "502"]}
    assert number(1).version.change_set == later.change_set
    sor = number(1).sor_version
    assert sor is not None
    assert said(sor) == FIRST | {"vans": "31", "note": "SOR's", "edi_types": ["501", "502"]}
    assert (sor.applied_at, sor.change_set, sor.base and sor.base.change_set) == (
        None,
        later.change_set,
        first.change_set,
    )
    assert place(1) == ("1", "1085", "2010-01-01", "2020-05-01", None)
    assert stays(1) == [("1", "2010-01-01", None)]
    assert number(2).sor_version == number(2).version, "where SOR says the same nothing is written"


def test_a_zip_a_folder_and_single_files_say_the_same(folder: Path, tmp_path: Path) -> None:
    files = extract([loc(1), loc(2)], pairs={gln(1): "501", gln(2): "502 503"})
    write(files, folder)
    first = import_twice(zipped(files, tmp_path / "Sor_complete.zip"))
    assert counts(first)["locations"] == [2, 0, 0, 0]
    for paths in ([folder], [folder / name for name in files], [zipped(files, tmp_path / "extract.bin")]):
        run = import_twice(*paths)
        assert counts(run) == {"units": [0, 0, 0, 1], "locations": [0, 0, 0, 2]}
        assert run.counts["edi_links"] == 3


def test_a_source_states_only_what_it_carries(folder: Path) -> None:
    files = extract([loc(1)], pairs={gln(1): "501"})
    import_twice(write(files, folder))
    run = import_twice(write({name: files[name] for name in (LOCATIONS, UNITS)}, folder))
    assert counts(run)["locations"] == [0, 0, 0, 1], "without the map nothing is said of EDI types"
    run = import_twice(write({name: files[name] for name in (LOCATIONS, PAIRS)}, folder))
    assert counts(run)["locations"] == [0, 0, 0, 1], "types and units are known from before"


def test_a_whole_synthetic_extract_comes_in_without_a_loss(tmp_path: Path) -> None:
    make_extract(tmp_path, locations=300, units=800, seed=3)
    run = import_twice(tmp_path)
    assert run.counts["locations"]["new"] == LocationNumber.objects.count() == 300
    assert run.counts["units"]["new"] == SorUnit.objects.count() == 800
    assert {code for _file, _line, code, _value in problems(run)} <= {"bad_check_digit"}
    assert run.counts["edi_links"] == sum(len(n.edi_types) for n in LocationNumber.objects.all()) > 1000
    assert ChangeSet.objects.count() == 1


def test_only_one_file_of_a_kind(folder: Path) -> None:
    files = extract([loc(1)])
    run = import_once(write(files | {"LocationsCodes.csv": files[LOCATIONS]}, folder))
    assert (run.state, "LocationsCode.csv" in str(run.message)) == ("failed", True)
    daily = csv_bytes([{"SorId": "9"}], extracts.UNIT)
    run = import_twice(write(files | {DAILY: daily}, folder))
    assert (run.counts["skipped_files"], SorUnit.objects.count()) == ([DAILY], 1)
    assert TYPES in files
