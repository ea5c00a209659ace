"""Where our profiles differ from SOR's: found, and shown in a file."""

import csv
import io
from collections import Counter

import builders
import pytest
from deviating import changed, everything, found, mark

from locations import changes
from locations.deviation_file import Export
from locations.deviations import Counts, count, numbers, rows
from locations.models import LocationNumber, System, Vans, Vendor
from locations.models.deviation import Field
from locations.settling import keep_ours

pytestmark = pytest.mark.django_db


@pytest.fixture
def multimed():
    return builders.code(Vans, "MultiMed")


def test_a_number_deviates_while_its_profile_is_not_that_of_sor(multimed):
    location = builders.location(vans="KMD")
    builders.location()
    plan = changed(location, vans=multimed)
    assert [row.gln for row in LocationNumber.objects.deviating()] == [location.gln]
    changes.plan_undo(plan, by=None).run_here(changes.apply)
    assert LocationNumber.objects.not_as_sor().count() == 1
    assert not LocationNumber.objects.deviating().exists()
    assert found() == []


def test_a_row_tells_both_values_and_who_set_ours(multimed):
    dis91, ref06, ctl01 = (builders.edi_type(code, "1") for code in ("DIS91", "REF06", "CTL01"))
    kim = builders.user("kim", staff=True)
    location = builders.location(unit=builders.unit("Ølby"), edi_types=[dis91, ref06], note="SOR")
    moved = changed(location, by=kim, vans=multimed)
    types = changed(location, by=kim, add=[ctl01], remove=[dis91], note="Vores")
    said = [
        (row.field, row.ours, row.sors, row.only_ours, row.only_sors, row.change_set)
        for row in rows(everything(), 0, 9)
    ]
    assert said == [
        (Field.VANS, "MultiMed", "KMD", None, None, moved.pk),
        (Field.EDI_TYPES, "2", "2", ["CTL01 1"], ["DIS91 1"], types.pk),
        (Field.NOTE, "Vores", "SOR", None, None, types.pk),
    ]
    first = rows(everything(), 0, 1)[0]
    assert (first.gln, first.unit, first.changed_by) == (location.gln, "Ølby", "kim")
    assert first.since == LocationNumber.objects.get().versions.get(change_set=moved).applied_at
    assert count(everything()) == Counts(3, 1, {Field.VANS: 1, Field.EDI_TYPES: 1, Field.NOTE: 1})


def test_where_sor_changed_and_we_did_not_the_first_version_is_ours():
    location = builders.sor_states(builders.location(vans="KMD"), vans="Evenex")
    (row,) = rows(everything(), 0, 9)
    assert (row.ours, row.sors, row.change_set) == ("KMD", "Evenex", location.version.change_set_id)


def test_system_and_vendor_are_one_field():
    location = builders.location(system="Novax", vendor="CompuGroup")
    changed(location, system=builders.code(System, "Novax"), vendor=builders.code(Vendor, "EG"))
    assert [(r.field, r.ours, r.sors) for r in rows(everything(), 0, 9)] == [
        (Field.SYSTEM, "Novax / EG", "Novax / CompuGroup")
    ]


def test_rows_are_narrowed_by_field_kind_decision_and_choice(multimed):
    one, two = sorted((builders.location(), builders.location()), key=lambda location: location.gln)
    changed(one, two, vans=multimed, note="Vores")
    mark(one, "vans")
    keep_ours(everything(picked=((two.gln, "note"),)), by=None)
    every = [
        (one.gln, "vans", True, False),
        (one.gln, "note", False, False),
        (two.gln, "vans", False, False),
        (two.gln, "note", False, True),
    ]
    assert found() == every
    assert found(fields=("vans",)) == [every[0], every[2]]
    assert found(both=True) == [every[0]]
    assert found(both=False) == every[1:]
    assert found(kept=True) == [every[3]]
    assert found(kept=False) == every[:3]
    assert found(picked=((one.gln, "note"), (two.gln, "vans"))) == every[1:3]
    assert [row.gln for row in numbers(everything(kept=True))] == [two.gln]
    assert rows(everything(), 1, 3) == rows(everything(), 0, 9)[1:3]


def test_a_mark_holds_while_our_value_is_the_same(multimed):
    location = builders.location()
    changed(location, vans=multimed)
    mark(location, "vans")
    again = changed(location, vans=builders.code(Vans, "Evenex"))
    assert found() == [(location.gln, "vans", False, False)]
    changes.plan_undo(again, by=None).run_here(changes.apply)
    assert found() == [(location.gln, "vans", True, False)]


def test_the_file_tells_it_all_and_guards_against_formulas(multimed):
    dis91 = builders.edi_type("DIS91", "D9134L")
    kim = builders.user("kim")
    location = builders.location(unit=builders.unit("Ølby"), vans="KMD", edi_types=[dis91])
    changed(location, by=builders.user("boss", staff=True), vans=multimed)
    last = changed(location, remove=[dis91], note="=1+1")
    keep_ours(everything(fields=("note",)), by=kim, reason="Aftalt")
    content = b"".join(Export(everything())).decode("utf-8-sig")
    vans, types, note = csv.DictReader(io.StringIO(content, newline=""), delimiter=";")
    assert {
        name: vans[name] for name in ("Lokationsnummer", "Enhed", "Felt", "Vores", "SORs", "Ændret af")
    } == {
        "Lokationsnummer": location.gln,
        "Enhed": "Ølby",
        "Felt": "VANS",
        "Vores": "MultiMed",
        "SORs": "KMD",
        "Ændret af": "boss",
    }
    assert (types["Felt"], types["Vores"], types["SORs"], types["Kun hos SOR"], types["Ændring"]) == (
        "EDI-typer",
        "",
        "DIS91 D9134L",
        "DIS91 D9134L",
        str(last.pk),
    )
    assert (note["Vores"], note["Afgjort"], note["Afgjort af"], note["Begrundelse"], note["Art"]) == (
        "'=1+1",
        "ja",
        "kim",
        "Aftalt",
        "kun os",
    )


def test_each_way_to_ask_counts_what_it_lists(multimed):
    one, two, three, four = (builders.location(vans="KMD") for _n in range(4))
    changed(one, two, three, four, vans=multimed, note="Vores")
    mark(one, "vans", "note")
    mark(two, "vans")
    keep_ours(everything(picked=((one.gln, "vans"), (three.gln, "note"))), by=None)
    for both in (None, True, False):
        for kept in (None, True, False):
            for fields in ((), ("vans",), ("note", "inactive")):
                asked = {"both": both, "kept": kept, "fields": fields}
                listed = found(**asked)
                by_field = Counter(field for _gln, field, *_rest in listed)
                assert count(everything(**asked)) == Counts(
                    len(listed), len({gln for gln, *_rest in listed}), dict(by_field)
                ), asked
