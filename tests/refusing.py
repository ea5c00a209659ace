"""What the database refuses, and a door held open to try it, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from locations import changes
from locations.models import ChangeSet, LocationNumber
from locations.models.change import Source
from soredi.jobs import State


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


def only(*numbers: LocationNumber) -> Any:
    return LocationNumber.objects.filter(pk__in=[number.pk for number in numbers])


def running(change_set: ChangeSet) -> ChangeSet:
    ChangeSet.objects.filter(pk=change_set.pk).update(state=State.RUNNING, started_at=timezone.now())
    change_set.refresh_from_db()
    return change_set
