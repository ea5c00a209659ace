"""What of a change set has been taken back, number by number, as an undo may take only some of them.

An undo holds for a number that it changed, until it was itself undone there.
"""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from locations.access import LocationNumberQuerySet
from locations.models import ChangeSet, LocationVersion
from soredi.jobs import State
from soredi.sentences import Sentence, counted


@dataclass(frozen=True)
class Holding:
    """An undo that was carried out, and of how many numbers it holds."""

    undo: ChangeSet
    numbers: int


def undone(change_set: ChangeSet) -> QuerySet[LocationVersion]:
    """The versions by which numbers of `change_set` are undone, each in the undo that holds.

    One query for each undo, to find those of it; the versions are found by the index of their change set.
    """
    held = Q()
    for undo in _undos(change_set):
        held |= _held(undo)
    return LocationVersion.objects.filter(held) if held else LocationVersion.objects.none()


def holding(change_set: ChangeSet) -> list[Holding]:
    """The undos of `change_set` that hold of some number, oldest first."""
    found = [
        Holding(undo, LocationVersion.objects.filter(_held(undo)).count()) for undo in _undos(change_set)
    ]
    return [one for one in found if one.numbers]


def why_not_undone(
    change_set: ChangeSet, touched: LocationNumberQuerySet, not_yours: int, some_left: bool
) -> Sentence:
    """Why an undo of `change_set`, which changed the numbers `touched`, would change nothing.

    `not_yours` of them are not the user's to change; `some_left`: others of them are still to be undone.
    """
    if some_left:
        return Sentence("There is nothing left to undo: what this change did has been changed again since.")
    if undos := holding(change_set):
        return counted(
            "There is nothing left to undo: change %(ids)s has undone it.",
            "There is nothing left to undo: changes %(ids)s have undone it.",
            count=len(undos),
            ids=", ".join(str(one.undo.pk) for one in undos),
        )
    if not_yours:
        return Sentence(
            "There is nothing to undo: none of the location numbers it changed is yours to change."
        )
    if touched.exists():
        return Sentence("There is nothing to undo: it changed none of the location numbers that were chosen.")
    return Sentence("There is nothing to undo: this change created its location numbers, or changed none.")


def _undos(change_set: ChangeSet) -> list[ChangeSet]:
    return list(
        ChangeSet.objects.filter(undoes=change_set, state=State.DONE).select_related("by").order_by("pk")
    )


def _held(undo: ChangeSet) -> Q:
    return Q(change_set=undo, applied_at__isnull=False) & ~Q(location__in=undone(undo).values("location"))
