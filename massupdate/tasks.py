from celery import shared_task

from massupdate import actions
from massupdate.models import MassUpdate


@shared_task(name=MassUpdate.task)
def check(pk: int) -> None:
    MassUpdate.run(pk, actions.check_and_plan)
