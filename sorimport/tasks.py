from celery import shared_task

from sorimport import actions
from sorimport.models import ImportRun


@shared_task(name=ImportRun.task)
def run_import(pk: int) -> None:
    ImportRun.run(pk, actions.run_import)
