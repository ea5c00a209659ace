"""Changes carried out, and what people see of them, for tests."""

from __future__ import annotations

from typing import Any

from locations import changes
from locations.models import ChangeSet, EdiType, LocationNumber


def numbers(*locations: LocationNumber) -> Any:
    return LocationNumber.objects.filter(pk__in=[number.pk for number in locations])


def carry_out(change_set: ChangeSet) -> ChangeSet:
    """Run a plan as a command does."""
    return change_set.run_here(changes.apply)


def profile(number: LocationNumber) -> dict[str, Any]:
    """What people see of a profile: codes instead of keys, empty fields left out."""
    number = LocationNumber.objects.get(pk=number.pk)
    known = {t.pk: str(t) for t in EdiType.objects.filter(pk__in=number.edi_types)}
    shown = {
        "vans": number.vans and number.vans.code,
        "system": number.system and number.system.code,
        "vendor": number.vendor and number.vendor.code,
        "edi_administrator": number.edi_administrator and number.edi_administrator.code,
        "edi_types": [known[pk] for pk in number.edi_types],
        "only_internal": number.only_internal,
        "inactive": number.inactive,
        "note": number.note,
    }
    return {name: value for name, value in shown.items() if value}


def counts(change_set: ChangeSet, *names: str) -> list[int]:
    return [
        change_set.counts[name] for name in names or ("chosen", "changed", "unchanged", "added", "removed")
    ]
