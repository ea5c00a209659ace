"""The one door: plan → preview → apply → undo of change sets. Nothing else changes a profile.

Every plan is one INSERT of LocationVersion rows, one for each number whose profile would differ, with the current
version as `base`. Applying is one UPDATE from those rows. Python never loops over location numbers.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models.expressions import RawSQL
from django.utils import timezone
from psycopg.errors import LockNotAvailable

from locations import all_certified, catalogue, targets, unchanged, warnings
from locations.access import LocationNumberQuerySet
from locations.chosen import NotPermitted, choose, require_rights
from locations.models import (
    PROFILE_COLUMNS,
    CatalogueChange,
    ChangeSet,
    EdiAdministrator,
    EdiType,
    LocationNumber,
    System,
    Vans,
    Vendor,
)
from locations.models.change import Source
from locations.stale import refuse_stale
from locations.totals import totals
from locations.undoing import undone, why_not_undone
from soredi.jobs import Phase, Refused, State
from soredi.models import User
from soredi.sentences import Sentence

_COLUMNS = ", ".join(PROFILE_COLUMNS)


def _of(alias: str) -> str:
    return ", ".join(f"{alias}.{column}" for column in PROFILE_COLUMNS)


# Out: one planned version for each number whose target profile differs from the present one.
# `target` yields (id, <profile columns>); carried by the primary key of the numbers.
_WRITE = f"""
INSERT INTO locations_locationversion (location_id, change_set_id, base_id, {_COLUMNS})
SELECT l.id, %(change_set)s, l.version_id, {_of("p")}
FROM ({{target}}) p JOIN locations_locationnumber l ON l.id = p.id
WHERE ({_of("p")}) IS DISTINCT FROM ({_of("l")})
"""

_PLAN_EDIT = _WRITE.format(target=targets.EDIT)
_PLAN_EDIT_CERTIFIED = _WRITE.format(target=targets.EDIT_WITH_CERTIFIED)
_PLAN_SETS = _WRITE.format(target=targets.SETS)
_PLAN_SOR = _WRITE.format(target=targets.SOR)
_PLAN_REPLACEMENT = _WRITE.format(target=targets.REPLACEMENT)
_PLAN_UNDO = _WRITE.format(target=targets.UNDO)

# Key order: two overlapping change sets wait for each other instead of dead-locking.
_LOCK = """
SELECT l.id FROM locations_locationnumber l JOIN locations_locationversion v ON v.location_id = l.id
WHERE v.change_set_id = %(change_set)s ORDER BY l.id FOR UPDATE OF l
"""

_MARK_APPLIED = """
UPDATE locations_locationversion SET applied_at = %(now)s WHERE change_set_id = %(change_set)s AND applied_at IS NULL
"""

_MOVE = f"""
UPDATE locations_locationnumber l
SET version_id = v.id, {", ".join(f"{column} = v.{column}" for column in PROFILE_COLUMNS)}
FROM locations_locationversion v WHERE v.change_set_id = %(change_set)s AND v.location_id = l.id
"""

# The GIN index of EDI types takes 1.2 M entries in one go better than in 4 MB portions: 2.1 s became 1.6 s for 40,000
# numbers. Emptied at once, so that no search has to read what was put off.
_GATHER_INDEX = "SET LOCAL gin_pending_list_limit = '64MB'"
_EMPTY_INDEX = "SELECT gin_clean_pending_list('location_edi_types')"


@transaction.atomic
def plan(
    *,
    locations: LocationNumberQuerySet,
    by: User | None,
    reason: str = "",
    source: Source = Source.EDIT,
    edi_administrator: EdiAdministrator | None = None,
    system: System | None = None,
    vendor: Vendor | None = None,
    vans: Vans | None = None,
    add: Sequence[EdiType] = (),
    add_certified: bool = False,
    remove: Sequence[EdiType] = (),
    replace: Sequence[EdiType] | None = None,
    swap: tuple[EdiType, EdiType] | None = None,
    only_internal: bool | None = None,
    inactive: bool | None = None,
    note: str | None = None,
) -> ChangeSet:
    """Plan the same change for every number in `locations`; returns the draft ChangeSet.

    None leaves a field as it is. `add` and `remove` change the set of EDI types, `replace` states it whole, and
    `swap` puts the second type in the place of the first where a number has that. `add_certified` adds to any of these
    what the system of each number is certified to receive, unless it is in `remove`; see `all_certified`. Raises
    NotPermitted where `by` may not edit one of the numbers, Refused where nothing is known to be certified, ValueError
    where the operations contradict each other.
    """
    old, new = swap or (None, None)
    if replace is not None and (add or remove or swap):
        raise ValueError("replace states the whole set; it cannot go with add, remove or swap")
    if set(add) & set(remove) or (swap and (old == new or old in add or new in remove)):
        raise ValueError("the same EDI type is to be added and removed")
    if (system is None) != (vendor is None):
        raise ValueError("system and vendor are one field; give both")
    if edi_administrator is not None and by is not None and not by.is_administrator:
        raise NotPermitted(Sentence("Only administrators may change the EDI administrator."))
    change_set = ChangeSet.objects.create(source=source, by=by, reason=reason)
    chosen = choose(locations, by)
    today = timezone.localdate()
    approvals = all_certified.gather(change_set, system=system, day=today) if add_certified else None
    _write(
        _PLAN_EDIT_CERTIFIED if add_certified else _PLAN_EDIT,
        change_set,
        edi_administrator=edi_administrator and edi_administrator.pk,
        system=system and system.pk,
        vendor=vendor and vendor.pk,
        vans=vans and vans.pk,
        add=[t.pk for t in add],
        remove=[t.pk for t in remove],
        swap_from=[old.pk] if old else [],
        swap_to=[new.pk] if new else [],
        replace=None if replace is None else sorted({t.pk for t in replace}),
        only_internal=only_internal,
        inactive=inactive,
        note=note,
    )
    values = (edi_administrator, system, vans, only_internal, inactive, note)
    stated = bool(add or add_certified or replace) or any(value is not None for value in values)
    _count(change_set, chosen, stated=stated, gains=[new] if new else [])
    _warn(change_set, today)
    if approvals:
        named = [*add, *(replace or ()), *(swap or ())]
        change_set.counts["certified"] = all_certified.found(change_set, approvals, named=named)
        change_set.save(update_fields=["counts"])
    return change_set


@transaction.atomic
def plan_sets(
    *,
    by: User | None,
    inbox: EdiAdministrator | None = None,
    reason: str = "",
    source: Source = Source.MASS_UPDATE,
) -> ChangeSet:
    """Plan that each number in the temporary table `planned_set` receives exactly its `edi_types`.

    `planned_set(location_id bigint, edi_types int[])`, one row a number, is made by the caller in this transaction.
    `inbox`: whose inbox asks for it, where nobody did.
    """
    change_set = ChangeSet.objects.create(source=source, by=by, inbox=inbox, reason=reason)
    chosen = choose(
        LocationNumber.objects.filter(pk__in=RawSQL("SELECT location_id FROM planned_set", [])), by
    )
    _write(_PLAN_SETS, change_set)
    return _count(change_set, chosen)


@transaction.atomic
def plan_sor(*, by: User | None, reason: str = "", source: Source = Source.EDIT) -> ChangeSet:
    """Plan that the fields in the temporary table `taken` become what SOR says of them.

    `taken(location_id bigint, field text)`, one row a number and field, is made by the caller in this transaction.
    Raises NotPermitted as `plan` does.
    """
    change_set = ChangeSet.objects.create(source=source, by=by, reason=reason)
    chosen = choose(LocationNumber.objects.filter(pk__in=RawSQL("SELECT location_id FROM taken", [])), by)
    _write(_PLAN_SOR, change_set)
    _count(change_set, chosen)
    _warn(change_set, timezone.localdate())
    if "edi_administrator" in change_set.counts["fields"] and by is not None and not by.is_administrator:
        raise NotPermitted(Sentence("Only administrators may change the EDI administrator."))
    return change_set


@transaction.atomic
def plan_replacement(*, field: str, old: Any, new: Any, by: User, reason: str = "") -> ChangeSet:
    """Plan that every number with `old` in `field` (system, vendor, vans, edi_administrator) gets `new` there.

    Unlike `plan` it keeps each number's vendor when its system is replaced. For administrators: raises NotPermitted.
    """
    if not by.is_administrator:
        raise NotPermitted(Sentence("Only administrators may move numbers within a code list."))
    change_set = ChangeSet.objects.create(source=Source.EDIT, by=by, reason=reason)
    chosen = choose(LocationNumber.objects.filter(**{field: old.pk}), by)
    _write(_PLAN_REPLACEMENT, change_set, field=field, new=new.pk)
    return _count(change_set, chosen)


@transaction.atomic
def plan_undo(
    change_set: ChangeSet,
    *,
    by: User | None,
    reason: str = "",
    locations: LocationNumberQuerySet | None = None,
) -> ChangeSet:
    """Plan to take back what `change_set` did to `locations`, and to keep what others did since.

    Without `locations`: to all of its numbers that `by` may edit. What an undo has taken back already stays so. Left
    out, and listed in `counts`: `"kept"`, the fields that somebody changed again, as [gln, field] (the first hundred;
    `"kept_total"` says how many); `"created"`, the numbers that the change set made, whose first version cannot be
    undone; `"not_yours"`, those that `by` may not edit. Raises Refused where nothing would change, NotPermitted where
    `locations` are not all the user's, or where it would hand numbers to another EDI administrator.
    """
    if change_set.state != State.DONE:
        raise Refused(Sentence("Only a change that was carried out can be undone."))
    touched = LocationNumber.objects.changed_by(change_set)
    own, not_yours = touched, 0
    if locations is not None:
        own = touched.filter(pk__in=locations.order_by().values("pk"))
    elif by is not None and not by.is_administrator:
        own = touched.filter(pk__in=LocationNumber.objects.editable_by(by).values("pk"))
        not_yours = touched.count() - own.count()
    undo = ChangeSet.objects.create(source=Source.UNDO, undoes=change_set, by=by, reason=reason)
    chosen = choose(own.exclude(pk__in=undone(change_set).values("location")), by)
    _write(_PLAN_UNDO, undo, undoes=change_set.pk)
    with connection.cursor() as cursor:
        cursor.execute(targets.KEPT, {"undoes": change_set.pk})
        kept = cursor.fetchall()
    created = (
        change_set.versions.filter(base=None, applied_at__isnull=False).count() if locations is None else 0
    )
    undo.counts = {"kept_total": len(kept), "kept": kept[:100], "created": created, "not_yours": not_yours}
    _count(undo, chosen)
    if "edi_administrator" in undo.counts["fields"] and by is not None and not by.is_administrator:
        raise NotPermitted(Sentence("Only administrators may change the EDI administrator."))
    if not undo.counts["changed"]:
        raise Refused(why_not_undone(change_set, touched, not_yours, bool(chosen)))
    return undo


def apply(change_set: ChangeSet) -> None:
    """Carry out a running change set, whole or not at all; the action of its job. Can be cancelled until it commits.
    Where it moves the numbers of a merged row, what else the merge does is done with it.

    Raises Refused, naming numbers and people, where a number was changed since the plan or is no longer the user's.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        these = {"change_set": change_set.pk}
        merge = CatalogueChange.objects.filter(change_set=change_set).select_related("by").first()
        if merge:  # before the numbers, as an import takes them
            _lock(cursor, change_set, lambda: catalogue.lock(merge))
        _lock(cursor, change_set, lambda: cursor.execute(_LOCK, these))
        refuse_stale(change_set)
        require_rights(LocationNumber.objects.filter(versions__change_set=change_set), change_set.by)
        change_set.report(Phase.WRITING)
        open_door(change_set)
        # After the locks, so that later in the chain of versions is also later in time.
        now = timezone.now()
        cursor.execute(_MARK_APPLIED, {"now": now, **these})
        cursor.execute(_GATHER_INDEX)
        cursor.execute(_MOVE, these)
        cursor.execute(_EMPTY_INDEX)
        if merge:
            catalogue.carry_out(merge)
        change_set.report(Phase.FINISHING)  # the last moment to stop
        close_door(change_set, finished_at=now)


def open_door(change_set: ChangeSet) -> None:
    """Name `change_set`, which must be running, as the one that this transaction applies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('soredi.change_set', %s, true)", [str(change_set.pk)])


def close_door(change_set: ChangeSet, *, finished_at: Any) -> None:
    """Mark it done and shut the door; a setting would else outlive a released savepoint."""
    ChangeSet.objects.filter(pk=change_set.pk).update(
        state=State.DONE, finished_at=finished_at, counts=change_set.counts, message=""
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('soredi.change_set', '', true)")


def _write(statement: str, change_set: ChangeSet, **params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"change_set": change_set.pk, **params})


def _count(
    change_set: ChangeSet, chosen: int, *, stated: bool = True, gains: Sequence[EdiType] = ()
) -> ChangeSet:
    """Store what the plan would do, for preview and receipt."""
    change_set.counts |= totals(change_set, chosen)
    if change_set.counts["unchanged"]:
        change_set.counts["why_unchanged"] = unchanged.why(change_set, stated=stated, gains=gains)
    change_set.save(update_fields=["counts"])
    return change_set


def _warn(change_set: ChangeSet, day: date) -> None:
    """Store what is to be ticked before a plan that adds EDI types is carried out."""
    if change_set.counts["added"]:
        change_set.counts |= warnings.find(change_set, day=day)
        change_set.save(update_fields=["counts"])


def _lock(cursor: Any, change_set: ChangeSet, lock: Callable[[], Any]) -> None:
    """Have `lock` lock what `change_set` changes. Waits as long as others hold it and nobody asks it to stop."""
    while True:
        change_set.report(Phase.CHECKING)
        try:
            with transaction.atomic():
                cursor.execute("SET LOCAL lock_timeout = '1s'")
                lock()
                cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
                return
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
