"""The numbers that a plan is about, in the temporary table `chosen`; each must be the user's to change."""

from django.core.exceptions import EmptyResultSet
from django.db import connection

from locations.access import LocationNumberQuerySet
from locations.models import LocationNumber
from soredi.jobs import Refused
from soredi.models import User
from soredi.sentences import counted

# In: any SELECT of primary keys. Gone when the transaction ends.
_CHOOSE = """
CREATE TEMP TABLE chosen (id bigint PRIMARY KEY) ON COMMIT DROP
"""


class NotPermitted(Refused):
    """Some of the numbers are not the user's to change."""


def choose(locations: LocationNumberQuerySet, by: User | None) -> int:
    """Fill the temporary table `chosen` with the keys of `locations`; returns how many. Raises NotPermitted."""
    require_rights(locations, by)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS chosen")
        cursor.execute(_CHOOSE)
        try:
            query, params = locations.order_by().values("pk").distinct().query.sql_with_params()
        except EmptyResultSet:  # Django knows without asking
            return 0
        cursor.execute(f"INSERT INTO chosen {query}", params)
        chosen = cursor.rowcount
        cursor.execute("ANALYZE chosen")
    return chosen


def require_rights(locations: LocationNumberQuerySet, by: User | None) -> None:
    """Raises NotPermitted where `by` may not edit one of `locations`."""
    if by is None or by.is_administrator:
        return
    foreign = locations.exclude(pk__in=LocationNumber.objects.editable_by(by).values("pk"))
    count = foreign.order_by().values("pk").distinct().count()
    if count:  # which they are is not theirs to know
        raise NotPermitted(
            counted(
                "%(count)s of the location numbers is not yours to change. Nothing was changed.",
                "%(count)s of the location numbers are not yours to change. Nothing was changed.",
                count=count,
            )
        )
