"""One system: what it is certified for, beside what its location numbers have."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Count, F, Func, IntegerField

from locations.certification import ANSWER, Answer, list_in_force
from locations.models import ApprovalList, EdiType, LocationNumber, RequiredStandard, System, SystemMap
from soredi.models import User

# In: a list and a system. Out: (EDI type, channel, answer, lines) of what the list says of the systems mapped to it.
_ANSWERS = f"""
SELECT t.id, a.channel, {ANSWER}, array_agg(a.row ORDER BY a.row)
FROM locations_systemmap m
JOIN locations_approval a ON a.approval_list_id = %(list)s AND a.system = m.medcom_system
JOIN locations_editype t ON t.code = a.code AND t.version = a.version
WHERE m.system_id = %(system)s AND m.accepted AND a.channel IN ('receive', 'send')
GROUP BY t.id, a.channel
"""

# In: the same. Out: the kinds of system that MedCom calls it.
_KINDS = """
SELECT DISTINCT a.system_type FROM locations_systemmap m
JOIN locations_approval a ON a.approval_list_id = %(list)s AND a.system = m.medcom_system
WHERE m.system_id = %(system)s AND m.accepted AND a.system_type <> '' ORDER BY a.system_type
"""


class Unnest(Func):
    function = "unnest"
    set_returning = True
    output_field = IntegerField()


@dataclass
class TypeOf:
    """An EDI type: what the list says of receiving and sending it, UNKNOWN for nothing, and how many numbers have it.

    `lines` are those of receiving.
    """

    edi_type: EdiType
    receive: Answer = Answer.UNKNOWN
    send: Answer = Answer.UNKNOWN
    lines: list[int] = field(default_factory=list)
    having: int = 0
    lacking: int = 0


@dataclass
class OfSystem:
    """`approvals` is None where no list is in force, and nothing is checked. `numbers` are those the user may edit.

    `names` are MedCom's that it is mapped to, those that the list has. `required` are the standards that its `kinds`
    of system must receive, with the answer for each.
    """

    system: System
    approvals: ApprovalList | None
    numbers: int
    names: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    types: list[TypeOf] = field(default_factory=list)
    required: list[tuple[RequiredStandard, Answer]] = field(default_factory=list)

    @property
    def checked(self) -> bool:
        return bool(self.approvals and self.names)

    def receiving(self, answer: Answer) -> list[TypeOf]:
        return [one for one in self.types if one.receive == answer]

    @property
    def tally(self) -> list[tuple[Answer, int]]:
        """How many EDI types have each answer for receiving, of those that the list has a row of."""
        answers = (Answer.CERTIFIED, Answer.IN_TEST, Answer.REFUSED, Answer.CONFLICTING)
        return [(answer, len(self.receiving(answer))) for answer in answers]

    @property
    def certified_to_send(self) -> int:
        return sum(one.send == Answer.CERTIFIED for one in self.types)

    @property
    def not_certified(self) -> list[TypeOf]:
        """What some of its numbers have though it is not certified."""
        return [one for one in self.types if one.having and one.receive != Answer.CERTIFIED]

    @property
    def not_used(self) -> list[TypeOf]:
        """What it is certified for and some of its numbers lack."""
        return [one for one in self.receiving(Answer.CERTIFIED) if one.lacking]

    @property
    def missing(self) -> int:
        return sum(answer != Answer.CERTIFIED for _standard, answer in self.required)


def of_system(system: System, *, user: User, day: date) -> OfSystem:
    """Eight queries at most, whatever the numbers."""
    numbers = LocationNumber.objects.editable_by(user).filter(system=system).order_by()
    approvals = list_in_force(day)
    found = OfSystem(system, approvals, numbers.count())
    if approvals is None:
        return found
    listed = approvals.approvals.values("system")
    maps = SystemMap.objects.filter(system=system, accepted=True, medcom_system__in=listed)
    found.names = list(maps.order_by("medcom_system").values_list("medcom_system", flat=True))
    if not found.names:
        return found
    params = {"list": approvals.pk, "system": system.pk}
    with connection.cursor() as cursor:
        cursor.execute(_KINDS, params)
        found.kinds = [kind for (kind,) in cursor.fetchall()]
        cursor.execute(_ANSWERS, params)
        answers = cursor.fetchall()
    held = dict(numbers.values_list(Unnest(F("edi_types"))).annotate(n=Count("pk")))
    found.types = types_of(answers, held, found.numbers)
    by_label = {str(one.edi_type): one.receive for one in found.types}
    found.required = [
        (standard, by_label.get(str(standard), Answer.UNKNOWN))
        for standard in RequiredStandard.objects.filter(system_type__in=found.kinds, required=True)
    ]
    return found


def types_of(answers: list[Any], held: dict[int, int], numbers: int) -> list[TypeOf]:
    """Every EDI type that the list says something of or that a number has, in their order. One query."""
    keys = {key for key, *_rest in answers} | set(held)
    types = {
        one.pk: TypeOf(one, having=held.get(one.pk, 0), lacking=numbers - held.get(one.pk, 0))
        for one in EdiType.objects.filter(pk__in=keys).order_by("code", "version")
    }
    for key, channel, answer, lines in answers:
        if channel == "receive":
            types[key].receive, types[key].lines = Answer(answer), lines
        else:
            types[key].send = Answer(answer)
    return list(types.values())
