"""Which units with a speciality, open today, a location number serves: its own, and those below that inherit it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from locations.codes import Code
from locations.models import LocationNumber

NAMED = 3

# In: keys of numbers and of specialities, and today. Out: (number, SOR id, name, whether the number is the unit's own,
# how many the number serves), its own unit first, NAMED a number. By the foreign keys number_holder of the units.
_SERVED = """
SELECT location, sor_id, name, own, units FROM (
    SELECT l.id AS location, u.sor_id, u.name, u.id = l.unit_id AS own, count(*) OVER (PARTITION BY l.id) AS units,
        row_number() OVER (PARTITION BY l.id ORDER BY u.id <> l.unit_id, danish_key(u.name), u.sor_id) AS place
    FROM locations_locationnumber l JOIN locations_sorunit u ON u.number_holder_id = l.unit_id
    WHERE l.id = ANY (%(locations)s) AND u.specialities && %(specialities)s::int[]
        AND (u.to_date IS NULL OR u.to_date >= %(today)s)
) AS served WHERE place <= %(named)s ORDER BY location, place
"""


@dataclass(frozen=True)
class ServedUnit:
    """A unit with the speciality. `own`: the number is its own, else that of the number's unit above it."""

    sor_id: str
    name: str
    own: bool


@dataclass(frozen=True)
class Served:
    """The first units that one number serves, its own unit before those that inherit; `count` of all."""

    units: list[ServedUnit]
    count: int

    @property
    def more(self) -> int:
        return self.count - len(self.units)


def units_served(
    locations: Iterable[LocationNumber], specialities: Sequence[Code], *, named: int = NAMED
) -> dict[int, Served]:
    """Primary key of each of `locations` → the units with any of `specialities` that it serves. One query.

    `specialities` are `cleaned_data["speciale"]` of a LocationFilter; `locations` the numbers of a page.
    """
    params: dict[str, Any] = {
        "locations": [location.pk for location in locations],
        "specialities": [entry.pk for entry in specialities],
        "named": named,
        "today": timezone.localdate(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SERVED, params)
        rows = cursor.fetchall()
    served: dict[int, Served] = {}
    for location, sor_id, name, own, units in rows:
        served.setdefault(location, Served([], units)).units.append(ServedUnit(sor_id, name, own))
    return served
