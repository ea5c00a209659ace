"""Numbers that deviate from SOR, for tests."""

from locations import changes
from locations.deviations import Asked, rows
from locations.models import Deviation, LocationNumber


def changed(*locations, by=None, **operations):
    """The change set that did `operations` to `locations` here."""
    chosen = LocationNumber.objects.filter(pk__in=[location.pk for location in locations])
    plan = changes.plan(locations=chosen, by=by, reason="Ny aftale", **operations)
    return plan.run_here(changes.apply)


def everything(**narrowed):
    return Asked(LocationNumber.objects.all(), **narrowed)


def found(**narrowed):
    return [(row.gln, row.field, row.both, row.kept) for row in rows(everything(**narrowed), 0, 100)]


def mark(location, *fields):
    """What an import does that found `fields` changed on both sides."""
    location.refresh_from_db()
    Deviation.objects.bulk_create(
        Deviation(location=location, field=field, marked_version_id=location.version_id) for field in fields
    )
