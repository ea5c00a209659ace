"""Figures for whoever watches the installation: `/metrics`, as Prometheus reads them.

Counted anew for each request, without log-in, and with nothing in it about persons or single numbers. What cannot be
counted because a server is down is left out; `soredi_up` says which one that is.
"""

import logging
from collections.abc import Iterator

from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from locations import deviations
from locations.models import LocationNumber
from locations.models.deviation import Field
from locations.models.location import Status
from locations.statuses import STATUS
from soredi.health import OK, SECONDS, broker, database
from soredi.jobs import State, job_classes
from sorimport.models import ImportRun
from sorimport.nightly import Health, condition

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(REGISTRY), content_type=content_type)


class Installation(Collector):
    """What the database and the broker say at the moment they are asked."""

    def collect(self) -> Iterator[Metric]:
        parts = database() | broker()
        up = GaugeMetricFamily("soredi_up", "1 where the part is there and answers.", labels=["part"])
        for part, answer in parts.items():
            up.add_metric([part], answer == OK)
        yield up
        if parts["database"] != OK:
            return
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL statement_timeout = '{SECONDS}s'")
                counted = [*_numbers(), *_jobs(), *_imports(), *_nightly()]
        except DatabaseError as error:
            logger.warning("No figures: %s", error)
            return
        yield from counted


REGISTRY = CollectorRegistry()
REGISTRY.register(Installation())


def _numbers() -> Iterator[Metric]:
    day = timezone.localdate()
    counts = LocationNumber.objects.order_by().aggregate(
        **{status.value: Count("pk", filter=STATUS[status](day)) for status in Status}
    )
    numbers = GaugeMetricFamily(
        "soredi_location_numbers", "Location numbers by status, as the list has it.", labels=["status"]
    )
    for status, count in counts.items():
        numbers.add_metric([status], count)
    yield numbers
    found = deviations.count(deviations.Asked(LocationNumber.objects.all(), kept=False))
    by_field = GaugeMetricFamily(
        "soredi_deviations", "Open deviations from SOR by field, as their page has it.", labels=["field"]
    )
    for field in Field:
        by_field.add_metric([field.value], found.by_field.get(field, 0))
    yield by_field


def _jobs() -> Iterator[Metric]:
    now = timezone.now()
    jobs = GaugeMetricFamily("soredi_jobs", "Jobs by kind and state.", labels=["job", "state"])
    oldest = GaugeMetricFamily(
        "soredi_oldest_queued_job_seconds", "Age of the oldest job that waits for a worker.", labels=["job"]
    )
    for job_class in job_classes():
        found = {
            state: (count, since)
            for state, count, since in job_class._default_manager.order_by()
            .values_list("state")
            .annotate(Count("pk"), Min("queued_at"))
        }
        for state in State.values:
            jobs.add_metric([job_class.__name__, state], found.get(state, (0, None))[0])
        since = found.get(State.QUEUED, (0, None))[1]
        oldest.add_metric([job_class.__name__], (now - since).total_seconds() if since else 0)
    yield jobs
    yield oldest


def _imports() -> Iterator[Metric]:
    last = (
        ImportRun.objects.filter(~Q(finished_at=None), ~Q(started_at=None)).order_by("-finished_at").first()
    )
    if last is None or last.finished_at is None or last.started_at is None:
        return
    yield GaugeMetricFamily(
        "soredi_last_import_timestamp_seconds",
        "When the last import ended.",
        value=last.finished_at.timestamp(),
    )
    yield GaugeMetricFamily(
        "soredi_last_import_duration_seconds",
        "How long it took.",
        value=(last.finished_at - last.started_at).total_seconds(),
    )
    states = GaugeMetricFamily("soredi_last_import_state", "1 for the state it ended in.", labels=["state"])
    for state in State.values:
        states.add_metric([state], last.state == state)
    yield states


def _nightly() -> Iterator[Metric]:
    found = condition()
    if found is None:
        return
    states = GaugeMetricFamily(
        "soredi_nightly_state", "1 for how the nightly fetching from SOR is.", labels=["state"]
    )
    for health in Health:
        states.add_metric([health.value], found.health == health)
    yield states
    yield GaugeMetricFamily(
        "soredi_nightly_success_timestamp_seconds",
        "When a nightly run last ended well; 0 where none has.",
        value=found.succeeded.timestamp() if found.succeeded else 0,
    )
