"""Nothing but a running change set, named in its transaction, changes the profile of a location number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin import ModelAdmin
from django.contrib.admin.sites import AdminSite
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone

from locations import changes
from locations.models import PROFILE_COLUMNS, Assignment, ChangeSet, LocationNumber
from soredi.jobs import State
from tests.builders import edi_type, location, unit, unused_gln, user
from tests.refusing import CANNOT, DOOR, door, only, refused, running, sql

pytestmark = pytest.mark.django_db


RAW_PROFILE = {
    "edi_types": "ARRAY[]::int[]",
    "vans_id": "NULL",
    "system_id": "NULL",
    "vendor_id": "NULL",
    "edi_administrator_id": "NULL",
    "only_internal": "NOT only_internal",
    "inactive": "NOT inactive",
    "note": "'mine'",
}


@pytest.mark.parametrize("column", PROFILE_COLUMNS)
def test_raw_sql_cannot_change_a_profile_column(column: str) -> None:
    number = location(edi_types=[edi_type()], vans="V", system="S", vendor="L", edi_administrator="116")
    with refused(DOOR):
        sql(f"UPDATE locations_locationnumber SET {column} = {RAW_PROFILE[column]}")
    number.refresh_from_db()
    assert number.edi_types and number.vans_id and number.note == ""


@pytest.mark.parametrize("pointer", ["version_id", "sor_version_id"])
@pytest.mark.parametrize("target", ["another number's", "another of its own", "none"])
def test_raw_sql_cannot_move_a_version_pointer(pointer: str, target: str) -> None:
    number, other = location(), location()
    changes.apply(running(changes.plan(locations=only(number), by=None, note="later")))
    number.refresh_from_db()
    versions = list(number.versions.order_by("pk").values_list("pk", flat=True))
    assert len(versions) == 2
    current = getattr(number, pointer)
    to = {
        "another number's": other.version_id,
        "another of its own": next(v for v in versions if v != current),
        "none": None,
    }[target]
    with refused(DOOR, "null value", "unique"):
        sql(f"UPDATE locations_locationnumber SET {pointer} = %s WHERE id = %s", to, number.pk)


def test_a_number_cannot_be_renamed() -> None:
    number = location()
    with refused(CANNOT):
        sql("UPDATE locations_locationnumber SET gln = %s WHERE id = %s", unused_gln(), number.pk)


def test_a_number_keeps_its_key() -> None:
    number = location()
    with refused(CANNOT):
        sql("UPDATE locations_locationnumber SET id = id + 1000 WHERE id = %s", number.pk)


def test_a_number_cannot_be_deleted_or_truncated() -> None:
    number = location()
    with refused(CANNOT):
        sql("DELETE FROM locations_locationnumber")
    with refused("kept for ever"):
        sql("TRUNCATE locations_locationnumber CASCADE")
    with refused("kept for ever"):
        sql(
            "TRUNCATE locations_locationnumber, locations_locationversion, locations_assignment, locations_deviation, "
            "locations_deviationdecision, locations_lifeevent, locations_leftout"
        )
    with refused():
        number.delete()
    assert LocationNumber.objects.count() == 1


def test_a_number_cannot_be_inserted_beside_the_door() -> None:
    number = location(note="first")
    copied = ", ".join((*PROFILE_COLUMNS, "version_id"))
    with refused(DOOR, "unique"):
        sql(
            f"INSERT INTO locations_locationnumber (gln, unit_key, city_key, {copied}) "
            f"SELECT %s, '', '', {copied} FROM locations_locationnumber",
            unused_gln(),
        )
    with refused(DOOR, "null value"):
        LocationNumber.objects.create(gln=unused_gln())
    assert list(LocationNumber.objects.all()) == [number]


BULK: dict[str, Callable[[LocationNumber], Any]] = {
    "update": lambda n: only(n).update(note="mine"),
    "update by key": lambda n: only(n).update(vans_id=None),
    "save": lambda n: (setattr(n, "note", "mine"), n.save()),
    "save of one field": lambda n: (setattr(n, "edi_types", []), n.save(update_fields=["edi_types"])),
    "bulk_update": lambda n: (
        setattr(n, "note", "mine"),
        LocationNumber.objects.bulk_update([n], ["note"]),
    ),
    "bulk_create": lambda n: LocationNumber.objects.bulk_create(
        [LocationNumber(gln=unused_gln(), version_id=n.version_id, note=n.note, vans_id=n.vans_id)]
    ),
    "bulk_create over it": lambda n: LocationNumber.objects.bulk_create(
        [LocationNumber(pk=n.pk, gln=n.gln, version_id=n.version_id, note="mine")],
        update_conflicts=True,
        unique_fields=["gln"],
        update_fields=["note"],
    ),
    "update_or_create": lambda n: LocationNumber.objects.update_or_create(
        gln=n.gln, defaults={"note": "mine"}
    ),
}


@pytest.mark.parametrize("way", BULK)
def test_the_orm_cannot_change_a_profile(way: str) -> None:
    number = location(note="ours", vans="V", edi_types=[edi_type()])
    with refused(DOOR, "unique"):
        BULK[way](LocationNumber.objects.get(pk=number.pk))
    now = LocationNumber.objects.get()
    assert (now.note, now.vans_id, now.edi_types) == ("ours", number.vans_id, number.edi_types)


def test_what_sor_owns_may_be_written_without_a_change_set() -> None:
    """The import moves units and dates of numbers whose profile it leaves alone."""
    number, ward = location(), unit("Afsnit B")
    only(number).update(unit=ward, to_date="2030-01-31")
    number.refresh_from_db()
    assert number.unit == ward


def test_a_save_that_changes_nothing_is_no_violation() -> None:
    location(note="ours").save()


class _Admin(ModelAdmin):  # type: ignore[type-arg]
    pass


def test_an_administrator_cannot_go_round_the_door_in_the_admin(rf: RequestFactory) -> None:
    number = location(note="ours", vans="V")
    person = user("root", staff=True)
    person.is_superuser = True
    person.save()
    request = rf.post("/admin/")
    request.user = person  # type: ignore[attr-defined]
    admin = _Admin(LocationNumber, AdminSite())
    form = admin.get_form(request, fields=["note"])({"note": "mine"}, instance=number)
    assert form.is_valid()
    with refused(DOOR):
        admin.save_model(request, form.save(commit=False), form, change=True)
    with refused():
        admin.delete_model(request, number)
    with refused():
        admin.delete_queryset(request, only(number))
    assert LocationNumber.objects.get().note == "ours"


def test_naming_a_change_set_that_is_not_running_opens_nothing() -> None:
    number = location()
    planned = changes.plan(locations=only(number), by=None, note="planned")
    for state in set(State) - {State.RUNNING, State.DONE}:
        ChangeSet.objects.filter(pk=planned.pk).update(state=state)
        with refused(DOOR), door(planned):
            planned.versions.update(applied_at=timezone.now())
    for name in ("0", "999999", str(number.version.change_set_id)):
        with refused(DOOR):
            sql("SELECT set_config('soredi.change_set', %s, true)", name)
            only(number).update(note="mine")


def test_a_change_set_moves_only_numbers_that_it_has_versions_of() -> None:
    ours, other = location(), location()
    planned = running(changes.plan(locations=only(ours), by=None, note="planned"))
    with refused(DOOR), door(planned):
        only(other).update(note="planned")
    with refused(DOOR), door():
        planned.versions.update(applied_at=timezone.now())
    with refused(DOOR), door() as another:
        sql(
            "UPDATE locations_locationnumber SET version_id = %s, note = 'planned' WHERE id = %s",
            planned.versions.get().pk,
            ours.pk,
        )
    assert another.state == State.RUNNING


def test_the_door_is_shut_after_apply_in_the_same_transaction() -> None:
    number = location()
    changes.apply(running(changes.plan(locations=only(number), by=None, note="done")))
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('soredi.change_set', true)")
        assert cursor.fetchone() == ("",)
    with refused(DOOR):
        only(number).update(note="mine")


def test_a_refused_apply_leaves_the_door_shut() -> None:
    number = location()
    first = changes.plan(locations=only(number), by=None, note="first")
    second = changes.plan(locations=only(number), by=None, note="second")
    changes.apply(running(first))
    with pytest.raises(changes.Refused):
        changes.apply(running(second))
    with refused(DOOR):
        only(number).update(note="mine")


def test_a_number_is_on_one_unit_a_day() -> None:
    number, ward, practice = location(), unit("Afsnit"), unit("Praksis")
    Assignment.objects.create(location=number, unit=ward, period=("2020-01-01", "2021-01-01"))
    Assignment.objects.create(location=number, unit=practice, period=("2021-01-01", None))
    with refused("assignment_one_unit_a_day"):
        Assignment.objects.create(location=number, unit=ward, period=("2020-12-31", "2021-01-01"))
    with refused("assignment_period_not_empty"):
        Assignment.objects.create(location=number, unit=ward, period=("2019-01-01", "2019-01-01"))


@pytest.mark.parametrize("wrong", ["579000000000", "57900000000011", "579000000000X"])
def test_a_location_number_has_13_digits(wrong: str) -> None:
    with refused("location_gln_13_digits", "value too long"):
        location(wrong)
