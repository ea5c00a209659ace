"""What a location number is good for on a day, and whether a unit is open: as conditions on many, and of one."""

from collections.abc import Callable
from datetime import date

from django.db.models import Q

from locations.models import LocationNumber
from locations.models.location import Status

INTERNAL = "intern"

# Each status on a day, in the order of `status_on`: every number has just one of the four, so that their counts add
# up to all numbers. A number yet to begin is future whether or not it is flagged inactive. `intern` is a flag beside
# them.
STATUS: dict[str, Callable[[date], Q]] = {
    Status.ACTIVE: lambda day: _begun(day) & open_on(day) & Q(inactive=False),
    Status.INACTIVE: lambda day: _begun(day) & open_on(day) & Q(inactive=True),
    Status.CLOSED: lambda day: Q(to_date__lt=day),
    Status.FUTURE: lambda day: open_on(day) & Q(first_from_date__gt=day),
    INTERNAL: lambda day: Q(only_internal=True),
}


def _begun(day: date) -> Q:
    return Q(first_from_date=None) | Q(first_from_date__lte=day)


def open_on(day: date) -> Q:
    """Not yet closed; of location numbers and of units."""
    return Q(to_date=None) | Q(to_date__gte=day)


def status_on(location: LocationNumber, day: date) -> Status:
    """The one status to show: closed before future before inactive before active."""
    if location.to_date and location.to_date < day:
        return Status.CLOSED
    if location.first_from_date and location.first_from_date > day:
        return Status.FUTURE
    return Status.INACTIVE if location.inactive else Status.ACTIVE
