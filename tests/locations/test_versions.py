"""A version is written whole, by a draft, of what the code lists hold; what is applied or previewed stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from locations import changes
from locations.models import PROFILE_COLUMNS, ChangeSet, LocationNumber, LocationVersion
from locations.models.change import Source
from soredi.jobs import State
from tests.builders import edi_type, location, user
from tests.refusing import CANNOT, DOOR, door, only, refused, running, sql

pytestmark = pytest.mark.django_db


def version_of(number: LocationNumber, change_set: ChangeSet, **profile: Any) -> LocationVersion:
    values = {column: getattr(number, column) for column in PROFILE_COLUMNS} | profile
    return LocationVersion(location=number, change_set=change_set, base_id=number.version_id, **values)


def test_a_profile_must_be_that_of_its_version() -> None:
    number = location()
    planned = running(changes.plan(locations=only(number), by=None, note="planned"))
    version = planned.versions.get()
    with refused(DOOR), door(planned):
        planned.versions.update(applied_at=timezone.now())
        only(number).update(version=version, note="something else")
    with refused(DOOR), door(planned):  # planned, but not marked as applied
        only(number).update(version=version, note="planned")
    with door(planned):
        planned.versions.update(applied_at=timezone.now())
        only(number).update(version=version, note="planned")
    number.refresh_from_db()
    assert (number.version, number.note) == (version, "planned")


def test_an_applied_version_is_frozen() -> None:
    number = location()
    applied = running(changes.plan(locations=only(number), by=None, note="once"))
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
    planned = changes.plan(locations=only(number), by=None, note="planned")
    with refused(CANNOT):
        planned.versions.update(note="slipped in")
    with refused(DOOR):
        planned.versions.update(applied_at=timezone.now())


@pytest.mark.parametrize("state", sorted(set(State) - {State.DRAFT}))
def test_only_a_draft_takes_more_versions(state: str) -> None:
    first, second = location(), location()
    planned = changes.plan(locations=only(first), by=None, note="planned")
    if state == State.DONE:
        changes.apply(running(planned))
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
    with refused("must not contain nulls"):
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


def test_a_change_set_that_is_done_stays_as_it_is() -> None:
    number = location()
    done = running(changes.plan(locations=only(number), by=None, note="done"))
    changes.apply(done)
    for change in ({"state": State.RUNNING}, {"by": user("other")}, {"counts": {}}, {"reason": "another"}):
        with refused(CANNOT):
            ChangeSet.objects.filter(pk=done.pk).update(**change)
    with refused(CANNOT):
        sql("DELETE FROM locations_changeset")
    with refused("kept for ever"):
        sql("TRUNCATE locations_changeset CASCADE")
