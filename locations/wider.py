"""An empty result: the searches next to it that find something."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.http import QueryDict

from locations.filters import SHOWING, FilterError, LocationFilter
from soredi.models import User

MOST_TRIED = 5
MOST_SHOWN = 3
MOST_COUNTED = 1_000


@dataclass(frozen=True)
class Wider:
    """The search without `left_out`; `numbers` of them, or `more` than that."""

    left_out: str
    query: str
    numbers: int
    more: bool


def searches(asked: LocationFilter, query: QueryDict, user: User) -> list[Wider]:
    """At most three searches with one thing less, the narrowest first. One statement, whatever is asked."""
    tried: list[tuple[str, str]] = []
    parts: list[str] = []
    bound: list[Any] = []
    for name, value, text in asked.chosen[:MOST_TRIED]:
        less = query.copy()
        less.setlist(name, [v for n, v, _text in asked.chosen if n == name and v != value])
        for shown in SHOWING:
            less.pop(shown, None)
        try:
            found = LocationFilter.checked(less, user, asked.code_lists).narrowed
            if asked.found and name != "q":  # what its words mean does not depend on the rest
                found = found.filter(pk__in=asked.found.numbers)
            statement, params = found.order_by().values("id")[: MOST_COUNTED + 1].query.sql_with_params()
        except (FilterError, EmptyResultSet):
            continue
        parts.append(f"SELECT {len(tried)} AS place, count(*) FROM ({statement}) found")
        bound += params
        tried.append((text, less.urlencode()))
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), bound)
        numbers = [(count, tried[place]) for place, count in cursor.fetchall() if count]
    numbers.sort(key=lambda one: one[0])
    return [
        Wider(text, rest, min(count, MOST_COUNTED), count > MOST_COUNTED)
        for count, (text, rest) in numbers[:MOST_SHOWN]
    ]
