"""The triggers that make `locations/changes.py` the only door to a profile.

A door is open inside one transaction: `soredi.change_set` names the change set being applied (set
transaction-locally, cleared after), and that change set is running. The triggers compare whole sets through
transition tables, once a statement; 40,000 rows cost 0.2 s. They count instead of asking EXISTS, which the planner
answers with a nested loop in the hope of an early hit: none comes, and 37,000 rows took six minutes. Column lists come
from EdiProfile.
"""

from collections.abc import Mapping, Sequence

import pgtrigger

from locations.sets import UNION, WITHIN

NOT_OPEN = (
    "Profiles of location numbers change only through locations/changes.py: no running change set is named in "
    "this transaction, or the row does not belong to it."
)

# The change set that this transaction applies; null when none is named or the one named is not running.
_NAMED = """
    SELECT id FROM locations_changeset
    WHERE id = nullif(current_setting('soredi.change_set', true), '')::bigint AND state = 'running'
"""


def never_deleted() -> pgtrigger.Trigger:
    return pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete)


def key_fixed() -> pgtrigger.Trigger:
    """Profiles hold keys of code lists without a foreign key to follow them."""
    return pgtrigger.Protect(
        name="key_fixed",
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition("OLD.id IS DISTINCT FROM NEW.id"),
    )


def never_truncated() -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name="never_truncated",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func=_refuse("TRUNCATE passes row triggers by", "true", "These rows are kept for ever.")
        + "\n    RETURN NULL;",
    )


def _row(alias: str, columns: Sequence[str]) -> str:
    return "(" + ", ".join(f"{alias}.{column}" for column in columns) + ")"


def _refuse(what: str, condition: str, message: str) -> str:
    """PL/pgSQL: raise `message` when `condition` holds. Kept short so that each rule reads as one block."""
    return f"""
    -- {what}
    IF {condition} THEN
        RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation';
    END IF;"""


def _function(*blocks: str) -> str:
    return f"named := ({_NAMED});" + "".join(blocks) + "\n    RETURN NULL;"


def location_triggers(profile: Sequence[str]) -> list[pgtrigger.Trigger]:
    """Triggers of LocationNumber: its profile is that of its version, and moves only with it."""
    # old_rows is hashed only once a row is met whose version is not the named change set's, as when SOR moves dates.
    moved = f"""0 < (
        SELECT count(*) FROM new_rows n
        LEFT JOIN locations_locationversion v ON v.id = n.version_id
        WHERE {_row("n", ("id", *profile))} IS DISTINCT FROM {_row("v", ("location_id", *profile))}
           OR ((v.change_set_id IS DISTINCT FROM named OR v.applied_at IS NULL)
               AND (n.id, n.version_id) NOT IN (SELECT id, version_id FROM old_rows)))"""
    foreign_statement = f"""NOT EXISTS (
        SELECT FROM locations_locationversion s
        WHERE s.id = NEW.sor_version_id AND s.location_id = NEW.id AND s.change_set_id = ({_NAMED}))"""
    made = f"""0 < (
        SELECT count(*) FROM new_rows n
        LEFT JOIN locations_locationversion v ON v.id = n.version_id AND v.location_id = n.id
        WHERE named IS NULL OR v.change_set_id IS DISTINCT FROM named OR v.applied_at IS NULL
           OR {_row("n", profile)} IS DISTINCT FROM {_row("v", profile)}
           OR n.sor_version_id <> n.version_id)"""
    return [
        pgtrigger.Trigger(
            name="profile_update",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=pgtrigger.Update,
            referencing=pgtrigger.Referencing(old="old_rows", new="new_rows"),
            declare=[("named", "bigint")],
            func=_function(_refuse("a profile or its version moved", moved, NOT_OPEN)),
        ),
        pgtrigger.Trigger(
            name="sor_statement",
            when=pgtrigger.Before,
            operation=pgtrigger.Update,
            condition=pgtrigger.Condition("OLD.sor_version_id IS DISTINCT FROM NEW.sor_version_id"),
            func=_refuse("what SOR said moved", foreign_statement, NOT_OPEN) + "\n    RETURN NEW;",
        ),
        pgtrigger.Trigger(
            name="profile_insert",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=pgtrigger.Insert,
            referencing=pgtrigger.Referencing(new="new_rows"),
            declare=[("named", "bigint")],
            func=_function(_refuse("a number without its first version", made, NOT_OPEN)),
        ),
        pgtrigger.Protect(
            name="gln_for_ever",
            operation=pgtrigger.Update,
            condition=pgtrigger.Condition(
                "OLD.id IS DISTINCT FROM NEW.id OR OLD.gln IS DISTINCT FROM NEW.gln"
            ),
        ),
        never_deleted(),
        never_truncated(),
    ]


def version_triggers(profile: Sequence[str], code_lists: Mapping[str, str]) -> list[pgtrigger.Trigger]:
    """Triggers of LocationVersion: known codes and EDI types, planned only by an unfinished change set, then frozen."""
    fixed = ("id", "location_id", "change_set_id", "base_id", *profile)
    unknown = f"""EXISTS (
        SELECT FROM new_rows WHERE NOT edi_types {WITHIN} ARRAY(SELECT id FROM locations_editype))"""
    unlisted = " OR ".join(
        f"""EXISTS (SELECT FROM (SELECT DISTINCT {column} AS key FROM new_rows) used
        WHERE key IS NOT NULL AND NOT EXISTS (SELECT FROM {table} t WHERE t.id = key))"""
        for column, table in code_lists.items()
    )
    unsorted = f"EXISTS (SELECT FROM new_rows WHERE edi_types <> edi_types {UNION} '{{}}'::int[])"
    finished = """0 < (
        SELECT count(*) FROM (SELECT DISTINCT change_set_id, applied_at IS NOT NULL AS applied FROM new_rows) n
        JOIN locations_changeset c ON c.id = n.change_set_id
        WHERE (c.state <> 'draft' OR n.applied) AND c.id IS DISTINCT FROM named)"""
    # Also what a foreign key would say; one that is done is never deleted.
    foreign_base = """0 < (
        SELECT count(*) FROM new_rows n
        LEFT JOIN locations_locationversion b ON b.id = n.base_id AND b.location_id = n.location_id
        LEFT JOIN locations_changeset c ON c.id = b.change_set_id AND c.state = 'done'
        WHERE n.base_id IS NOT NULL AND c.id IS NULL)"""
    not_named = "EXISTS (SELECT FROM new_rows WHERE change_set_id IS DISTINCT FROM named)"
    return [
        pgtrigger.Trigger(
            name="version_insert",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=pgtrigger.Insert,
            referencing=pgtrigger.Referencing(new="new_rows"),
            declare=[("named", "bigint")],
            func=_function(
                _refuse(
                    "an EDI type that is not in the code list", unknown, "Unknown EDI type id in a profile."
                ),
                _refuse(
                    "a key that is in no code list", unlisted, "Unknown key of a code list in a profile."
                ),
                _refuse(
                    "edi_types is a set, written ascending", unsorted, "edi_types must ascend, each id once."
                ),
                _refuse(
                    "a base that is not a former version",
                    foreign_base,
                    "base is no former version of the number.",
                ),
                _refuse("what was previewed takes no more rows", finished, NOT_OPEN),
            ),
        ),
        # Fires only on a violation: the condition is evaluated without entering PL/pgSQL.
        pgtrigger.Protect(
            name="version_frozen",
            operation=pgtrigger.Update,
            condition=pgtrigger.Condition(
                f"OLD.applied_at IS NOT NULL OR {_row('OLD', fixed)} IS DISTINCT FROM {_row('NEW', fixed)}"
            ),
        ),
        pgtrigger.Trigger(
            name="version_apply",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=pgtrigger.Update,
            referencing=pgtrigger.Referencing(new="new_rows"),
            declare=[("named", "bigint")],
            func=_function(_refuse("applied by another than the running change set", not_named, NOT_OPEN)),
        ),
        pgtrigger.Trigger(
            name="version_kept",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=pgtrigger.Delete,
            referencing=pgtrigger.Referencing(old="old_rows"),
            func=_refuse(
                "history, and what SOR said",
                """EXISTS (
        SELECT FROM (SELECT DISTINCT change_set_id, applied_at FROM old_rows) o
        JOIN locations_changeset c ON c.id = o.change_set_id WHERE o.applied_at IS NOT NULL OR c.state = 'done')""",
                "Applied versions are kept for ever.",
            )
            + "\n    RETURN NULL;",
        ),
        never_truncated(),
    ]
