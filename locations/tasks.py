from celery import shared_task
from django.utils import timezone

from locations import changes, expiry, gln_lists, receipts
from locations.models import ChangeSet
from locations.models.change import PLANS_LIVE


@shared_task(name=ChangeSet.task)
def apply_change_set(pk: int) -> None:
    receipts.mail(ChangeSet.run(pk, changes.apply))


@shared_task(name="locations.expire_plans")
def expire_plans() -> int:
    return expiry.expire_plans(before=timezone.now() - PLANS_LIVE)


@shared_task(name="locations.drop_unused_lists")
def drop_unused_lists() -> int:
    return gln_lists.drop_unused()
