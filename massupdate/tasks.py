from celery import shared_task

from massupdate import actions, inbox
from massupdate.models import MassUpdate


@shared_task(name=MassUpdate.task)
def check(pk: int) -> None:
    MassUpdate.run(pk, actions.check_and_plan)


@shared_task(name="massupdate.sweep_inbox")
def sweep_inbox() -> dict[str, int]:
    return inbox.sweep()
