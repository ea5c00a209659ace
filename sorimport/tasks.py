from celery import shared_task

from sorimport import keeping, nightly
from sorimport.models import ImportRun


@shared_task(name=ImportRun.task)
def run_import(pk: int) -> None:
    ImportRun.run(pk, nightly.fetch_and_import)


@shared_task(name="sorimport.fetch_nightly")
def fetch_nightly() -> None:
    nightly.start()


@shared_task(name="sorimport.clean")
def clean() -> dict[str, int]:
    return keeping.clean()
