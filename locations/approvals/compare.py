"""What a list of approvals changes: its answers beside those of the list that it comes after."""

from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from django.db import connection

from locations.certification import ANSWER, Answer
from locations.models import ApprovalList
from locations.models.certification import Channel

# In: two lists. Out: each (system, message, channel) of which they say different things, with the first line in each.
_DIFFERENCES = f"""
WITH said AS (
    SELECT a.approval_list_id AS list, a.system, a.message, a.channel, {ANSWER} AS answer, min(a.row) AS line
    FROM locations_approval a WHERE a.approval_list_id IN (%(former)s, %(list)s)
    GROUP BY a.approval_list_id, a.system, a.message, a.channel
)
SELECT system, message, channel, was.answer, now.answer, was.line, now.line
FROM (SELECT * FROM said WHERE list = %(former)s) was
FULL JOIN (SELECT * FROM said WHERE list = %(list)s) now USING (system, message, channel)
WHERE was.answer IS DISTINCT FROM now.answer
ORDER BY search_fold(system), system, message, channel
"""


class Difference(NamedTuple):
    """`before` and `after` are None where the list has no row of it; lines are the first in each sheet."""

    system: str
    message: str
    channel: Channel
    before: Answer | None
    after: Answer | None
    line_before: int | None
    line_after: int | None

    @property
    def kind(self) -> str:
        return "new" if self.before is None else "gone" if self.after is None else "changed"

    @property
    def takes_away(self) -> bool:
        """It must be ticked: nothing is revoked silently."""
        return self.after is None or self.before == Answer.CERTIFIED


@dataclass(frozen=True)
class Comparison:
    """`former` is None for the first list. Differences are in the order of the systems' names."""

    former: ApprovalList | None
    differences: list[Difference]

    def of_kind(self, kind: str) -> list[Difference]:
        return [difference for difference in self.differences if difference.kind == kind]

    def taken_away(self) -> dict[str, list[Difference]]:
        """System → what the new list takes away from it."""
        taken = (difference for difference in self.differences if difference.takes_away)
        return {system: list(group) for system, group in groupby(taken, key=lambda one: one.system)}


def former_of(approvals: ApprovalList) -> ApprovalList | None:
    """The accepted list that `approvals` comes after: in force on its date but for it, and accepted before it."""
    accepted = ApprovalList.objects.filter(accepted_at__isnull=False, dated__lte=approvals.dated)
    if approvals.accepted_at:
        accepted = accepted.filter(accepted_at__lt=approvals.accepted_at)
    return accepted.exclude(pk=approvals.pk).order_by("-dated", "-accepted_at", "-pk").first()


def compare(approvals: ApprovalList) -> Comparison:
    """Two queries, one for a first list: all of that is new, and none of it is listed."""
    former = former_of(approvals)
    if former is None:
        return Comparison(None, [])
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENCES, {"former": former.pk, "list": approvals.pk})
        return Comparison(
            former,
            [
                Difference(system, message, Channel(channel), _answer(was), _answer(now), *lines)
                for system, message, channel, was, now, *lines in cursor.fetchall()
            ],
        )


def _answer(text: str | None) -> Answer | None:
    return Answer(text) if text else None
