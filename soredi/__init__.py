"""SOR-EDI: the EDI profile of every location number in Danish health care."""

from soredi.celery import app as celery_app

__all__ = ["celery_app"]
