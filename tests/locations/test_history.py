"""What happened to a location number, and what it was on a day."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date, datetime, timedelta
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from django.utils.translation import override

from locations import changes, history
from locations.models import Assignment, ChangeSet, LocationNumber, System, Vans, Vendor
from tests.builders import code, edi_type, location, unit, user

pytestmark = pytest.mark.django_db
DENMARK = ZoneInfo("Europe/Copenhagen")


def change(number: LocationNumber, *, at: datetime | None = None, **wanted: Any) -> ChangeSet:
    """Plan and carry out one change, at another time than now where one is given."""
    with patch.object(timezone, "now", return_value=at) if at else nullcontext():
        locations = LocationNumber.objects.filter(pk=number.pk)
        return applied(changes.plan(locations=locations, by=wanted.pop("by", None), **wanted))


def applied(planned: ChangeSet) -> ChangeSet:
    return planned.run_here(changes.apply)


def story(number: LocationNumber) -> list[dict[str, Any]]:
    """The changes of a number as people read them, without what is empty."""
    told = []
    for one in history.changes_of(number):
        entry = {
            "first": one.is_first,
            "why": one.change_set.reason,
            "by": one.change_set.by and one.change_set.by.username,
            "fields": [(f.name, _text(f.before), _text(f.after)) for f in one.fields],
            "added": [str(t) for t in one.added],
            "removed": [str(t) for t in one.removed],
        }
        told.append({key: value for key, value in entry.items() if value})
    return told


def _text(value: Any) -> Any:
    return getattr(value, "code", value)


def test_each_change_is_told_with_before_and_after_newest_first() -> None:
    a, b, c = edi_type("DIS91", "D9134L"), edi_type("REF06", "H0631R"), edi_type("CTL01", "C0130Q")
    number = location(vans="KMD", edi_types=[a, b], note="old")
    anna = user("anna", administrators=["102"])
    change(number, by=anna, reason="New VANS", vans=code(Vans, "MultiMed"))
    change(number, add=[c], remove=[b], note="", inactive=True)
    change(number, system=code(System, "XMO"), vendor=code(Vendor, "CGM"), only_internal=True)
    assert story(number) == [
        {
            "fields": [("system", None, "XMO"), ("vendor", None, "CGM"), ("only_internal", False, True)],
        },
        {
            "fields": [("inactive", False, True), ("note", "old", "")],
            "added": ["CTL01 C0130Q"],
            "removed": ["REF06 H0631R"],
        },
        {"why": "New VANS", "by": "anna", "fields": [("vans", "KMD", "MultiMed")]},
        {"first": True, "added": ["DIS91 D9134L", "REF06 H0631R"]},
    ]


@pytest.mark.parametrize(
    ("before", "wanted", "danish", "english"),
    [
        ({"vans": None}, {"vans": "A"}, "satte VANS til A", "set the VANS to A"),
        (
            {"vans": "A"},
            {"vans": "B"},
            "ændrede VANS fra A til B",
            "changed the VANS from A to B",
        ),
        ({"vans": "A"}, {"vans": None}, "fjernede VANS A", "removed the VANS A"),
        ({"system": None}, {"system": "A"}, "satte systemet til A", "set the system to A"),
        (
            {"system": "A"},
            {"system": "B"},
            "ændrede systemet fra A til B",
            "changed the system from A to B",
        ),
        ({"system": "A"}, {"system": None}, "fjernede systemet A", "removed the system A"),
        ({"vendor": None}, {"vendor": "A"}, "satte leverandøren til A", "set the vendor to A"),
        (
            {"vendor": "A"},
            {"vendor": "B"},
            "ændrede leverandøren fra A til B",
            "changed the vendor from A to B",
        ),
        ({"vendor": "A"}, {"vendor": None}, "fjernede leverandøren A", "removed the vendor A"),
        (
            {"edi_administrator": "102"},
            {"edi_administrator": "116"},
            "ændrede EDI-administratoren fra 102 til 116",
            "changed the EDI administrator from 102 to 116",
        ),
        (
            {"edi_administrator": None},
            {"edi_administrator": "116"},
            "satte EDI-administratoren til 116",
            "set the EDI administrator to 116",
        ),
        (
            {"edi_administrator": "116"},
            {"edi_administrator": None},
            "fjernede EDI-administratoren 116",
            "removed the EDI administrator 116",
        ),
        ({"note": ""}, {"note": "50 %"}, "tilføjede noten “50 %”", "added the note “50 %”"),
        (
            {"note": "50 %"},
            {"note": "%s"},
            "ændrede noten fra “50 %” til “%s”",
            "changed the note from “50 %” to “%s”",
        ),
        ({"note": "%s"}, {"note": ""}, "fjernede noten “%s”", "removed the note “%s”"),
        ({"inactive": False}, {"inactive": True}, "satte nummeret til inaktivt", "made the number inactive"),
        ({"inactive": True}, {"inactive": False}, "satte nummeret til aktivt", "made the number active"),
        (
            {"only_internal": False},
            {"only_internal": True},
            "satte nummeret til kun internt brug",
            "made the number only internal",
        ),
        (
            {"only_internal": True},
            {"only_internal": False},
            "ophævede, at nummeret kun er til internt brug",
            "made the number no longer only internal",
        ),
    ],
)
def test_each_field_is_told_as_a_sentence_in_both_languages_both_ways(
    before: dict[str, Any], wanted: dict[str, Any], danish: str, english: str
) -> None:
    (name,) = wanted
    model: Any = LocationNumber._meta.get_field(name).related_model

    def value(of: Any) -> Any:
        return code(model, of) if model else of

    one = history.FieldChange(name, value(before[name]), value(wanted[name]))
    with override("da"):
        assert one.sentence == danish
    with override("en"):
        assert one.sentence == english


def test_every_field_of_the_profile_has_its_sentences() -> None:
    for name in history.SCALARS:
        assert history.FieldChange(name, None, "x").sentence


def test_added_and_removed_types_are_in_the_order_of_code_and_version() -> None:
    types = [
        edi_type(*name.split()) for name in ("REF06 H0631R", "REF06 H0630R", "CTL01 C0130Q", "DIS91 D9134L")
    ]
    number = location(edi_types=types[:2])
    change(number, replace=types[2:])
    assert story(number)[0] == {
        "added": ["CTL01 C0130Q", "DIS91 D9134L"],
        "removed": ["REF06 H0630R", "REF06 H0631R"],
    }


def test_plans_and_refusals_are_no_history_nor_are_changes_of_other_numbers() -> None:
    number, other = location(), location()
    stale = changes.plan(locations=LocationNumber.objects.filter(pk=number.pk), by=None, note="too late")
    changes.plan(locations=LocationNumber.objects.filter(pk=number.pk), by=None, note="never")
    change(number, note="first")
    assert applied(stale).state == "refused"
    change(other, note="another's")
    change(number, note="first")  # as it is
    assert story(number) == [{"fields": [("note", "", "first")]}, {"first": True}]


def test_an_undo_is_a_change_like_others() -> None:
    number = location(note="one")
    done = change(number, note="two")
    applied(changes.plan_undo(done, by=None, reason="By mistake"))
    assert story(number) == [
        {"why": "By mistake", "fields": [("note", "two", "one")]},
        {"fields": [("note", "one", "two")]},
        {"first": True},
    ]
    assert [one.change_set.undoes for one in history.changes_of(number)] == [done, None, None]


def test_history_takes_two_queries_however_long_it_is(django_assert_num_queries: Any) -> None:
    number = location(edi_types=[edi_type()])
    for turn in range(4):
        change(number, by=user(f"user{turn}", staff=True), vans=code(Vans, f"VANS{turn}"), note=str(turn))
    with django_assert_num_queries(2):
        assert len(story(number)) == 5


def test_a_profile_as_of_a_day_is_the_one_in_force_when_the_day_ended_in_denmark() -> None:
    early = datetime(2031, 3, 1, 12, tzinfo=DENMARK)
    number, other, unborn = location(), location(note="other"), location()
    times = {
        "two": datetime(2031, 3, 9, 9, tzinfo=DENMARK),
        "three": datetime(2031, 3, 9, 23, 59, 59, tzinfo=DENMARK),  # still the 9th here, in UTC too
        "four": datetime(2031, 3, 11, 0, 30, tzinfo=DENMARK),  # the 10th in UTC
        "five": datetime(2031, 3, 30, 23, 30, tzinfo=DENMARK),  # a day of 23 hours
    }
    for note, at in times.items():
        change(number, at=at, note=note)
    change(other, at=early, note="changed")

    def notes(day: date) -> dict[str, str]:
        found = history.profiles_on(day).filter(location__in=[number, other])
        return {version.location.gln: version.note for version in found}

    months = [(3, 8), (3, 9), (3, 10), (3, 11), (3, 29), (3, 30), (12, 31)]
    assert {day: notes(date(2031, *day)) for day in months} == {
        day: {number.gln: note, other.gln: "changed"}
        for day, note in zip(months, ["", "three", "three", "four", "four", "five", "five"], strict=True)
    }
    today = timezone.localdate()
    assert notes(today) == {number.gln: "", other.gln: "other"}
    assert notes(today - timedelta(days=1)) == {}, "not known here by then"
    assert history.profiles_on(today).filter(location=unborn).exists()


def test_what_is_planned_is_in_force_on_no_day() -> None:
    number = location(note="one")
    changes.plan(locations=LocationNumber.objects.filter(pk=number.pk), by=None, note="two")
    assert [v.note for v in history.profiles_on(timezone.localdate())] == ["one"]


def test_of_two_changes_at_the_same_instant_the_later_version_counts() -> None:
    at = datetime(2031, 3, 9, 9, tzinfo=DENMARK)
    number = location()
    change(number, at=at, note="two")
    change(number, at=at, note="three")
    assert history.profiles_on(at.date()).get(location=number).note == "three"
    assert [one.fields[0].after for one in history.changes_of(number)[:2]] == ["three", "two"]


def test_a_profile_as_of_a_day_is_one_query_for_all_numbers(django_assert_num_queries: Any) -> None:
    for _number in range(3):
        change(location(), note="x")
    with django_assert_num_queries(1):
        assert [v.note for v in history.profiles_on(timezone.localdate())] == ["x"] * 3


def test_the_unit_of_a_day_is_the_one_that_had_the_number_then() -> None:
    north, south = unit("Nord"), unit("Syd")
    number, other = location(unit=south), location(unit=north)
    stays = [
        (number, north, date(2020, 1, 1), date(2021, 1, 1)),  # the upper bound is out
        (number, south, date(2021, 1, 1), date(2022, 1, 1)),
        (number, north, date(2023, 1, 1), None),
        (other, south, None, None),
    ]
    for whose, place, first, end in stays:
        Assignment.objects.create(location=whose, unit=place, period=(first, end))
    days = ["2019-12-31", "2020-01-01", "2020-12-31", "2021-01-01", "2021-12-31", "2022-06-01", "2023-01-01"]
    assert [history.unit_on(number, date.fromisoformat(day)) for day in days] == [
        None,
        north,
        north,
        south,
        south,
        None,
        north,
    ]
    assert history.unit_on(number, date(2099, 1, 1)) == north
    assert history.unit_on(other, date(1900, 1, 1)) == south
    assert history.unit_on(location(), date(2020, 1, 1)) is None
