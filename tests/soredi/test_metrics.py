"""What a Prometheus server reads."""

from datetime import date, timedelta
from typing import Any

import builders
import pytest
from django.db import DatabaseError, connection
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from locations.models import ChangeSet, Vans
from soredi.jobs import State
from sorimport.models import ImportRun, Origin

pytestmark = pytest.mark.django_db

Figures = dict[tuple[str, ...], float]


def read(client: Any) -> Figures:
    """(name, values of its labels …) → figure, of a whole answer."""
    response = client.get("/metrics")
    assert (response.status_code, response["Content-Type"].split(";")[0]) == (200, "text/plain")
    assert "no-store" in response["Cache-Control"]
    return {
        (sample.name.removeprefix("soredi_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


def of(figures: Figures, name: str) -> dict[str, float]:
    return {" ".join(key[1:]): value for key, value in figures.items() if key[0] == name and value}


def test_it_counts_numbers_by_status(client):
    today = date.today()
    builders.location()
    builders.location(inactive=True)
    builders.location(to_date=today - timedelta(days=1))
    builders.location(first_from_date=today + timedelta(days=1))
    builders.location()
    figures = read(client)
    assert of(figures, "location_numbers") == {"aktiv": 2, "inaktiv": 1, "lukket": 1, "fremtidig": 1}
    assert of(figures, "deviations") == {}


def test_it_counts_open_deviations_by_field(client):
    builders.sor_states(builders.location(vans="KMD", note="ours"), vans=builders.code(Vans, "MultiMed"))
    builders.sor_states(builders.location(), note="SOR")
    assert of(read(client), "deviations") == {"vans": 1, "note": 1}


def test_it_counts_jobs_and_tells_how_long_the_oldest_has_waited(client):
    now = timezone.now()
    for minutes in (1, 5):
        ImportRun.objects.create(paths=[], state=State.QUEUED, queued_at=now - timedelta(minutes=minutes))
    ChangeSet.objects.create(source="edit", state=State.RUNNING, queued_at=now - timedelta(hours=1))
    figures = read(client)
    assert of(figures, "jobs") == {"ImportRun queued": 2, "ChangeSet running": 1}
    assert of(figures, "oldest_queued_job_seconds") == {"ImportRun": pytest.approx(300, abs=30)}


def test_it_tells_of_the_last_import_and_the_last_night_that_went_well(client, settings):
    now = timezone.now()
    quarter = timedelta(minutes=15)

    def ended(state: State, ago: timedelta, origin: Origin) -> None:
        ImportRun.objects.create(
            paths=[], state=state, origin=origin, started_at=now - ago - quarter, finished_at=now - ago
        )

    ended(State.DONE, timedelta(hours=30), Origin.NIGHTLY)
    ended(State.FAILED, timedelta(hours=6), Origin.NIGHTLY)
    ended(State.DONE, timedelta(hours=2), Origin.UPLOAD)
    assert of(read(client), "nightly_state") == {}

    settings.SOR_BASE_URL = "https://sor.example.dk/sor2/"
    figures = read(client)
    assert of(figures, "last_import_state") == {"done": 1}
    assert figures["last_import_duration_seconds",] == pytest.approx(900)
    assert figures["last_import_timestamp_seconds",] == pytest.approx((now - timedelta(hours=2)).timestamp())
    assert of(figures, "nightly_state") == {"failed": 1}
    assert figures["nightly_success_timestamp_seconds",] == pytest.approx(
        (now - timedelta(hours=30)).timestamp()
    )


def test_an_empty_installation_has_figures_too(client, settings):
    settings.SOR_BASE_URL = "https://sor.example.dk/sor2/"
    figures = read(client)
    assert of(figures, "up") == {"database": 1, "migrations": 1, "broker": 1}
    assert of(figures, "nightly_state") == {"missing": 1}
    assert figures["nightly_success_timestamp_seconds",] == 0


def test_without_a_broker_the_figures_of_the_database_stand(client, settings):
    builders.location()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.CACHES = settings.CACHES | {
        "default": settings.CACHES["default"] | {"LOCATION": settings.REDIS_URL}
    }
    figures = read(client)
    assert (figures["up", "broker"], figures["up", "database"]) == (0, 1)
    assert figures["location_numbers", "aktiv"] == 1


def test_without_a_database_it_says_so(client):
    def down(*_: Any) -> None:
        raise DatabaseError

    with connection.execute_wrapper(down):
        figures = read(client)
    assert (figures["up", "database"], figures["up", "broker"]) == (0, 1)
    assert of(figures, "location_numbers") == {}


def test_it_asks_a_few_questions_over_sets(client, django_assert_num_queries, settings):
    settings.SOR_BASE_URL = "https://sor.example.dk/sor2/"
    with django_assert_num_queries(
        16
    ):  # four of them open and close the two transactions, two count deviations
        client.get("/metrics")


def test_prometheus_may_ask_for_the_newer_format(client):
    response = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert response["Content-Type"].startswith("application/openmetrics-text")
    assert response.content.endswith(b"# EOF\n")
