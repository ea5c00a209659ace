"""What happened to location numbers: their applied versions, read as changes, and profiles as of a day.

The versions are the history. Unit names, places and specialities are today's; SOR keeps no older ones here.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from locations.as_of import end_of
from locations.models import (
    Assignment,
    ChangeSet,
    EdiProfile,
    EdiType,
    LifeEvent,
    LocationNumber,
    LocationVersion,
    SorUnit,
)
from soredi.jobs import State
from soredi.models import User

SCALARS = tuple(f.name for f in EdiProfile._meta.local_fields if f.name != "edi_types")
SCALARS_BY_KEY = tuple(f.name for f in EdiProfile._meta.local_fields if f.is_relation)
# What `_change` reads of a version besides the version.
_READ = (*SCALARS_BY_KEY, "base", *(f"base__{name}" for name in SCALARS_BY_KEY))

FIELD_LABELS = {
    "edi_administrator": _("EDI administrator"),
    "system": _("System"),
    "vendor": _("Vendor"),
    "vans": "VANS",
    "edi_types": _("EDI types"),
    "only_internal": _("Only internal"),
    "inactive": _("Not active"),
    "note": _("Note"),
}


# What became of a field that was empty, that was another, that is empty now. Each goes on after who did it.
_SENTENCES = {
    "edi_administrator": (
        pgettext_lazy("history", "set the EDI administrator to %(after)s"),
        pgettext_lazy("history", "changed the EDI administrator from %(before)s to %(after)s"),
        pgettext_lazy("history", "removed the EDI administrator %(before)s"),
    ),
    "system": (
        pgettext_lazy("history", "set the system to %(after)s"),
        pgettext_lazy("history", "changed the system from %(before)s to %(after)s"),
        pgettext_lazy("history", "removed the system %(before)s"),
    ),
    "vendor": (
        pgettext_lazy("history", "set the vendor to %(after)s"),
        pgettext_lazy("history", "changed the vendor from %(before)s to %(after)s"),
        pgettext_lazy("history", "removed the vendor %(before)s"),
    ),
    "vans": (
        pgettext_lazy("history", "set the VANS to %(after)s"),
        pgettext_lazy("history", "changed the VANS from %(before)s to %(after)s"),
        pgettext_lazy("history", "removed the VANS %(before)s"),
    ),
    "note": (
        pgettext_lazy("history", "added the note “%(after)s”"),
        pgettext_lazy("history", "changed the note from “%(before)s” to “%(after)s”"),
        pgettext_lazy("history", "removed the note “%(before)s”"),
    ),
}
_FLAGS = {  # (no longer, now)
    "only_internal": (
        pgettext_lazy("history", "made the number no longer only internal"),
        pgettext_lazy("history", "made the number only internal"),
    ),
    "inactive": (
        pgettext_lazy("history", "made the number active"),
        pgettext_lazy("history", "made the number inactive"),
    ),
}


def said(value: Any) -> str:
    """A value of the profile as text; a dash for none."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return str(value) if value not in (None, "") else "–"


@dataclass(frozen=True)
class FieldChange:
    """One field: its name and its values before and after, None being "not set"."""

    name: str
    before: Any
    after: Any

    @property
    def label(self) -> str:
        return str(FIELD_LABELS[self.name])

    @property
    def texts(self) -> tuple[str, str]:
        """Before and after, as people read them."""
        return said(self.before), said(self.after)

    @property
    def sentence(self) -> str:
        """What was done, as it is told after who did it: “changed the VANS from KMD to MultiMed”."""
        if self.name in _FLAGS:
            return str(_FLAGS[self.name][bool(self.after)])
        was_empty, is_empty = self.before in (None, ""), self.after in (None, "")
        added, changed, removed = _SENTENCES[self.name]
        text = added if was_empty else removed if is_empty else changed
        return str(text) % {"before": self.before, "after": self.after}


@dataclass(frozen=True)
class Change:
    """One change set seen from one number. A number's first version has no `fields` and adds all its types."""

    change_set: ChangeSet
    applied_at: datetime | None
    is_first: bool
    fields: list[FieldChange] = field(default_factory=list)
    added: list[EdiType] = field(default_factory=list)
    removed: list[EdiType] = field(default_factory=list)
    kept: int = 0  # EDI types that it had before and has after


def changes_of(location: LocationNumber, until: datetime | None = None) -> list[Change]:
    """All changes of one number, newest first; only those before `until` where that is given. Two queries."""
    versions = (
        LocationVersion.objects.filter(location=location, applied_at__isnull=False)
        .select_related("change_set__by", "change_set__inbox", "change_set__applied_by", *_READ)
        .order_by("-applied_at", "-id")
    )
    if until:
        versions = versions.filter(applied_at__lt=until)
    types = EdiType.objects.in_bulk()
    return [_change(version, types) for version in versions]


def life_of(location: LocationNumber) -> list[LifeEvent]:
    """What SOR did with the number itself, newest first. One query."""
    return list(location.life.order_by("-at", "-id"))


def versions_in(change_set: ChangeSet, user: User | AnonymousUser | None) -> QuerySet[LocationVersion]:
    """What `change_set` did or would do to the numbers that `user` may edit, by location number.

    Carried by the index of the foreign key. Of one carried out, only what came into force.
    """
    versions = LocationVersion.objects.filter(change_set=change_set).order_by("location__gln")
    if change_set.state == State.DONE:
        versions = versions.filter(applied_at__isnull=False)
    if user is not None and not user.is_staff:
        versions = versions.filter(location__in=LocationNumber.objects.editable_by(user))
    return versions


def changes_by_location(
    versions: QuerySet[LocationVersion], start: int, stop: int
) -> list[tuple[LocationNumber, Change]]:
    """The changes at `versions[start:stop]`, each with its number and the number's unit. Three queries."""
    # Keys first: the last page of 45,000 would else join and sort whole rows.
    keys = list(versions.values_list("pk", flat=True)[start:stop])
    rows = LocationVersion.objects.filter(pk__in=keys).order_by("location__gln")
    types = EdiType.objects.in_bulk()
    return [
        (version.location, _change(version, types))
        for version in rows.select_related("change_set", "location__unit", *_READ)
    ]


def _change(version: LocationVersion, types: dict[int, EdiType]) -> Change:
    base = version.base
    before, after = set(base.edi_types if base else ()), set(version.edi_types)
    return Change(
        change_set=version.change_set,
        applied_at=version.applied_at,
        is_first=base is None,
        fields=[
            FieldChange(name, getattr(base, name), getattr(version, name))
            for name in SCALARS
            if base is not None and getattr(base, name) != getattr(version, name)
        ],
        added=in_order(types, after - before),
        removed=in_order(types, before - after),
        kept=len(before & after),
    )


def in_order(types: dict[int, EdiType], keys: set[int]) -> list[EdiType]:
    """The EDI types of these keys, by code and version."""
    return sorted((types[key] for key in keys), key=lambda t: (t.code, t.version))


def profiles_on(day: date) -> QuerySet[LocationVersion]:
    """The version of each number that was in force at the end of `day` (Danish time): the last one applied by then.

    A number that was not known here by then has none. One index scan of `version_as_of`.
    """
    return (
        LocationVersion.objects.filter(applied_at__lt=end_of(day))
        .order_by("location", "-applied_at", "-id")
        .distinct("location")
    )


def unit_on(location: LocationNumber, day: date) -> SorUnit | None:
    """The unit that had the number on `day`; None on a day without one."""
    assignment = (
        Assignment.objects.filter(location=location, period__contains=day).select_related("unit").first()
    )
    return assignment.unit if assignment else None
