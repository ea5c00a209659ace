"""Changes of the code lists by people: plan → preview → apply → undo. Imports write their part by themselves.

The lists are small, so a change is carried out at once; but what merges two rows and moves location numbers is carried
out by the change set that moves them (see row_merges.py). Rows are never deleted: what is undone after it was added is
retired. The events of pghistory are the history; each names the change that it belongs to.
"""

from collections.abc import Sequence
from typing import Any

import pghistory
from django.db import OperationalError, transaction
from django.utils import timezone

from locations.catalogue_check import Draft, draft_of, names
from locations.code_lists import GOES_ALONG, LISTS, CodeList, asked_for
from locations.merged_rows import items, refuse_merged, together
from locations.models import CatalogueChange, ChangeSet, EdiAdministrator, SavedSearch, SystemMap
from locations.models.catalogue_change import Way
from locations.system_map import set_words
from soredi.jobs import Refused, State
from soredi.models import User
from soredi.sentences import Sentence

_SHOWN = 10  # rows that a refusal names

__all__ = ["Busy", "Way", "apply", "asked_for", "change", "drop", "plan", "plan_undo"]


class Busy(Refused):
    """The list is being written right now: the same can be asked again."""


def plan(
    *,
    code_list: CodeList,
    drafts: Sequence[Draft],
    by: User,
    way: Way,
    reason: str = "",
    file: str = "",
    found: dict[str, Any] | None = None,
    undoes: CatalogueChange | None = None,
    change_set: ChangeSet | None = None,
) -> CatalogueChange:
    """Plan what differs in `drafts`, which were checked; returns the draft change, without rows where nothing does."""
    rows = []
    for draft in drafts:
        changed = draft.changes() if draft.before is not None else list(draft.after)
        if changed or draft.before is None:
            rows.append(
                {
                    "pk": draft.pk,
                    "key": list(draft.key),
                    "before": draft.before and {name: draft.before[name] for name in changed},
                    "after": {name: draft.after[name] for name in changed},
                }
            )
    return CatalogueChange.objects.create(
        code_list=code_list.slug,
        way=way,
        by=by,
        reason=reason,
        file=file,
        rows=rows,
        found=found or {},
        undoes=undoes,
        change_set=change_set,
    )


def change(
    *, code_list: CodeList, drafts: Sequence[Draft], by: User, way: Way = Way.FORM, reason: str = ""
) -> CatalogueChange | None:
    """Plan and apply in one: None where nothing differs. Raises Refused as `apply` does, and then leaves nothing."""
    with transaction.atomic():
        planned = plan(code_list=code_list, drafts=drafts, by=by, way=way, reason=reason)
        if not planned.rows:
            planned.delete()
            return None
        apply(planned)
    return planned


def apply(planned: CatalogueChange) -> None:
    """Carry out a draft, whole or not at all.

    Raises Refused where it is no draft any more, where a row was changed since it was planned, or where the list is
    being written right now. What has a change set is carried out by that: ValueError.
    """
    if planned.change_set_id:
        raise ValueError(f"carried out by change set {planned.change_set_id}")
    try:
        with transaction.atomic():
            # An import holds its rows until it commits, which may take minutes: nobody waits for that here.
            lock(planned, nowait=True)
            carry_out(planned)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != "55P03":
            raise
        raise Busy(
            Sentence(
                "The list is being changed right now, by an import or by somebody else. Try again in a moment."
            )
        ) from None


def lock(planned: CatalogueChange, *, nowait: bool = False) -> None:
    """Hold `planned`, its list, and what belongs to the rows that it changes, until the transaction ends."""
    code_list = LISTS[planned.code_list]
    list(CatalogueChange.objects.select_for_update(nowait=nowait).filter(pk=planned.pk))
    list(code_list.model._default_manager.select_for_update(nowait=nowait).order_by("pk").values("pk"))
    keys = [row["pk"] for row in planned.rows if row["pk"]]
    for belonging in (
        SystemMap.objects.filter(system__in=keys),
        SavedSearch.objects.filter(shared_with__in=keys),
    ):
        list(belonging.select_for_update(nowait=nowait).order_by("pk").values("pk"))


def carry_out(planned: CatalogueChange) -> None:
    """Write what is planned, which is locked; the numbers of a merge have moved by now. Raises Refused."""
    code_list = LISTS[planned.code_list]
    planned.refresh_from_db(fields=["state"])
    if planned.state != State.DRAFT:
        raise Refused(Sentence("It was carried out or dropped already."))
    with pghistory.context(catalogue_change=planned.pk):
        rows = {row.pk: row for row in code_list.rows()}
        _refuse_stale(code_list, planned, rows)
        if planned.way == Way.MERGE:
            refuse_merged(code_list, planned, rows)
        _write(code_list, planned, rows)
    planned.state, planned.finished_at = State.DONE, timezone.now()
    planned.save()


def _refuse_stale(code_list: CodeList, planned: CatalogueChange, rows: dict[int, Any]) -> None:
    labels = {row.label for row in rows.values()}
    stale = []
    for row in planned.rows:
        label = " ".join(row["key"]).strip()
        if row["before"] is None:
            same = label not in labels
        else:
            known = rows.get(row["pk"])
            same = known is not None and all(
                code_list.field(name).text(known) == text for name, text in row["before"].items()
            )
        if not same:
            stale.append(label)
    if stale:
        named = ", ".join(stale[:_SHOWN]) + (" …" if len(stale) > _SHOWN else "")
        raise Refused(
            Sentence(
                "Changed by somebody else since this was planned: %(named)s. Nothing was changed. Begin again.",
                named=named,
            )
        )


def _write(code_list: CodeList, planned: CatalogueChange, rows: dict[int, Any]) -> None:
    """New rows first, so that others can be replaced by them; one event for each row that was there before."""
    entries = {row.label: row for row in rows.values()}
    for row in planned.new:
        values = _values(code_list, row["after"])
        made = code_list.model._default_manager.create(
            **dict(zip(code_list.key, row["key"], strict=True)), **values
        )
        row["pk"] = made.pk
        entries[made.label] = rows[made.pk] = made
    for row in planned.rows:
        known, after = rows[row["pk"]], row["after"]
        values = {} if row["before"] is None else _values(code_list, after)
        if "replaced_by" in after and (after["replaced_by"] or row["before"]):
            values["replaced_by"] = entries[after["replaced_by"]] if after["replaced_by"] else None
        if values:
            for name, value in values.items():
                setattr(known, name, value)
            known.save(update_fields=list(values))
        if "people" in after:
            _set_people(known, names(after["people"]))
        if "maps" in after:
            set_words(system=known, words=after["maps"], by=planned.by)
        if "searches" in after:  # those that leave are shared with the other row that the change names
            SavedSearch.objects.filter(pk__in=items("searches", after["searches"])).update(shared_with=known)


def _values(code_list: CodeList, after: dict[str, str]) -> dict[str, Any]:
    """What stands in the row's own columns."""
    fields = [code_list.field(name) for name in after]
    return {f.name: f.value(after[f.name]) for f in fields if f.kind not in ("entry", *GOES_ALONG)}


def _set_people(administrator: EdiAdministrator, usernames: list[str]) -> None:
    administrator.users.set(User.objects.filter(username__in=usernames))


def drop(planned: CatalogueChange) -> bool:
    """Throw a draft away; False where it is none any more."""
    drafts = CatalogueChange.objects.filter(pk=planned.pk, state=State.DRAFT)
    return bool(drafts.update(state=State.CANCELLED, finished_at=timezone.now()))


def plan_undo(done: CatalogueChange, *, by: User, reason: str = "") -> CatalogueChange:
    """Plan to take back what `done` did, and to keep what was changed since, which stands in `found["kept"]`.

    A row that it added is retired today, and stays. Raises Refused where nothing is left to take back.
    """
    if done.state != State.DONE:
        raise Refused(Sentence("Only a change that was carried out can be undone."))
    code_list = LISTS[done.code_list]
    rows = {row.pk: row for row in code_list.rows()}
    drafts, kept = [], []
    for row in done.rows:
        known = rows[row["pk"]]
        if row["before"] is None:
            draft = draft_of(code_list, known, ["retired_on"])
            if not draft.after["retired_on"]:
                draft.after["retired_on"] = timezone.localdate().isoformat()
        else:
            draft = draft_of(code_list, known, row["before"])
            for name, before in row["before"].items():
                if (kind := code_list.field(name).kind) in GOES_ALONG:
                    back, left_out = _taken_back(code_list, done, rows, row, name)
                    draft.after[name] = together(kind, back)
                    kept += [[known.label, name]] if left_out else []
                elif draft.after[name] == row["after"][name]:
                    draft.after[name] = before
                else:
                    kept.append([known.label, name])
        drafts.append(draft)
    with transaction.atomic():
        undo = plan(
            code_list=code_list,
            drafts=drafts,
            by=by,
            way=Way.UNDO,
            reason=reason,
            found={"kept": kept},
            undoes=done,
        )
        if not undo.rows:
            undo.delete()
            raise Refused(
                Sentence("There is nothing left to undo: what this change did has been changed again since.")
            )
    return undo


def _taken_back(
    code_list: CodeList, done: CatalogueChange, rows: dict[int, Any], row: dict[str, Any], name: str
) -> tuple[set[str], bool]:
    """What the field `name` of `row` holds once `done` is undone: without what it got, and with what it lost; what
    went to another row only where it still is. And whether something is left out for that.
    """
    field = code_list.field(name)

    def held(text: str) -> set[str]:
        return items(field.kind, text)

    before, after = held(row["before"][name]), held(row["after"][name])
    others = [one for one in done.rows if one is not row and name in one["after"]]
    went = {item for one in others for item in held(one["after"][name])}
    there = {item for one in others for item in held(field.text(rows[one["pk"]]))}
    lost = before - after
    gone = (lost & went) - there
    return (held(field.text(rows[row["pk"]])) - (after - before)) | (lost - gone), bool(gone)
