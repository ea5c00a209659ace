"""A sheet of approvals: handed in as a preview, accepted as the list in force from its date, or dropped."""

import hashlib
from collections.abc import Collection
from dataclasses import asdict
from datetime import date, timedelta

from django.db import connection, transaction
from django.utils import timezone

from locations.approvals.compare import compare
from locations.approvals.read import Sheet, read
from locations.certification import ANSWER
from locations.models import Approval, ApprovalList
from soredi.jobs import Refused
from soredi.models import User
from soredi.sentences import Sentence, counted

PREVIEWS_KEPT = timedelta(days=7)
SUMMARY = ("rows", "duplicates", "keys", "certified", "in_test", "refused", "conflicting", "problems")

# In: a list. Out: how many pairs of system and message it has a row of being received about, and how many of them have
# each answer. A pair of which only a test is missing is none of those.
_COUNTS = f"""
SELECT count(*), {
    ", ".join(
        f"count(*) FILTER (WHERE answer = '{answer}' AND tested)"
        for answer in ("certified", "in_test", "refused", "conflicting")
    )
}
FROM (
    SELECT {ANSWER} AS answer, bool_or(a.status <> 'missing') AS tested FROM locations_approval a
    WHERE a.approval_list_id = %s AND a.channel = 'receive' GROUP BY a.system, a.message
) said
"""


@transaction.atomic
def hand_in(*, file: bytes, name: str, dated: date, by: User | None) -> ApprovalList:
    """A preview of the sheet `file`, as it was published on `dated`; the list that is there where it is the same again.

    Raises TabularError where the file cannot be read.
    """
    sheet = read(file, name=name)
    ApprovalList.objects.filter(accepted_at=None, created_at__lt=timezone.now() - PREVIEWS_KEPT).delete()
    approvals, is_new = ApprovalList.objects.get_or_create(
        sha256=hashlib.sha256(file).hexdigest(),
        dated=dated,
        defaults={"name": name[:255], "by": by, "problems": [asdict(problem) for problem in sheet.problems]},
    )
    if is_new:
        Approval.objects.bulk_create(Approval(approval_list=approvals, **_columns(row)) for row in sheet.rows)
        approvals.counts = _counts(approvals, sheet)
        approvals.save(update_fields=["counts"])
    return approvals


def _columns(row: object) -> dict[str, object]:
    said = dict(vars(row))
    return {"row": said.pop("line"), **said}


def _counts(approvals: ApprovalList, sheet: Sheet) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [approvals.pk])
        answers = cursor.fetchone()
    said = (sheet.read, sheet.duplicates, *answers, len(sheet.problems))
    return dict(zip(SUMMARY, said, strict=True))


@transaction.atomic
def accept(approvals: ApprovalList, *, by: User | None, ticked: Collection[str] | None = ()) -> ApprovalList:
    """Let the list be in force from its date. `ticked` are the systems that may lose approvals by it; None is all.

    Raises Refused where it is in force already, holds nothing, or takes away from a system that is not ticked.
    """
    # One at a time: what is taken away depends on the list that is accepted before.
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE locations_approvallist IN SHARE ROW EXCLUSIVE MODE")
    approvals = ApprovalList.objects.get(pk=approvals.pk)
    if approvals.accepted_at:
        raise Refused(Sentence("The list is accepted already."))
    if not approvals.counts["keys"]:
        raise Refused(Sentence("The list approves no system to receive anything, so it was not accepted."))
    taken = compare(approvals).taken_away()
    unticked = [system for system in taken if ticked is not None and system not in ticked]
    if unticked:
        raise Refused(
            counted(
                "%(count)s system loses approvals and is not ticked: %(systems)s. Nothing was changed.",
                "%(count)s systems lose approvals and are not ticked: %(systems)s. Nothing was changed.",
                count=len(unticked),
                systems=", ".join(unticked[:5]) + (" …" if len(unticked) > 5 else ""),
            )
        )
    approvals.accepted_at, approvals.accepted_by = timezone.now(), by
    approvals.save(update_fields=["accepted_at", "accepted_by"])
    return approvals


def drop(approvals: ApprovalList) -> bool:
    """Forget a preview; False where it is accepted."""
    return bool(ApprovalList.objects.filter(pk=approvals.pk, accepted_at=None).delete()[0])


def summary(approvals: ApprovalList) -> dict[str, int]:
    """For the command's JSON."""
    return {"list": approvals.pk, **{name: approvals.counts[name] for name in SUMMARY}}
