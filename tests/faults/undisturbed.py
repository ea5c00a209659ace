"""What a run would have left behind if nothing had gone wrong: the same run, taken back, with the same keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*\+00:00")
Tables = dict[str, list[dict[str, Any]]]


def rows(*, moments: bool = True) -> Tables:
    """Every row of every table of ours; without `moments` only whether there is one, and no seconds."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables "
            "WHERE schemaname = 'public' AND tablename ~ '^(locations|soredi|massupdate|sorimport)_' ORDER BY 1"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1")
            texts = [text for (text,) in cursor.fetchall()]
            found[table] = [json.loads(text if moments else MOMENT.sub("a moment", text)) for text in texts]
    if not moments:
        for run in found["sorimport_importrun"]:
            run["counts"].pop("seconds", None)
    return found


def data() -> Tables:
    """All rows but those of the runs themselves, which tell how they went."""
    return {table: content for table, content in rows().items() if table != "sorimport_importrun"}


def result() -> Tables:
    """All rows as they are to be compared with those of an undisturbed run, which took one attempt."""
    found = rows(moments=False)
    for job in (
        *found["sorimport_importrun"],
        *found["locations_changeset"],
        *found["massupdate_massupdate"],
    ):
        del job["attempts"]
    return found


def undisturbed(*actions: Callable[[], Any]) -> Tables:
    """`result` after `actions`, which are taken back. The next keys are then again what they were."""
    keys = next_keys()
    with transaction.atomic(), connection.cursor() as cursor:
        for action in actions:
            action()
            cursor.execute("DISCARD TEMP")  # as at the end of its transaction
        found = result()
        transaction.set_rollback(True)
    set_keys(keys)
    return found


def next_keys() -> dict[str, tuple[int, bool]]:
    """Where each sequence is: what a transaction took from it is not given back with the transaction."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'SELECT last_value, is_called FROM "{name}"')
            found[name] = cursor.fetchone()
    return found


def set_keys(keys: dict[str, tuple[int, bool]]) -> None:
    with connection.cursor() as cursor:
        for name, (last, called) in keys.items():
            cursor.execute("SELECT setval(%s::regclass, %s, %s)", [f'"{name}"', last, called])
