"""A first import of many rows makes indexes and keys at its end: afterwards they are what they were."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from locations.models import LocationNumber, SorUnit
from soredi.jobs import State
from sorimport.merge import first
from tests.sorimport.extracts import extract, gln, import_once, write

pytestmark = pytest.mark.usefixtures("committed_db")

DEFINITIONS = """
SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class t ON t.oid = indrelid WHERE t.relname ~ '^locations_'
UNION ALL
SELECT concat_ws(' ', conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid)) FROM pg_constraint
ORDER BY 1
"""


def definitions() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(DEFINITIONS)
        return cursor.fetchall()


def test_a_first_import_without_indexes_leaves_them_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = definitions()
    with monkeypatch.context() as patched:
        patched.setattr(first, "MANY", 0)
        run = import_once(write(extract([{"EanLocationCode": gln(1)}], pairs={gln(1): "501"}), tmp_path))
    assert (run.state, run.message) == (State.DONE, "")
    assert definitions() == before
    number = LocationNumber.objects.get()
    assert (number.unit, number.version.location, number.assignments.count()) == (
        SorUnit.objects.get(sor_id="1"),
        number,
        1,
    )
    again = import_once(tmp_path)
    assert (again.state, again.counts["units"]["unchanged"], again.change_set) == (
        State.DONE,
        SorUnit.objects.count(),
        None,
    )
