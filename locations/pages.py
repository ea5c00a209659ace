"""One page of the list: primary keys alone, as page 900 would else join 45,000 rows.

A page comes from an index that has its order, read from the beginning until the page is full; or, where few numbers
match, from all of them, gathered by what carries the question and sorted. Which is sooner nobody knows before: the
planner knows how many match but not where they lie, and takes them to lie evenly. Those of a word in the unit's name
lie together in the order of names, and reading on to them took four seconds. So unless a good part of all match, what
is read in the hope of a full page is bounded; after that all are gathered.
"""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.expressions import OrderBy, RawSQL

from locations.access import LocationNumberQuerySet
from locations.codes import CodeLists
from locations.models import LocationNumber
from locations.orders import CODE_LISTS, in_danish_order, keys, pieces

Statement = tuple[str, tuple[Any, ...]]

CHEAP = 6_000  # by the planner's reckoning: what is gathered without a walk, some 25 ms
MANY = 10  # one of so many matches: gathering would take longer than any walk
LONGEST = 30_000  # numbers that are walked in hope
LEAST = 2_000  # that are walked where a walk is worth it at all
TOGETHER = 1_000  # that are walked where those that hold a word may lie together
OF_THE_TEXT = ("enhed", "by")  # the orders where they do
JOINED = 4  # as many numbers are walked in the time of one that is looked up in another table


def keys_of_page(
    queryset: LocationNumberQuerySet,
    sort: str,
    code_lists: CodeLists,
    *,
    start: int,
    rows: int,
    own: LocationNumberQuerySet,
    parts: Sequence[LocationNumberQuerySet] | None = None,
    reckonable: Sequence[LocationNumberQuerySet] | None = None,
) -> list[int]:
    """Primary keys of `rows` numbers from place `start` of `queryset`, which is in the order `sort`.

    `own` are the numbers of which it is a part. `parts`, where given, are the same numbers as `queryset` in disjoint
    parts, each asked for in the form that an index carries, and `reckonable` the same in a form whose numbers the
    planner can reckon.
    """
    order = keys(sort, code_lists, own.day)
    through = own if sort.removeprefix("-") == "gln" else LocationNumber.objects.all()
    of_text = parts is not None
    parts = parts or [queryset]
    try:
        if own.day is not None:  # no index has the order of a day
            return _sorted(parts, order, start, rows)
        if queryset.query.where == through.query.where:
            return _fetch(_through(through, sort, code_lists, start + rows), start, rows)
        numbers, cost = reckoned(reckonable or parts)
        many = numbers * MANY >= code_lists.numbers and numbers > start + rows
        if cost <= CHEAP and not many:
            return _sorted(parts, order, start, rows)
        joined = of_text or _looks_elsewhere(queryset)
        if many and not joined:
            return _fetch(_through(queryset, sort, code_lists, start + rows), start, rows)
        evenly = (start + rows) * code_lists.numbers // max(numbers, 1)
        slow = joined or sort.removeprefix("-") == "aendret"
        longest, least = (LONGEST // JOINED, LEAST // JOINED) if slow else (LONGEST, LEAST)
        if of_text and sort.removeprefix("-") in OF_THE_TEXT:
            longest = TOGETHER
        if evenly <= max(longest, 2 * (start + rows)):
            length = max(evenly + max(evenly // 2, least), start + rows)
            found = _walked(queryset, _through(through, sort, code_lists, length), start, rows)
            if len(found) == rows:
                return found
        return _sorted(parts, order, start, rows)
    except EmptyResultSet:
        return []


def _looks_elsewhere(queryset: QuerySet[Any]) -> bool:
    """Whether each number must be looked up in another table."""
    statement = str(queryset.order_by().values("id").query)
    return " JOIN " in statement or statement.count("SELECT") > 1


def reckoned(parts: Sequence[QuerySet[Any]]) -> tuple[int, float]:
    """How many numbers the planner takes these to be, and what it takes finding them to cost."""
    sqls: list[str] = []
    bound: list[Any] = []
    for part in parts:
        sql, params = part.order_by().values("id").query.sql_with_params()
        sqls.append(sql)
        bound += params
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) ({') UNION ALL ('.join(sqls)})", bound)
        ((plan,),) = cursor.fetchall()
    return int(plan[0]["Plan"]["Plan Rows"]), float(plan[0]["Plan"]["Total Cost"])


def _fetch(statement: Statement, start: int, rows: int) -> list[int]:
    sql, params = statement
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM ({sql}) AS page OFFSET %s LIMIT %s", (*params, start, rows))
        return [key for (key,) in cursor.fetchall()]


def _through(numbers: LocationNumberQuerySet, sort: str, code_lists: CodeLists, length: int) -> Statement:
    """The first `length` numbers in the order `sort`, whole rows, read from the index of that order."""
    name = sort.removeprefix("-")
    if column := CODE_LISTS.get(name):
        entries = in_danish_order(code_lists, name)
        return _of_entries(numbers, column, entries, sort.startswith("-"), length)
    if name == "aendret":
        numbers = numbers.filter(version__applied_at__isnull=False)  # true of all; the index says so
    return _in_turn(
        [one[:length].query.sql_with_params() for one in pieces(numbers, sort, code_lists)], length
    )


def _in_turn(parts: Sequence[Statement], length: int) -> Statement:
    if len(parts) == 1:
        return parts[0]
    statement = " UNION ALL ".join(f"({part})" for part, _params in parts)
    return f"{statement} LIMIT {length}", tuple(value for _part, values in parts for value in values)


# In: the entries of a code list in order, and the numbers of one entry, by gln. Out: these numbers. A nested loop keeps
# the order of the array, and stops once there are enough.
_OF_ENTRIES = "SELECT one.* FROM unnest(%s::bigint[]) entry (id), LATERAL ({numbers}) one"


def _of_entries(
    numbers: QuerySet[Any], column: str, entries: Sequence[int], descending: bool, length: int
) -> Statement:
    """Carried by the indexes (code list, gln)."""
    by_gln = numbers.order_by("gln")
    of_entry = by_gln.filter(**{column: RawSQL("entry.id", ())})[:length]
    sql, params = of_entry.query.sql_with_params()
    parts = [
        (_OF_ENTRIES.format(numbers=sql), (list(entries[::-1] if descending else entries), *params)),
        by_gln.filter(**{f"{column}__isnull": True})[:length].query.sql_with_params(),
    ]
    if descending:
        parts.reverse()
    return _in_turn(parts, length)


# In: the numbers that are walked, and the question, whose own table they are for this one statement.
_WALKED = "WITH locations_locationnumber AS NOT MATERIALIZED ({through}) {asked}"


def _walked(queryset: QuerySet[Any], through: Statement, start: int, rows: int) -> list[int]:
    """Those of the page that are among the numbers walked."""
    asked, params = queryset.values_list("pk", flat=True)[start : start + rows].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_WALKED.format(through=through[0], asked=asked), (*through[1], *params))
        return [key for (key,) in cursor.fetchall()]


# In: the numbers with what they are sorted by. Out: the keys of a page. OFFSET 0 keeps the planner from walking an
# index in the hope of an early end.
_SORTED = "SELECT few.id FROM (({numbers}) OFFSET 0) few {joined} ORDER BY {order} OFFSET %s LIMIT %s"
_LATEST = "JOIN locations_locationversion v ON v.id = few.version_id"


def _sorted(parts: Sequence[QuerySet[Any]], order: Sequence[OrderBy], start: int, rows: int) -> list[int]:
    latest = order[0].expression == F("version__applied_at")
    names = ["v.applied_at", "few.version_id"] if latest else [f"sorted_by_{n}" for n in range(len(order))]
    sorted_by = {} if latest else {n: key.expression for n, key in zip(names, order, strict=True)}
    statements: list[str] = []
    bound: list[Any] = []
    for part in parts:
        few = part.order_by().annotate(**sorted_by).values("id", *(["version_id"] if latest else names))
        sql, params = few.query.sql_with_params()
        statements.append(sql)
        bound += params
    directions = (f"{n} {'DESC' if key.descending else 'ASC'}" for n, key in zip(names, order, strict=True))
    statement = _SORTED.format(
        numbers=") UNION ALL (".join(statements),
        joined=_LATEST if latest else "",
        order=", ".join(directions),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, (*bound, start, rows))
        return [key for (key,) in cursor.fetchall()]
