"""Which of MedCom's systems each of SOR's is: suggested by name, decided by a person.

No key links the two, and neither side's names are the other's. MedCom tells products apart by what stands behind the
name in brackets, `Clinea (LPS)` and `Clinea (Privath.)`; SOR seldom does. So names are compared without it, and where
both have it, it must be the same.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from django.db import connection, models, transaction
from django.db.models import Count, Func
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from locations.certification import list_in_force
from locations.models import ApprovalList, LocationNumber, System, SystemMap
from soredi.jobs import Refused
from soredi.models import User
from soredi.sentences import Sentence

LIKE = 0.5  # of 1: how alike names are that are suggested
MOST = 6  # suggestions for one system


class Mapping(models.TextChoices):
    """Where a system stands. Values are those of `?tilstand=`."""

    UNMAPPED = "ikke-koblet", _("not mapped")
    SUGGESTED = "foreslaaet", _("suggested")
    MAPPED = "koblet", _("mapped")


class Suggestion(NamedTuple):
    """A name of MedCom's, and how alike it is, of 100."""

    medcom_system: str
    percent: int


class Word(NamedTuple):
    """What somebody said once: that the system is (True) or is not (False) this one, or took it back (None)."""

    medcom_system: str
    accepted: bool | None
    by: str
    at: datetime


@dataclass
class Mapped:
    """One system with what is said of it. `off_list` are accepted names that the list in force does not have."""

    system: System
    accepted: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    off_list: list[str] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)
    history: list[Word] = field(default_factory=list)

    @property
    def is_spoken_of(self) -> bool:
        return bool(self.accepted or self.rejected)

    @property
    def mapping(self) -> Mapping:
        """Mapped by a name on the list; one that only has others is asked for as if it had none."""
        if len(self.accepted) > len(self.off_list):
            return Mapping.MAPPED
        return Mapping.SUGGESTED if self.suggestions else Mapping.UNMAPPED


# SQL: a name without what stands behind it in brackets, folded; and that by itself.
_BASE = r"btrim(search_fold(regexp_replace({name}, '\s*[(\[][^)\]]*[)\]]\s*$', '')))"
_SUFFIX = r"btrim(search_fold(coalesce(substring({name} from '[(\[]([^)\]]*)[)\]]\s*$'), '')), ' .')"

# In: a list, how alike, how many each. Out: (system, name, how alike), of systems that none replaces. A name that is a
# word or words within the other is alike too: `EG Clinea`. Some hundred systems by some hundred names: 30 ms, without
# an index.
_SUGGEST = f"""
WITH ours AS (
    SELECT id, {_BASE.format(name="name")} AS base, {_SUFFIX.format(name="name")} AS suffix
    FROM locations_system WHERE replaced_by_id IS NULL
), theirs AS (
    SELECT system AS name, {_BASE.format(name="system")} AS base, {_SUFFIX.format(name="system")} AS suffix
    FROM (SELECT DISTINCT system FROM locations_approval WHERE approval_list_id = %(list)s) listed
), pairs AS (
    SELECT ours.id, theirs.name, ours.suffix = theirs.suffix AS same, greatest(
        similarity(ours.base, theirs.base),
        CASE WHEN least(length(ours.base), length(theirs.base)) > 3 THEN 0.9 * greatest(
            strict_word_similarity(ours.base, theirs.base), strict_word_similarity(theirs.base, ours.base)
        ) END
    ) AS alike
    FROM ours JOIN theirs ON ours.suffix = theirs.suffix OR ours.suffix = '' OR theirs.suffix = ''
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY id ORDER BY alike DESC, same DESC, name) AS place
    FROM pairs p WHERE alike >= %(alike)s
      AND NOT EXISTS (SELECT FROM locations_systemmap m
                      WHERE m.system_id = p.id AND m.medcom_system = p.name AND m.accepted IS NOT NULL)
)
SELECT id, name, round(100 * alike)::int FROM ranked WHERE place <= %(most)s ORDER BY id, place
"""

# In: keys of systems. Out: every word that was ever said of them, the latest first.
_HISTORY = """
SELECT e.system_id, e.medcom_system, e.accepted, coalesce(u.username, ''), e.at
FROM locations_systemmapevent e LEFT JOIN soredi_user u ON u.id = e.by_id
WHERE e.system_id = ANY(%s) ORDER BY e.pgh_id DESC
"""


def medcom_names(approvals: ApprovalList | None) -> list[str]:
    """The systems on a list, in Danish order."""
    if approvals is None:
        return []
    names = approvals.approvals.order_by().values_list("system", flat=True).distinct()
    return list(names.order_by(Func("system", function="danish_key"), "system"))


def suggestions(approvals: ApprovalList | None) -> dict[int, list[Suggestion]]:
    """Key of a system → the names on the list that are most like its own and of which nobody has said anything."""
    found: dict[int, list[Suggestion]] = defaultdict(list)
    if approvals is None:
        return found
    with connection.cursor() as cursor:
        cursor.execute(_SUGGEST, {"list": approvals.pk, "alike": LIKE, "most": MOST})
        for system, name, percent in cursor.fetchall():
            found[system].append(Suggestion(name, percent))
    return found


def mapped_systems(day: date) -> list[Mapped]:
    """Every system, in Danish order, with its map and what is suggested by the list in force on `day`. Five queries."""
    approvals = list_in_force(day)
    listed = set(medcom_names(approvals))
    suggested = suggestions(approvals)
    systems = System.objects.order_by(Func("name", function="danish_key"), "code")
    found = {system.pk: Mapped(system, suggestions=suggested.get(system.pk, [])) for system in systems}
    for said in SystemMap.objects.filter(accepted__isnull=False).order_by("medcom_system"):
        one = found[said.system_id]
        (one.accepted if said.accepted else one.rejected).append(said.medcom_system)
        if said.accepted and said.medcom_system not in listed:
            one.off_list.append(said.medcom_system)
    return list(found.values())


def numbers_of(user: User) -> dict[int, int]:
    """Key of a system → how many of the numbers that `user` may edit have it. One query."""
    counted = LocationNumber.objects.listed_for(user).filter(system__isnull=False).order_by()
    return dict(counted.values_list("system").annotate(n=Count("pk")))


def add_history(systems: Iterable[Mapped]) -> None:
    """Who said what of them, and when, the latest first. One query."""
    by_key = {one.system.pk: one for one in systems}
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, [list(by_key)])
        for system, *word in cursor.fetchall():
            by_key[system].history.append(Word(*word))


@transaction.atomic
def say(*, system: System, medcom_system: str, accepted: bool | None, by: User | None) -> SystemMap:
    """Record that `system` is, or is not, MedCom's `medcom_system`; None takes back what was said.

    Raises Refused for a name that no list has and of which nothing was said before.
    """
    name = " ".join(medcom_system.split())
    known = SystemMap.objects.filter(system=system, medcom_system=name)
    listed = ApprovalList.objects.filter(accepted_at__isnull=False, approvals__system=name)
    if not known.exists() and not listed.exists():
        raise Refused(
            Sentence("“%(name)s” is on none of MedCom's lists. Choose one of the names on them.", name=name)
        )
    word, _is_new = SystemMap.objects.update_or_create(
        system=system,
        medcom_system=name,
        defaults={"accepted": accepted, "by": by, "at": timezone.now()},
    )
    return word


def set_words(*, system: System, words: str, by: User) -> None:
    """Make what is said of `system` exactly `words`, in the lines of the code list (see `code_lists.Field`)."""
    said = {line[2:]: line.startswith("=") for line in words.splitlines()}
    before = dict(SystemMap.objects.filter(system=system).values_list("medcom_system", "accepted"))
    for name in sorted(said.keys() | before.keys()):
        if said.get(name) != before.get(name):
            SystemMap.objects.update_or_create(
                system=system,
                medcom_system=name,
                defaults={"accepted": said.get(name), "by": by, "at": timezone.now()},
            )


def matching(systems: Iterable[Mapped], *, mapping: str = "", words: str = "") -> list[Mapped]:
    """Those that stand so, and whose name, code or one of MedCom's names holds the words."""
    sought = words.casefold().split()

    def text(one: Mapped) -> str:
        names = [*one.accepted, *(suggestion.medcom_system for suggestion in one.suggestions)]
        return " ".join([one.system.name, one.system.code, *names]).casefold()

    return [
        one
        for one in systems
        if (not mapping or one.mapping == mapping) and all(word in text(one) for word in sought)
    ]
