"""Plans live for a day, since the numbers may have changed meanwhile; what was planned and came to nothing goes too."""

from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from locations.models import CatalogueChange, ChangeSet
from soredi.jobs import State

# Planned versions that will never be applied, by the index of the foreign key.
_PURGE = """
DELETE FROM locations_locationversion v USING locations_changeset c
WHERE c.id = v.change_set_id AND c.state IN ('expired', 'refused', 'failed', 'cancelled') AND c.created_at < %(before)s
"""

_PURGE_LEFT_OUT = """
DELETE FROM locations_leftout o USING locations_changeset c
WHERE c.id = o.change_set_id AND c.state IN ('expired', 'refused', 'failed', 'cancelled') AND c.created_at < %(before)s
"""


def expire_plans(*, before: datetime) -> int:
    """Throw away plans drafted before the time `before` that nobody carried out; returns how many.

    The versions of those that were refused, failed or cancelled go too: they will never be applied. Corrections of code
    lists are thrown away alike, and are not counted.
    """
    with transaction.atomic():
        CatalogueChange.objects.filter(state=State.DRAFT, change_set=None, created_at__lt=before).update(
            state=State.EXPIRED, finished_at=timezone.now()
        )
        old = ChangeSet.objects.select_for_update(skip_locked=True).filter(
            state=State.DRAFT, created_at__lte=before
        )
        ids = list(old.values_list("pk", flat=True))
        gone = ChangeSet.objects.filter(pk__in=ids).update(state=State.EXPIRED, finished_at=timezone.now())
        with connection.cursor() as cursor:
            cursor.execute(_PURGE, {"before": before})
            cursor.execute(_PURGE_LEFT_OUT, {"before": before})
    return gone
