"""The certified question: may a system be sent a message type? (system, EDI type, direction, day) → answer, basis.

A system of ours is asked for through the map to MedCom's names. Its answer for an EDI type comes from the rows with
exactly that code and version, in the list in force on the day; no other version and no other standard stands in for
it. Several rows, of one or of several mapped systems, are one answer by `ANSWER`. The map is today's: it says which
product is meant, and that is the same on every day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from locations.models import ApprovalList


class Direction(models.TextChoices):
    """Sending is on record, and decides nothing."""

    RECEIVE = "receive", _("receive")
    SEND = "send", _("send")


class Answer(models.TextChoices):
    CERTIFIED = "certified", _("certified")
    IN_TEST = "in_test", _("in test")
    REFUSED = "refused", _("not approved")
    CONFLICTING = "conflicting", _("unclear")
    UNMAPPED = "unmapped", _("not mapped")
    UNKNOWN = "unknown", _("not on the list")


class Mark(models.TextChoices):
    """What an answer means for an EDI type that a number has."""

    CERTIFIED = "certified", _("certified")
    IN_TEST = "in_test", _("in test")
    NOT_CERTIFIED = "refused", _("not certified")
    UNCLEAR = "conflicting", _("unclear")
    UNCHECKED = "unchecked", _("not checked")

    @classmethod
    def of(cls, answer: Answer | None) -> Mark:
        """None where no list is in force."""
        return _MARKS.get(answer, cls.UNCHECKED)


_MARKS: dict[Answer | None, Mark] = {
    Answer.CERTIFIED: Mark.CERTIFIED,
    Answer.IN_TEST: Mark.IN_TEST,
    Answer.REFUSED: Mark.NOT_CERTIFIED,
    Answer.UNKNOWN: Mark.NOT_CERTIFIED,
    Answer.CONFLICTING: Mark.UNCLEAR,
}


@dataclass(frozen=True)
class Basis:
    """What an answer rests on: the list, and lines of the sheet (none where it says nothing of the pair)."""

    answer: Answer
    approval_list: ApprovalList
    rows: tuple[int, ...] = ()


# SQL, of rows of approvals `a` about one pair → their one answer. Approved and refused contradict each other; approved
# wins over a test that goes on or is missing, and so does refused. A missing test alone is not approved.
ANSWER = """CASE
    WHEN bool_or(a.status = 'certified') AND bool_or(a.status = 'refused') THEN 'conflicting'
    WHEN bool_or(a.status = 'certified') THEN 'certified'
    WHEN bool_or(a.status = 'refused') THEN 'refused'
    WHEN bool_or(a.status = 'in_test') THEN 'in_test'
    ELSE 'refused' END"""

_TABLES = """
DROP TABLE IF EXISTS certified_system, certified_pair;
CREATE TEMP TABLE certified_system (system_id bigint PRIMARY KEY) ON COMMIT DROP;
CREATE TEMP TABLE certified_pair (
    system_id bigint, edi_type int, answer text NOT NULL, PRIMARY KEY (system_id, edi_type)
) ON COMMIT DROP;
"""

# In: a list. Out: the systems mapped to one that is on it. The index `approval_of_system` carries it.
_SYSTEMS = """
INSERT INTO certified_system
SELECT DISTINCT m.system_id FROM locations_systemmap m
JOIN locations_approval a ON a.approval_list_id = %(list)s AND a.system = m.medcom_system
WHERE m.accepted
"""

# In: a list and a direction. Out: one answer for each mapped system and EDI type that it has a row about.
_PAIRS = f"""
INSERT INTO certified_pair
SELECT m.system_id, t.id, {ANSWER}
FROM locations_approval a
JOIN locations_systemmap m ON m.medcom_system = a.system AND m.accepted
JOIN locations_editype t ON t.code = a.code AND t.version = a.version
WHERE a.approval_list_id = %(list)s AND a.channel = %(direction)s
GROUP BY m.system_id, t.id
"""

# In: a list, a direction, and pairs of keys as two arrays. Out: each pair that can be answered, with the lines. What
# is left out is mapped or not by the last column; a pair with a null answer is a mapped system without a row.
_QUESTION = f"""
SELECT p.system_id, p.edi_type, b.answer, coalesce(b.lines, '{{}}'), EXISTS (
    SELECT FROM locations_systemmap m
    JOIN locations_approval a ON a.approval_list_id = %(list)s AND a.system = m.medcom_system
    WHERE m.system_id = p.system_id AND m.accepted)
FROM unnest(%(systems)s::bigint[], %(edi_types)s::int[]) p (system_id, edi_type)
LEFT JOIN LATERAL (
    SELECT {ANSWER} AS answer, array_agg(a.row ORDER BY a.row) AS lines
    FROM locations_editype t
    JOIN locations_systemmap m ON m.system_id = p.system_id AND m.accepted
    JOIN locations_approval a ON a.approval_list_id = %(list)s AND a.system = m.medcom_system
     AND a.code = t.code AND a.version = t.version AND a.channel = %(direction)s
    WHERE t.id = p.edi_type
    HAVING count(*) > 0
) b ON true
"""


def list_in_force(day: date) -> ApprovalList | None:
    """The accepted list with the latest date up to `day`; None where there is none, and so nothing is checked."""
    return (
        ApprovalList.objects.filter(accepted_at__isnull=False, dated__lte=day)
        .order_by("-dated", "-accepted_at", "-pk")
        .first()
    )


def tabulate(*, day: date, direction: Direction = Direction.RECEIVE) -> ApprovalList | None:
    """Every answer on `day`, as two temporary tables of the current transaction; returns the list they come from.

    `certified_system(system_id)`: a system that is not in it is unmapped.
    `certified_pair(system_id, edi_type, answer)`: a system of the other table without the pair here is unknown.
    With no list in force it returns None, and both are empty: nothing is checked.
    """
    approvals = list_in_force(day)
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        if approvals:
            params: dict[str, int | str] = {"list": approvals.pk, "direction": direction.value}
            cursor.execute(_SYSTEMS, params)
            cursor.execute(_PAIRS, params)
        cursor.execute("ANALYZE certified_system; ANALYZE certified_pair")
    return approvals


def question(
    pairs: Iterable[tuple[int | None, int]], *, day: date, direction: Direction = Direction.RECEIVE
) -> dict[tuple[int | None, int], Basis]:
    """The answer for each of `pairs` (key of a system or None, key of an EDI type), with what it rests on.

    Two queries. Empty where no list is in force on `day`: nothing is checked.
    """
    asked = list(dict.fromkeys(pairs))
    approvals = list_in_force(day)
    if not approvals or not asked:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            _QUESTION,
            {
                "list": approvals.pk,
                "direction": direction.value,
                "systems": [system for system, _type in asked],
                "edi_types": [edi_type for _system, edi_type in asked],
            },
        )
        return {
            (system, edi_type): Basis(
                Answer(answer) if answer else Answer.UNKNOWN if mapped else Answer.UNMAPPED,
                approvals,
                tuple(lines),
            )
            for system, edi_type, answer, lines, mapped in cursor.fetchall()
        }
