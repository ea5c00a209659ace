"""The extract of the night: fetched from SOR_BASE_URL, kept, imported; and whether all is well with that.

beat, or an administrator ── start ─→ ImportRun (origin nightly, its path an address)
worker ── fetch ── unchanged ─→ done, with that message
             └── kept under the data folder, which becomes the run's path ─→ import as any other
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Max, Q
from django.http import HttpRequest
from django.utils import timezone

from soredi.jobs import Failed, Phase, Refused, State
from soredi.models import User
from soredi.sentences import Sentence
from soredi.tabular import TabularError
from sorimport import actions
from sorimport.download import NIGHT_PATIENCE, PATIENCE, download
from sorimport.fetch import digest
from sorimport.keeping import clean, coming, extracts, keep
from sorimport.models import ImportRun, Origin

FILE = "Sor_complete.zip"
LATE = timedelta(hours=26)  # a night, and an hour or two for a slow one
UNDER_WAY = (State.DRAFT, State.QUEUED, State.RUNNING)


def start(*, by: User | None = None) -> tuple[ImportRun, bool]:
    """A new run, queued, and True; or the one that is under way already, and False.

    Raises Refused where SOR_BASE_URL is not set.
    """
    if not settings.SOR_BASE_URL:
        raise Refused(
            Sentence("SOR_BASE_URL is not set: there is nowhere to fetch from. The operator can set it.")
        )
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('sorimport.nightly.start'))")
        run = ImportRun.objects.filter(origin=Origin.NIGHTLY, state__in=UNDER_WAY).first()
        if run:
            return run, False
        run = ImportRun.objects.create(origin=Origin.NIGHTLY, paths=[_address()], by=by)
        run.enqueue()
        return run, True


def _address() -> str:
    return f"{settings.SOR_BASE_URL.rstrip('/')}/{FILE}"


def fetch_and_import(run: ImportRun) -> None:
    """The action of every import run: one that is to be fetched from SOR is, the first time round."""
    if run.origin == Origin.NIGHTLY and "://" in run.paths[0]:
        try:
            earlier = _fetch(run)
        except TabularError as error:
            raise Failed(error.sentence()) from error
        if earlier:
            _end_unchanged(run, earlier)
            return
    actions.run_import(run)


def _fetch(run: ImportRun) -> ImportRun | None:
    """Give `run` the extract that SOR has now; returns the earlier run of the same extract, if it needs no other."""
    url = run.paths[0]
    latest = next(iter(extracts()), None)
    if latest and (latest.url != url or not _earlier(latest.sha256)):
        latest = None  # its import came to nothing: have the extract once more, it may be whole by now
    file = coming(FILE)
    version = download(
        url,
        file,
        known=latest.version if latest else None,
        patience=PATIENCE if run.by else NIGHT_PATIENCE,
        report=lambda done, total: run.report(Phase.FETCHING, done, total),
    )
    if version is None:
        assert latest, "only what is known can be unchanged"
        extract = latest
    else:
        extract = keep(file, url=url, sha256=digest([file]), version=version)
    run.paths = [str(extract.path)]
    run.save(update_fields=["paths"])
    clean()
    return _earlier(extract.sha256)


def _earlier(sha256: str) -> ImportRun | None:
    """The run that imported this extract, or waits with it for an administrator's word."""
    runs = ImportRun.objects.filter(sha256=sha256, state__in=(State.DONE, State.WAITING))
    return runs.exclude(state=State.DONE, counts={}).first()  # that one imported nothing


def _end_unchanged(run: ImportRun, earlier: ImportRun) -> None:
    if earlier.state == State.WAITING:
        message = Sentence(
            "Unchanged since import %(run)s, which waits for an administrator's word.", run=str(earlier.pk)
        )
    else:
        message = Sentence(
            "Unchanged since import %(run)s. There was nothing to import.", run=str(earlier.pk)
        )
    ImportRun.objects.filter(pk=run.pk, state=State.RUNNING).update(
        state=State.DONE, finished_at=timezone.now(), message=message
    )


class Health(models.TextChoices):
    OK = "ok"
    WAITING = "waiting"  # for an administrator's word
    FAILED = "failed"
    MISSING = "missing"  # none has succeeded lately: beat or worker may be down


@dataclass(frozen=True)
class Condition:
    """How the nightly runs are, the one that says so (none when missing), and when one last succeeded."""

    health: Health
    run: int | None = None
    succeeded: datetime | None = None

    @property
    def trouble(self) -> bool:
        return self.health != Health.OK

    @property
    def address(self) -> str:
        return _address()

    @property
    def at(self) -> time:
        """When in the night, in Danish time."""
        return settings.SOR_FETCH_AT


def condition() -> Condition | None:
    """None where SOR_BASE_URL is not set.

    One query over a row a night: 1 ms for a year of them, so nobody is told what was true some seconds ago.
    """
    if not settings.SOR_BASE_URL:
        return None
    failed = Q(state__in=(State.FAILED, State.REFUSED))
    found = ImportRun.objects.filter(origin=Origin.NIGHTLY).aggregate(
        waiting=Max("pk", filter=Q(state=State.WAITING)),
        failed=Max("pk", filter=failed),
        failed_at=Max("finished_at", filter=failed),
        succeeded=Max("finished_at", filter=Q(state=State.DONE)),
    )
    succeeded = found["succeeded"]
    if found["waiting"]:
        return Condition(Health.WAITING, found["waiting"], succeeded)
    if found["failed_at"] and (succeeded is None or found["failed_at"] > succeeded):
        return Condition(Health.FAILED, found["failed"], succeeded)
    if succeeded is None or succeeded < timezone.now() - LATE:
        return Condition(Health.MISSING, None, succeeded)
    return Condition(Health.OK, None, succeeded)


def nightly(request: HttpRequest) -> dict[str, Any]:
    """For templates: `nightly`, called only where one asks for it; None for all but administrators."""
    user = getattr(request, "user", None)
    asked = cache(condition)  # once a page
    return {"nightly": lambda: asked() if user and user.is_active and user.is_staff else None}
