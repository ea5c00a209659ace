"""History is read, and added to; raw SQL, which passes Django by, can neither change it nor throw it away."""

from __future__ import annotations

import pghistory.models
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from locations import changes
from locations.deviations import Asked
from locations.models import LocationNumber, Vans
from locations.settling import keep_ours
from soredi.jobs import State
from tests.builders import code, edi_type, location, user

pytestmark = pytest.mark.django_db

EVENTS = sorted(
    (model._meta.db_table for model in apps.get_models() if issubclass(model, pghistory.models.Event)),
)


def passes(statement: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError:
        return False
    return True


def rows(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


@pytest.fixture(autouse=True)
def history() -> None:
    """A change that was carried out, and a row of each code list that was changed."""
    number = location(vans="KMD", system="XMO", vendor="CGM", region="1084", edi_types=[edi_type()])
    rows = LocationNumber.objects.filter(pk=number.pk)
    done = changes.plan(locations=rows, by=user("anna", administrators=["102"]), note="x")
    assert done.run_here(changes.apply).state == State.DONE
    vans = code(Vans, "KMD")
    assert vans is not None
    vans.name = "Another"
    vans.save()


CARRIED_OUT = [
    "UPDATE locations_locationversion SET note = 'other'",
    "UPDATE locations_locationversion SET applied_at = now()",
    "UPDATE locations_locationversion SET base_id = NULL WHERE base_id IS NOT NULL",
    "DELETE FROM locations_locationversion",
    "TRUNCATE locations_locationversion CASCADE",
    "UPDATE locations_changeset SET reason = 'other' WHERE state = 'done'",
    "UPDATE locations_changeset SET state = 'draft' WHERE state = 'done'",
    "UPDATE locations_changeset SET by_id = NULL WHERE by_id IS NOT NULL",
    "DELETE FROM locations_changeset WHERE state = 'done'",
    "TRUNCATE locations_changeset CASCADE",
]


def test_what_was_carried_out_cannot_be_touched() -> None:
    assert [statement for statement in CARRIED_OUT if passes(statement)] == []


def test_decisions_of_deviations_cannot_be_touched() -> None:
    assert keep_ours(Asked(LocationNumber.objects.all()), by=None) == 1
    table = "locations_deviationdecision"
    statements = [f"UPDATE {table} SET reason = 'other'", f"DELETE FROM {table}", f"TRUNCATE {table}"]
    assert [statement for statement in statements if passes(statement)] == []
    assert rows(table) == 1


def test_the_history_of_code_lists_cannot_be_touched() -> None:
    statements = ["UPDATE {} SET pgh_label = 'other'", "DELETE FROM {}"]
    filled = [table for table in EVENTS if rows(table)]
    assert {"locations_vansevent", "locations_editypeevent", "locations_systemevent"} <= set(filled)
    passed = [one.format(table) for table in filled for one in statements if passes(one.format(table))]
    assert passed == []
