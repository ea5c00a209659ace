"""What a job would have left behind if nothing had gone wrong: the same job, taken back, with the same keys."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from django.db import connection, transaction

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*\+00:00")
VERSIONS = "locations_locationversion"
POINTERS = {"version_id", "sor_version_id", "marked_version_id", "base_id"}
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
    """All rows as they are to be compared with those of an undisturbed job, which took one attempt."""
    found = rows(moments=False)
    for job in (
        *found["sorimport_importrun"],
        *found["locations_changeset"],
        *found["massupdate_massupdate"],
    ):
        del job["attempts"]
    return _versions_named(_contexts_told(found))


def _contexts_told(found: Tables) -> Tables:
    """The key of what an event belongs to is random: what stands there instead."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id::text, metadata::text FROM pghistory_context")
        told: dict[Any, Any] = dict(cursor.fetchall())
    for content in found.values():
        for row in content:
            if "pgh_context_id" in row:
                row["pgh_context_id"] = told.get(row["pgh_context_id"])
    return found


def _versions_named(found: Tables) -> Tables:
    """Versions are written in any order: the keys say no more than which of its number's versions each is."""
    names: dict[Any, Any] = {None: None}
    seen: Counter[int] = Counter()
    for version in sorted(found[VERSIONS], key=itemgetter("id")):
        seen[version["location_id"]] += 1
        names[version["id"]] = f"{version['location_id']}, {seen[version['location_id']]}"
    for table, content in found.items():
        for row in content:
            for column in (POINTERS | {"id"} if table == VERSIONS else POINTERS) & row.keys():
                row[column] = names[row[column]]
    return found | {VERSIONS: sorted(found[VERSIONS], key=itemgetter("id"))}


def undisturbed(*actions: Callable[[], Any]) -> Tables:
    """`result` after `actions`, which are then taken back: rows, and the keys that come next, are what they were."""
    keys, before = next_keys(), _copied()
    for action in actions:
        action()
    found = result()
    with transaction.atomic(), connection.cursor() as cursor:
        # History refuses to be emptied, but its triggers do not fire for a replica.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"TRUNCATE {', '.join(before)}")
        for table, content in before.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(content)
    set_keys(keys)
    return found


def _copied() -> dict[str, bytes]:
    """What stands in each table, in COPY's format."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        for (table,) in cursor.fetchall():
            with cursor.copy(f"COPY {table} TO STDOUT") as copy:
                found[table] = b"".join(bytes(part) for part in copy)
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
