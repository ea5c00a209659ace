"""What an import left behind, in the words of the extract, for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from locations.models import Assignment, EdiType, LocationNumber, LocationVersion
from sorimport.models import ImportRun
from tests.sorimport.extracts import gln

YESTERDAY = timezone.localdate() - timedelta(days=1)


def said(version: LocationVersion | LocationNumber) -> dict[str, Any]:
    """A profile by codes, without what is empty."""
    types = {t.pk: t.sor_id for t in EdiType.objects.all()}
    shown = {
        "vans": version.vans and version.vans.code,
        "system": version.system and version.system.code,
        "vendor": version.vendor and version.vendor.code,
        "edi_administrator": version.edi_administrator and version.edi_administrator.code,
        "edi_types": sorted(types[key] or "" for key in version.edi_types),
        "only_internal": version.only_internal,
        "inactive": version.inactive,
        "note": version.note,
    }
    return {name: value for name, value in shown.items() if value}


def number(serial: int = 1) -> LocationNumber:
    return LocationNumber.objects.get(gln=gln(serial))


def place(serial: int = 1) -> tuple[Any, ...]:
    """Unit, region, first day, day of the latest change, last day."""
    n = number(serial)
    return (
        n.unit and n.unit.sor_id,
        n.region and n.region.code,
        str(n.first_from_date),
        str(n.from_date),
        n.to_date and str(n.to_date),
    )


def stays(serial: int = 1) -> list[tuple[str, str | None, str | None]]:
    """Where the number was when: unit, first day, first day no longer."""
    found = Assignment.objects.filter(location__gln=gln(serial)).order_by("period")
    return [(a.unit.sor_id, *(day and str(day) for day in (a.period.lower, a.period.upper))) for a in found]


def counts(run: ImportRun) -> dict[str, list[int]]:
    """new, changed, closed, unchanged."""
    return {
        kind: [run.counts[kind][name] for name in ("new", "changed", "closed", "unchanged")]
        for kind in ("units", "locations")
    }


def glns() -> list[str]:
    return list(LocationNumber.objects.order_by("gln").values_list("gln", flat=True))


def types_of(serial: int) -> list[str | None]:
    keys = LocationNumber.objects.get(gln=gln(serial)).edi_types
    return sorted(EdiType.objects.filter(pk__in=keys).values_list("sor_id", flat=True))
