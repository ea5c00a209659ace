"""The extract of the night on pages: fetched at once, and what tells people that it did not come."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import builders
import pytest
from django.test import RequestFactory
from django.utils import timezone

from soredi.jobs import State
from soredi.models import User
from sorimport import nightly
from sorimport.models import ImportRun, Origin
from sorimport.nightly import Health
from tests.sorimport.publisher import Publisher

pytestmark = pytest.mark.usefixtures("committed_db", "night")


def test_an_administrator_fetches_at_once(publisher: Publisher, client: Any) -> None:
    person = builders.user("administrator", staff=True)
    client.force_login(person)
    page = client.get("/sor-import/").content.decode()
    assert "Hent nu" in page and publisher.url in page
    response = client.post("/sor-import/hent/")
    run = ImportRun.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/sor-import/{run.pk}/")
    assert (run.origin, run.by, run.state) == ("nightly", person, "queued")
    assert client.post("/sor-import/hent/")["Location"] == f"/sor-import/{run.pk}/"
    assert ImportRun.run(run.pk, nightly.fetch_and_import).state == "done"


def test_without_an_address_there_is_nothing_to_fetch(client: Any) -> None:
    client.force_login(builders.user("administrator", staff=True))
    assert "Hent nu" not in client.get("/sor-import/").content.decode()
    page = client.post("/sor-import/hent/", follow=True).content.decode()
    assert "SOR_BASE_URL er ikke sat" in page
    assert not ImportRun.objects.exists()
    assert nightly.condition() is None


@pytest.mark.parametrize(
    ("health", "said"),
    [
        (Health.FAILED, "Den seneste import fra SOR mislykkedes"),
        (Health.WAITING, "Den hentede SOR-import venter på en administrator"),
        (Health.MISSING, "Der er ikke hentet fra SOR i over et døgn"),
        (Health.OK, ""),
    ],
)
def test_administrators_see_on_every_page_what_is_wrong(
    settings: Any, client: Any, health: Health, said: str
) -> None:
    settings.SOR_BASE_URL = "https://sor.example.dk/sor2/"
    night_before = timezone.now() - timedelta(hours=27 if health == Health.MISSING else 20)
    ended(State.DONE, night_before)
    if health in (Health.FAILED, Health.WAITING):
        ended(State(health.value), timezone.now() if health == Health.FAILED else None)
    told = {"nightly": health.value}
    assert client.get("/health/ready").json().items() >= told.items()
    for person, sees in (
        (builders.user("administrator", staff=True), bool(said)),
        (builders.user("own", administrators=["102"]), False),
    ):
        client.force_login(person)
        for page in ("/", "/lokationsnumre/", "/stamdata/"):
            text = client.get(page).content.decode()
            assert ("nightly-trouble" in text, said in text if said else False) == (sees, sees)


def ended(state: State, at: datetime | None) -> ImportRun:
    return ImportRun.objects.create(
        origin=Origin.NIGHTLY, paths=["x"], state=state, finished_at=at, message="404", counts={}
    )


def test_the_page_asks_once_and_only_where_extracts_are_fetched(
    settings: Any, client: Any, django_assert_num_queries: Any
) -> None:
    client.force_login(builders.user("administrator", staff=True))
    request = RequestFactory().get("/")
    request.user = User(is_staff=True)
    with django_assert_num_queries(0):
        assert nightly.nightly(request)["nightly"]() is None
    settings.SOR_BASE_URL = "https://sor.example.dk/sor2/"
    told = nightly.nightly(request)["nightly"]
    with django_assert_num_queries(1):
        assert told() == told()


def test_a_good_run_takes_the_warning_away_at_once(settings: Any, client: Any) -> None:
    settings.SOR_BASE_URL = "https://sor.example.dk/sor2/"
    client.force_login(builders.user("administrator", staff=True))
    ended(State.FAILED, timezone.now())

    def said() -> tuple[bool, str, bool]:
        metrics = client.get("/metrics").content.decode()
        return (
            "nightly-trouble" in client.get("/").content.decode(),
            client.get("/health/ready").json()["nightly"],
            'soredi_nightly_state{state="failed"} 1.0' in metrics,
        )

    assert said() == (True, "failed", True)
    run = ended(State.DONE, timezone.now())
    assert said() == (False, "ok", False)
    assert "nightly-trouble" not in client.get(f"/sor-import/{run.pk}/").content.decode()


def test_a_night_that_is_wrong_leaves_the_site_in_service(settings: Any, client: Any) -> None:
    before = client.get("/health/ready")
    settings.SOR_BASE_URL = "https://sor.example.dk/sor2/"
    after = client.get("/health/ready")
    assert after.status_code == before.status_code
    assert after.json() == before.json() | {"nightly": "missing"}
