from celery import shared_task

from soredi import jobs


@shared_task(name="soredi.sweep")
def sweep() -> dict[str, int]:
    return jobs.sweep()
