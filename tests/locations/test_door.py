"""Nothing but a running change set, named in its transaction, changes the profile of a location number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.admin import ModelAdmin
from django.contrib.admin.sites import AdminSite
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory
from django.utils import timezone

from locations import changes
from locations.models import (
    PROFILE_COLUMNS,
    Assignment,
    ChangeSet,
    EdiType,
    LocationNumber,
    LocationVersion,
    Region,
    Vans,
)
from locations.models.change import Source
from soredi.jobs import State
from tests.builders import code, edi_type, location, unit, unused_gln, user

pytestmark = pytest.mark.django_db


def sql(statement: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def constraints_now() -> None:
    """What a commit would check, checked here."""
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("SET CONSTRAINTS ALL DEFERRED")


@contextmanager
def refused(*messages: str) -> Iterator[None]:
    """The database refuses the block, saying one of `messages`."""
    constraints_now()  # TRUNCATE waits for none that is pending
    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        yield
        constraints_now()
    assert not messages or any(message in str(refusal.value) for message in messages)


CANNOT = "pgtrigger: Cannot"
DOOR = "only through locations/changes.py"


@contextmanager
def door(change_set: ChangeSet | None = None, **fields: Any) -> Iterator[ChangeSet]:
    """A running change set with its door open; shut again without marking it done.

    Where the block is refused, its savepoint takes the name back.
    """
    change_set = change_set or ChangeSet.objects.create(
        source=Source.EDIT, state=State.RUNNING, started_at=timezone.now(), **fields
    )
    changes.open_door(change_set)
    yield change_set
    sql("SELECT set_config('soredi.change_set', '', true)")


def version_of(number: LocationNumber, change_set: ChangeSet, **profile: Any) -> LocationVersion:
    values = {column: getattr(number, column) for column in PROFILE_COLUMNS} | profile
    return LocationVersion(location=number, change_set=change_set, base_id=number.version_id, **values)


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
    changes.apply(_running(changes.plan(locations=_only(number), by=None, note="later")))
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


def _only(*numbers: LocationNumber) -> Any:
    return LocationNumber.objects.filter(pk__in=[number.pk for number in numbers])


def _running(change_set: ChangeSet) -> ChangeSet:
    ChangeSet.objects.filter(pk=change_set.pk).update(state=State.RUNNING, started_at=timezone.now())
    change_set.refresh_from_db()
    return change_set


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
            "locations_lifeevent, locations_leftout"
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
    "update": lambda n: _only(n).update(note="mine"),
    "update by key": lambda n: _only(n).update(vans_id=None),
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
    _only(number).update(unit=ward, to_date="2030-01-31")
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
        admin.delete_queryset(request, _only(number))
    assert LocationNumber.objects.get().note == "ours"


def test_naming_a_change_set_that_is_not_running_opens_nothing() -> None:
    number = location()
    planned = changes.plan(locations=_only(number), by=None, note="planned")
    for state in set(State) - {State.RUNNING, State.DONE}:
        ChangeSet.objects.filter(pk=planned.pk).update(state=state)
        with refused(DOOR), door(planned):
            planned.versions.update(applied_at=timezone.now())
    for name in ("0", "999999", str(number.version.change_set_id)):
        with refused(DOOR):
            sql("SELECT set_config('soredi.change_set', %s, true)", name)
            _only(number).update(note="mine")


def test_a_change_set_moves_only_numbers_that_it_has_versions_of() -> None:
    ours, other = location(), location()
    planned = _running(changes.plan(locations=_only(ours), by=None, note="planned"))
    with refused(DOOR), door(planned):
        _only(other).update(note="planned")
    with refused(DOOR), door():
        planned.versions.update(applied_at=timezone.now())
    with refused(DOOR), door() as another:
        sql(
            "UPDATE locations_locationnumber SET version_id = %s, note = 'planned' WHERE id = %s",
            planned.versions.get().pk,
            ours.pk,
        )
    assert another.state == State.RUNNING


def test_a_profile_must_be_that_of_its_version() -> None:
    number = location()
    planned = _running(changes.plan(locations=_only(number), by=None, note="planned"))
    version = planned.versions.get()
    with refused(DOOR), door(planned):
        planned.versions.update(applied_at=timezone.now())
        _only(number).update(version=version, note="something else")
    with refused(DOOR), door(planned):  # planned, but not marked as applied
        _only(number).update(version=version, note="planned")
    with door(planned):
        planned.versions.update(applied_at=timezone.now())
        _only(number).update(version=version, note="planned")
    number.refresh_from_db()
    assert (number.version, number.note) == (version, "planned")


def test_an_applied_version_is_frozen() -> None:
    number = location()
    applied = _running(changes.plan(locations=_only(number), by=None, note="once"))
    changes.apply(applied)
    for change in ({"note": "again"}, {"applied_at": None}, {"edi_types": []}, {"base": None}):
        with refused(CANNOT, DOOR):
            LocationVersion.objects.filter(change_set=applied).update(**change)
    with refused("kept for ever"):
        sql("DELETE FROM locations_locationversion")
    with refused("kept for ever", "foreign key"):
        sql("TRUNCATE locations_locationversion CASCADE")
    assert number.versions.count() == 2


def test_a_planned_version_is_not_edited_either() -> None:
    """A plan was previewed as it stands; a changed wish is a new plan."""
    number = location()
    planned = changes.plan(locations=_only(number), by=None, note="planned")
    with refused(CANNOT):
        planned.versions.update(note="slipped in")
    with refused(DOOR):
        planned.versions.update(applied_at=timezone.now())


@pytest.mark.parametrize("state", sorted(set(State) - {State.DRAFT}))
def test_only_a_draft_takes_more_versions(state: str) -> None:
    first, second = location(), location()
    planned = changes.plan(locations=_only(first), by=None, note="planned")
    if state == State.DONE:
        changes.apply(_running(planned))
    else:
        ChangeSet.objects.filter(pk=planned.pk).update(state=state)
    with refused(DOOR):
        version_of(second, planned, note="slipped in").save()


def test_no_version_is_born_applied_outside_the_door() -> None:
    number = location()
    draft = ChangeSet.objects.create(source=Source.EDIT)
    with refused(DOOR):
        version_of(number, draft, applied_at=timezone.now()).save()


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ({"edi_types": [999_999]}, "Unknown EDI type"),
        ({"edi_types": [2, 1]}, "must ascend"),
        ({"edi_types": [1, 1]}, "must ascend"),
        ({"edi_types": [-1]}, "Unknown EDI type"),
        ({"edi_types": None}, "null value"),
        ({"vans_id": 999_999}, "Unknown key"),
        ({"system_id": 999_999}, "Unknown key"),
        ({"vendor_id": 999_999}, "Unknown key"),
        ({"edi_administrator_id": 999_999}, "Unknown key"),
    ],
)
def test_a_profile_holds_only_what_the_code_lists_hold(profile: dict[str, Any], message: str) -> None:
    number = location()
    keys = sorted(edi_type(name).pk for name in ("DIS91", "DIS20"))
    if (wanted := profile.get("edi_types")) and max(wanted) <= 2:
        profile = {"edi_types": [keys[k - 1] if k > 0 else k for k in wanted]}
    draft = ChangeSet.objects.create(source=Source.EDIT)
    with refused(message):
        version_of(number, draft, **profile).save()


def test_an_edi_type_cannot_be_null_inside_a_set() -> None:
    number = location()
    draft = ChangeSet.objects.create(source=Source.EDIT)
    with refused("must ascend", "Unknown EDI type"):
        sql(
            "INSERT INTO locations_locationversion (location_id, change_set_id, base_id, edi_types, "
            "only_internal, inactive, note) VALUES (%s, %s, %s, ARRAY[NULL]::int[], false, false, '')",
            number.pk,
            draft.pk,
            number.version_id,
        )


def test_the_base_of_a_version_is_one_of_its_own_number() -> None:
    number, other = location(), location()
    draft = ChangeSet.objects.create(source=Source.EDIT)
    version = version_of(number, draft)
    version.base_id = other.version_id
    with refused("base is no former version"):
        version.save()


def test_a_code_list_row_is_never_deleted() -> None:
    location(edi_types=[edi_type()], vans="V", system="S", vendor="L", edi_administrator="116")
    code(Vans, "unused")
    Region.objects.create(code="1084", name="Region Hovedstaden")
    for model in (EdiType, Vans, Region):
        table = model._meta.db_table
        with refused(CANNOT):
            sql(f"DELETE FROM {table}")
        with refused("kept for ever"):
            sql(f"TRUNCATE {table} CASCADE")
        with refused():
            model._default_manager.all().delete()


@pytest.mark.parametrize("kind", ["vans", "system", "vendor", "edi_administrator"])
def test_a_code_list_row_keeps_the_key_that_profiles_hold(kind: str) -> None:
    number = location(**{kind: "V"})
    row = getattr(number, kind)
    with refused(CANNOT):
        type(row).objects.filter(pk=row.pk).update(id=row.pk + 1000)


def test_an_edi_type_keeps_the_key_that_profiles_hold() -> None:
    known = edi_type()
    location(edi_types=[known])
    with refused(CANNOT):
        EdiType.objects.filter(pk=known.pk).update(id=known.pk + 1000)


def test_a_change_set_that_is_done_stays_as_it_is() -> None:
    number = location()
    done = _running(changes.plan(locations=_only(number), by=None, note="done"))
    changes.apply(done)
    for change in ({"state": State.RUNNING}, {"by": user("other")}, {"counts": {}}, {"reason": "another"}):
        with refused(CANNOT):
            ChangeSet.objects.filter(pk=done.pk).update(**change)
    with refused(CANNOT):
        sql("DELETE FROM locations_changeset")
    with refused("kept for ever"):
        sql("TRUNCATE locations_changeset CASCADE")


def test_the_door_is_shut_after_apply_in_the_same_transaction() -> None:
    number = location()
    changes.apply(_running(changes.plan(locations=_only(number), by=None, note="done")))
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('soredi.change_set', true)")
        assert cursor.fetchone() == ("",)
    with refused(DOOR):
        _only(number).update(note="mine")


def test_a_refused_apply_leaves_the_door_shut() -> None:
    number = location()
    first = changes.plan(locations=_only(number), by=None, note="first")
    second = changes.plan(locations=_only(number), by=None, note="second")
    changes.apply(_running(first))
    with pytest.raises(changes.Refused):
        changes.apply(_running(second))
    with refused(DOOR):
        _only(number).update(note="mine")


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
