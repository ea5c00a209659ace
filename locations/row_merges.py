"""Merging: two rows of a code list that are one. One is retired and replaced, and all that leads to it moves.

Planned as a correction of the list (CatalogueChange) and, where numbers have the row, the change set that moves them.
Nothing is changed before that is carried out, and then all of it or nothing, in one transaction (`changes.apply`).
What leads to a row, and what happens to it:

- `LocationNumber` system, vendor, vans, edi_administrator: moves, by the change set; the vendor of a system stays.
- `LocationVersion`, the same columns: history, and what SOR said; stays. So the numbers that moved deviate from SOR,
  which knows the merged row only, and an import keeps ours. A draft of somebody else's that gives numbers
  the merged row is still carried out; the row's page tells that it has numbers, and moves them.
- `SystemMap`: each word on MedCom's systems moves, but where the other says the opposite: there both stay.
- `EdiAdministrator.users`: move, and may then edit all numbers of the other. Who is in both leaves the merged one.
- `SavedSearch.shared_with`: moves, as those who saw it did. Searches that ask for the merged row in their words stay
  as they are, since they are people's own, and find nothing: they are counted.
- `replaced_by` of rows that were merged into this one before: stays, as what happened; `final` follows the chain.
- `MassUpdate.edi_administrator`: whose inbox a file came to; stays.
- `LocationNumber.region`, `SorUnit.region`, `SorUnit.specialities`, and EDI types: SOR owns them, or a version is
  phased out (phase_out.py); these lists do not merge.
"""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from locations import catalogue, changes
from locations.catalogue import Way
from locations.catalogue_check import draft_of
from locations.code_lists import CodeList, asked_for, holding
from locations.merged_rows import items, together
from locations.models import CatalogueChange, SavedSearch
from locations.models.change import PLANS_LIVE
from soredi.jobs import Refused, State
from soredi.models import User
from soredi.sentences import Sentence


@transaction.atomic
def plan(*, code_list: CodeList, row: Any, to: Any, on: Any, by: User, reason: str) -> CatalogueChange:
    """Plan that `to` takes the place of `row`, which is retired from the day `on`; returns the draft.

    `found`: `"to"`, the label of that row; `"stays"`, what MedCom calls both though it was said otherwise of the two;
    `"asked_by"`, how many saved searches ask for `row`. Raises Refused where something takes its place already.
    """
    if row.replaced_by:
        raise Refused(
            Sentence("%(row)s is replaced by %(to)s already.", row=row.label, to=row.replaced_by.label)
        )
    leaving = draft_of(code_list, row, ["retired_on", "replaced_by", *code_list.going_along])
    receiving = draft_of(code_list, to, code_list.going_along)
    leaving.after["replaced_by"] = to.label
    leaving.after["retired_on"] = leaving.after["retired_on"] or on.isoformat()
    stays: set[str] = set()
    for name in code_list.going_along:
        kind = code_list.field(name).kind
        ours, theirs = items(kind, leaving.after[name]), items(kind, receiving.after[name])
        contrary = {line for line in ours if kind == "maps" and _contrary(line) in theirs}
        stays |= {line[2:] for line in contrary}
        leaving.after[name] = together(kind, contrary)
        receiving.after[name] = together(kind, theirs | (ours - contrary))
    moves = None
    if holding(code_list, row).exists():
        moves = changes.plan_replacement(field=code_list.column, old=row, new=to, by=by, reason=reason)
    return catalogue.plan(
        code_list=code_list,
        drafts=[leaving, receiving],
        by=by,
        way=Way.MERGE,
        reason=reason,
        found={"to": to.label, "stays": sorted(stays), "asked_by": _asking(code_list, row)},
        change_set=moves,
    )


def plan_undo(done: CatalogueChange, *, by: User, reason: str) -> CatalogueChange:
    """Plan to take a correction back: of a merge also its numbers, as far as they were not undone before.

    Raises Refused as `catalogue.plan_undo` does.
    """
    with transaction.atomic():
        undo = catalogue.plan_undo(done, by=by, reason=reason)
        if done.change_set:
            try:
                undo.change_set = changes.plan_undo(done.change_set, by=by, reason=reason)
            except Refused:
                return undo  # nothing of the numbers is left to undo
            undo.save(update_fields=["change_set"])
    return undo


def drafts(code_list: CodeList, row: Any) -> QuerySet[CatalogueChange]:
    """Merges of `row` that somebody has planned and not carried out, and that still can be."""
    planned = CatalogueChange.objects.filter(code_list=code_list.slug, way=Way.MERGE, state=State.DRAFT)
    living = planned.filter(created_at__gt=timezone.now() - PLANS_LIVE)
    return living.filter(rows__0__pk=row.pk).select_related("by")


def final(row: Any) -> Any:
    """What at last takes the place of `row`; None for nothing."""
    seen = {row.pk}
    while row.replaced_by and row.replaced_by.pk not in seen:
        row = row.replaced_by
        seen.add(row.pk)
    return row if len(seen) > 1 else None


def _contrary(line: str) -> str:
    return ("≠" if line.startswith("=") else "=") + line[1:]


def _asking(code_list: CodeList, row: Any) -> int:
    """How many saved searches ask for `row`."""
    name, value = code_list.parameter, asked_for(row)
    queries = SavedSearch.objects.filter(query__contains=f"{name}=").values_list("query", flat=True)
    return sum(value in QueryDict(query).getlist(name) for query in queries)
