"""Location numbers as they were on a day: a table that stands in the place of `locations_locationnumber` in a query.

All that is asked of LocationNumber can so be asked of a day: `LocationNumber.objects.as_of(day).filter(vans=…)`. The
profile is the one in force at the end of the day in Danish time; the unit is the one that had the number then, today's
where none had it. Dates and region are what SOR says of the number today; a status follows from the dates and the
day. A number that was not known here by then is not there. Who may see a number is today's question: ask it of today's
numbers.
"""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models.sql import Query
from django.db.models.sql.datastructures import BaseTable
from django.utils import timezone

# The sort key of the unit `a`.
_KEY = """
    CASE WHEN a.unit_id IS NULL THEN l.{key}
    ELSE (SELECT danish_key(u.{text}) FROM locations_sorunit u WHERE u.id = a.unit_id) END
"""

# Column → SQL of what follows from the unit; `a` is another than today's that had the number then.
_OF_UNIT = {
    "unit_id": "coalesce(a.unit_id, l.unit_id)",
    "unit_key": _KEY.format(key="unit_key", text="name"),
    "city_key": _KEY.format(key="city_key", text="city"),
}

# Most numbers have not changed since: they are as they are now, and searched by the indexes of today. Of the others,
# which the index `version_latest` names, the last version by then is found by `version_as_of`. The planner pushes what
# is asked into both parts. In: the day, its end; the day, its end twice.
_NUMBERS = """(
    SELECT {now} FROM locations_locationnumber l
    LEFT JOIN locations_assignment a ON a.location_id = l.id AND a.period @> %s::date
        AND a.unit_id IS DISTINCT FROM l.unit_id
    WHERE NOT EXISTS (SELECT FROM locations_locationversion v WHERE v.id = l.version_id AND v.applied_at >= %s)
    UNION ALL
    SELECT {then} FROM locations_locationversion v
    JOIN locations_locationnumber l ON l.version_id = v.id
    LEFT JOIN locations_assignment a ON a.location_id = l.id AND a.period @> %s::date
        AND a.unit_id IS DISTINCT FROM l.unit_id
    CROSS JOIN LATERAL (
        SELECT * FROM locations_locationversion p WHERE p.location_id = l.id AND p.applied_at < %s
        ORDER BY p.applied_at DESC, p.id DESC LIMIT 1
    ) p
    WHERE v.applied_at >= %s
)"""


def end_of(day: date) -> datetime:
    """The first instant after `day` in Denmark."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def numbers_on(day: date) -> tuple[str, list[Any]]:
    """SQL in brackets, with its parameters, of a table with the columns of LocationNumber."""
    from locations.models import PROFILE_COLUMNS, LocationNumber

    columns: list[str] = [str(field.column) for field in LocationNumber._meta.local_fields]
    now = {column: _OF_UNIT.get(column, f"l.{column}") for column in columns}
    then = now | {column: f"p.{column}" for column in PROFILE_COLUMNS}
    then["version_id"] = "p.id"
    sql = _NUMBERS.format(
        now=", ".join(f"{now[column]} AS {column}" for column in columns),
        then=", ".join(f"{then[column]} AS {column}" for column in columns),
    )
    end = end_of(day)
    return sql, [day, end, day, end, end]


class TableOfDay(BaseTable):
    """The first table of a query, as it was."""

    def __init__(self, table_name: str, alias: str | None, day: date):
        super().__init__(table_name, alias)
        self.day = day

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        sql, params = numbers_on(self.day)
        return f"{sql} {compiler.quote_name_unless_alias(self.table_alias)}", params

    def relabeled_clone(self, change_map: dict[Any, Any]) -> "TableOfDay":
        return TableOfDay(self.table_name, change_map.get(self.table_alias, self.table_alias), self.day)

    @property
    def identity(self) -> tuple[Any, ...]:
        return (*super().identity, self.day)


class QueryOfDay(Query):
    """A query whose first table is that of `day`."""

    day: date

    def base_table_class(self, table_name: str, alias: str | None) -> TableOfDay:  # type: ignore[override]
        return TableOfDay(table_name, alias, self.day)
