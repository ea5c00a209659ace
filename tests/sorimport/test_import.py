"""What an import makes of an extract. Each extract is imported twice; the second time changes nothing."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from locations import catalogue, changes
from locations.catalogue_check import draft_of
from locations.catalogue_history import history_of
from locations.code_lists import LISTS
from locations.models import Assignment, ChangeSet, EdiType, LocationNumber, LocationVersion, SorUnit, Vans
from sorimport.models import ImportRun
from sorimport.synthetic import make_extract
from tests import builders
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
    problems,
    write,
    zipped,
)

pytestmark = pytest.mark.usefixtures("committed_db")
YESTERDAY = timezone.localdate() - timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "extract"


def said(version: LocationVersion | LocationNumber) -> dict[str, Any]:
    """A profile by codes, without what is empty."""
    types = {t.pk: t.sor_id for t in EdiType.objects.all()}
    shown = {
        "vans": version.vans and version.vans.code,
        "system": version.system and version.system.code,
        "vendor": version.vendor and version.vendor.code,
        "edi_administrator": version.edi_administrator and version.edi_administrator.code,
        "edi_types": sorted(types[key] or "" for key in version.edi_types),
        "only_internal": version.only_internal,
        "inactive": version.inactive,
        "note": version.note,
    }
    return {name: value for name, value in shown.items() if value}


FIRST = {"vans": "30", "system": "20", "vendor": "10", "edi_administrator": "102"}


def number(serial: int = 1) -> LocationNumber:
    return LocationNumber.objects.get(gln=gln(serial))


def place(serial: int = 1) -> tuple[Any, ...]:
    """Unit, region, first day, day of the latest change, last day."""
    n = number(serial)
    return (
        n.unit and n.unit.sor_id,
        n.region and n.region.code,
        str(n.first_from_date),
        str(n.from_date),
        n.to_date and str(n.to_date),
    )


def stays(serial: int = 1) -> list[tuple[str, str | None, str | None]]:
    """Where the number was when: unit, first day, first day no longer."""
    found = Assignment.objects.filter(location__gln=gln(serial)).order_by("period")
    return [(a.unit.sor_id, *(day and str(day) for day in (a.period.lower, a.period.upper))) for a in found]


def counts(run: ImportRun) -> dict[str, list[int]]:
    """new, changed, closed, unchanged."""
    return {
        kind: [run.counts[kind][name] for name in ("new", "changed", "closed", "unchanged")]
        for kind in ("units", "locations")
    }


def loc(serial: int = 1, **columns: str) -> dict[str, str]:
    return {"EanLocationCode": gln(serial), **columns}


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


def test_units_are_renamed_moved_and_closed(folder: Path) -> None:
    tree = [
        {"SorId": "1", "SorType": "IE", "EntityName": "Region H", "InstitutionOwnerCVRNumberId": "29190623"},
        {"SorId": "2", "SorType": "HI", "EntityName": "Rigshospitalet", "ParentSorId": "1"},
        {"SorId": "3", "EntityName": "Afsnit A", "ParentSorId": "2"},
        {"SorId": "4", "EntityName": "Afsnit B", "ParentSorId": "2"},
    ]
    run = import_twice(write(extract([loc(1, SorId="3")], units=tree), folder))
    assert counts(run)["units"] == [4, 0, 0, 0]
    assert SorUnit.objects.get(sor_id="2").kind == "SI"
    tree[2] |= {"EntityName": "Ærøafsnittet", "PostalAddressRegionCode": "1083", "ParentSorId": "1"}
    tree[3] |= {"ToDate": "2020-12-31"}
    run = import_twice(write(extract([loc(1, SorId="3")], units=tree), folder), accept_closures=True)
    # The number is sorted by the name of its unit, which stands on it.
    assert counts(run) == {"units": [0, 1, 1, 2], "locations": [0, 1, 0, 0]}
    ward = SorUnit.objects.get(sor_id="3")
    assert (ward.name, ward.region and ward.region.code, ward.parent and ward.parent.sor_id) == (
        "Ærøafsnittet",
        "1083",
        "1",
    )
    assert number(1).unit_key.startswith("{r")
    run = import_twice(write(extract([loc(1, SorId="3")], units=tree[:3]), folder))
    assert (counts(run)["units"], SorUnit.objects.get(sor_id="4").to_date) == (
        [0, 0, 0, 3],
        date(2020, 12, 31),
    )
    cut_off = write(extract([loc(1, SorId="3")], units=[*tree[:2], tree[3]]), folder)
    waiting = import_once(cut_off)
    assert (waiting.state, waiting.counts["units"]["closed"]) == ("waiting", 1)
    assert SorUnit.objects.get(sor_id="3").to_date is None
    run = import_twice(cut_off, accept_closures=True)
    assert (counts(run)["units"], SorUnit.objects.get(sor_id="3").to_date) == ([0, 0, 1, 3], YESTERDAY)


def test_the_daily_file_refreshes_units_and_closes_none(folder: Path) -> None:
    units = [{"SorId": "1", "EntityName": "A"}, {"SorId": "2"}]
    import_twice(write(extract([loc(1)], units=units), folder))
    daily = csv_bytes([{"SorId": "1", "EntityName": "Zebra"}, {"SorId": "3"}], extracts.UNIT)
    run = import_twice(write({DAILY: daily}, folder))
    assert counts(run) == {"units": [1, 1, 0, 0], "locations": [0, 0, 0, 0]}
    assert list(SorUnit.objects.order_by("sor_id").values_list("sor_id", "name", "to_date")) == [
        ("1", "Zebra", None),
        ("2", "Lægehuset", None),
        ("3", "Lægehuset", None),
    ]
    assert (place(1)[0], number(1).unit_key) == ("1", "zebra")


@pytest.mark.parametrize(
    ("inherits", "holders"),
    [
        # own, inherited through two, stopped by one that does not inherit
        ("true true true", {"1": "1", "2": "1", "3": "1", "4": "4"}),
        ("true false true", {"1": "1", "2": "1", "3": None, "4": "4"}),
        ("false true true", {"1": "1", "2": None, "3": None, "4": "4"}),
    ],
)
def test_a_unit_uses_its_own_numbers_or_those_it_inherits(
    folder: Path, inherits: str, holders: dict[str, str | None]
) -> None:
    second, third, fourth = inherits.split()
    units = [
        {"SorId": "1", "SorType": "IE", "EanLocationCodeInherited": "true"},
        {"SorId": "2", "SorType": "SI", "ParentSorId": "1", "EanLocationCodeInherited": second},
        {"SorId": "3", "ParentSorId": "2", "EanLocationCodeInherited": third},
        {"SorId": "4", "ParentSorId": "3", "EanLocationCodeInherited": fourth},
    ]
    numbers = [loc(1, SorId="1"), loc(2, SorId="1"), loc(3, SorId="4")]
    import_twice(write(extract(numbers, units=units), folder))
    assert dict(SorUnit.objects.values_list("sor_id", "number_holder__sor_id")) == holders


def test_a_closed_number_is_used_by_nobody(folder: Path) -> None:
    units = [
        {"SorId": "1", "SorType": "IE"},
        {"SorId": "2", "ParentSorId": "1", "EanLocationCodeInherited": "ja"},
    ]
    others = [loc(serial, SorId="3") for serial in range(2, 25)]
    units += [{"SorId": "3"}]
    import_twice(write(extract([loc(1), *others], units=units), folder))
    assert dict(SorUnit.objects.values_list("sor_id", "number_holder__sor_id")) == {
        "1": "1",
        "2": "1",
        "3": "3",
    }
    import_twice(write(extract([loc(1, ToDate="2020-01-31"), *others], units=units), folder))
    assert dict(SorUnit.objects.values_list("sor_id", "number_holder__sor_id")) == {
        "1": None,
        "2": None,
        "3": "3",
    }


def test_of_the_rows_of_one_unit_the_one_in_force_counts(folder: Path) -> None:
    history = [
        {"SorId": "1", "EntityName": "Now", "FromDate": "2015-01-01"},
        {"SorId": "1", "EntityName": "Once", "FromDate": "2000-01-01", "ToDate": "2014-12-31"},
        {"SorId": "1", "EntityName": "Soon", "FromDate": "2090-01-01"},
        {"SorId": "2", "EntityName": "Later", "FromDate": "2095-01-01"},
        {"SorId": "2", "EntityName": "First to come", "FromDate": "2090-01-01"},
        {"SorId": "3", "EntityName": "Ended", "FromDate": "2001-01-01", "ToDate": "2002-01-01"},
    ]
    run = import_twice(write(extract([loc(1)], units=history), folder))
    assert counts(run)["units"] == [3, 0, 0, 0]
    assert dict(SorUnit.objects.values_list("sor_id", "name")) == {
        "1": "Now",
        "2": "First to come",
        "3": "Ended",
    }


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


def test_an_edi_type_is_known_by_its_id_whatever_it_is_called(folder: Path) -> None:
    EdiType.objects.create(code="DIS91", version="D9134L", name="made by hand")
    import_twice(write(extract([loc(1)], types={"501": "DIS91 D9134L"}, pairs={gln(1): "501"}), folder))
    adopted = EdiType.objects.get()
    assert (adopted.sor_id, adopted.name) == ("501", "Besked DIS91")
    import_twice(write(extract([loc(1)], types={"501": "DIS91 D9135L"}, pairs={gln(1): "501"}), folder))
    assert [(t.pk, str(t)) for t in EdiType.objects.all()] == [(adopted.pk, "DIS91 D9135L")]


def test_what_administrators_call_a_row_stays_and_sors_word_stands_beside_it(folder: Path) -> None:
    def named(name: str) -> dict[str, bytes]:
        return extract([loc(1, CommunicationSupplierName=name)])

    run = import_twice(write(named("KMD"), folder))
    row = Vans.objects.get(code="30")
    by = builders.user("anna", staff=True)
    draft = draft_of(LISTS["vans"], row, ["name"])
    draft.after["name"] = "KMD A/S"
    catalogue.change(code_list=LISTS["vans"], drafts=[draft], by=by)
    later = import_once(write(named("TietoEvry"), folder))
    row.refresh_from_db()
    assert (row.name, row.sor_name) == ("KMD A/S", "TietoEvry")
    told = history_of(LISTS["vans"], row, with_people=False)
    assert [(e.import_run, e.change and e.change.by, [c.after for c in e.fields]) for e in told] == [
        (None, by, ["KMD A/S"]),
        (run.pk, None, []),
    ]
    draft = draft_of(LISTS["vans"], row, ["name"])
    draft.after["name"] = "TietoEvry"
    catalogue.change(code_list=LISTS["vans"], drafts=[draft], by=by)
    last = import_once(write(named("Aeven"), folder))
    row.refresh_from_db()
    assert (row.name, row.sor_name, last.pk) == ("Aeven", "Aeven", later.pk + 1)


def test_two_edi_types_that_trade_names_do_not_stop_the_import(folder: Path) -> None:
    import_twice(write(extract([loc(1)], types={"1": "DIS91 A", "2": "DIS91 B"}), folder))
    import_twice(write(extract([loc(1)], types={"1": "DIS91 B", "2": "DIS91 A"}), folder))
    assert dict(EdiType.objects.values_list("sor_id", "version")) == {"1": "B", "2": "A"}


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
