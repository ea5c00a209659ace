"""Work that outlives a request: its row in the database, and the one way it is run.

    draft → queued → running → done | failed | refused | waiting | cancelled | expired

The row is the truth; the broker only carries "look at row 17". Whoever runs a job holds an advisory lock on a
connection of its own. PostgreSQL drops that lock when the process dies, so "running with a free lock" means that
the runner is gone, and the sweep hands the job to another.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

import psycopg
import redis
from celery import current_app
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.db import connection, models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from psycopg import sql

from soredi.faults import DATABASE_ERRORS, first_line, passes, reason
from soredi.sentences import Sentence, SentenceField

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
REPORT_EVERY = 0.5  # seconds
PROGRESS_KEPT = 300  # seconds
# A queued job that nobody took in this time is sent again: its message was lost, or the broker was down.
RESEND_AFTER = timedelta(seconds=15)
# How long a command waits for a database that went away, to end its job there.
BACK_WITHIN = 10  # seconds


class Refused(Exception):
    """The job cannot be carried out as asked; nothing was changed. Its one argument, a Sentence, tells the user why
    and what to do.
    """


class Failed(Exception):
    """The job broke on its input; nothing was changed. Its one argument, a Sentence, names the place, what was found
    and what to do.
    """


class Cancelled(Exception):
    """Somebody asked the running job to stop; nothing was changed."""


class State(models.TextChoices):
    DRAFT = "draft", gettext_lazy("draft")
    QUEUED = "queued", gettext_lazy("queued")
    RUNNING = "running", gettext_lazy("running")
    DONE = "done", gettext_lazy("done")
    FAILED = "failed", gettext_lazy("failed")
    REFUSED = "refused", gettext_lazy("refused")
    WAITING = "waiting", gettext_lazy("waiting for a person")
    CANCELLED = "cancelled", gettext_lazy("cancelled")
    EXPIRED = "expired", gettext_lazy("expired")


class Phase(models.TextChoices):
    FETCHING = "fetching", gettext_lazy("Fetching")
    READING = "reading", gettext_lazy("Reading")
    CHECKING = "checking", gettext_lazy("Checking")
    PLANNING = "planning", gettext_lazy("Planning")
    WRITING = "writing", gettext_lazy("Writing")
    NUMBERS = "numbers", gettext_lazy("Location numbers")
    UNITS = "units", gettext_lazy("Units")
    FINISHING = "finishing", gettext_lazy("Finishing")


@dataclass(frozen=True)
class Progress:
    """How far a running job is: `done` of `total` (0 = cannot be told), and the seconds left where that shows.

    `facts` is what else the job told, by names of its own.
    """

    phase: Phase
    done: int = 0
    total: int = 0
    seconds_left: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def percent(self) -> int | None:
        return min(100, 100 * self.done // self.total) if self.total else None


class Job(models.Model):
    """Abstract. A subclass names its Celery task in `task`; the task takes the row's id and calls `run`."""

    task: str
    _lock_connection: psycopg.Connection | None = None

    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty for the system itself and for commands run without --user.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    queued_at = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    message = SentenceField(help_text="Why it failed, was refused or waits.")
    cancel_asked = models.BooleanField(default=False, editable=False)
    counts = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="%(app_label)s_%(class)s_state"),
        ]

    @property
    def who(self) -> str:
        """Who did it, as people read it."""
        return str(self.by) if self.by else gettext("the system")

    def enqueue(self, *, from_states: tuple[str, ...] = (State.DRAFT, State.WAITING), **also: Any) -> bool:
        """Ask a worker to run this job; returns False where it had already left `from_states`, or may not be.

        `also` are further columns to set with the state. The message goes out when the transaction commits. With the
        broker down the row stays queued and the sweep sends it later, so the caller need not care.
        """
        changed = self._to_queue(from_states, also)
        if changed:
            self.state = State.QUEUED
            transaction.on_commit(self._send, robust=True)
        return changed

    def may_be_queued(self) -> Q:
        """What must hold of its row besides the state; asked in the very statement that queues it."""
        return Q()

    def _to_queue(self, from_states: tuple[str, ...], also: dict[str, Any]) -> bool:
        return bool(
            type(self)
            ._default_manager.filter(self.may_be_queued(), pk=self.pk, state__in=from_states)
            .update(
                state=State.QUEUED,
                queued_at=timezone.now(),
                attempts=0,
                message="",
                cancel_asked=False,
                **also,
            )
        )

    def ask_to_cancel(self) -> bool:
        """Have a queued job dropped, or a running one stopped at its next report; False where it is neither.

        A job that is past its last report ends as it would have.
        """
        jobs = type(self)._default_manager.filter(pk=self.pk)
        dropped = jobs.filter(state=State.QUEUED).update(state=State.CANCELLED, finished_at=timezone.now())
        return bool(dropped or jobs.filter(state=State.RUNNING).update(cancel_asked=True))

    def cancel(self) -> bool:
        """Drop a job that nobody has asked to run yet; returns False where it had already left that state."""
        dropped = (
            type(self)
            ._default_manager.filter(pk=self.pk, state__in=(State.DRAFT, State.WAITING))
            .update(state=State.CANCELLED, finished_at=timezone.now())
        )
        return bool(dropped)

    def _send(self) -> None:
        current_app.send_task(self.task, args=[self.pk])

    def run_here(self, action: Callable[[Self], None], **also: Any) -> Self:
        """Run a draft or waiting job in this process, without a worker; for commands. `also` as for `enqueue`.

        Where the database goes away meanwhile the job ends as failed, not as one for the sweep: who ran the command
        is told, and decides. When the database is not back soon that cannot be written, and the error is raised.
        """
        self._to_queue((State.DRAFT, State.WAITING), also)
        try:
            return self.run(self.pk, action)
        except DATABASE_ERRORS as error:
            logger.error("%s %s: %s", type(self).__name__, self.pk, first_line(error))
            return self._end_when_back(error)

    def _end_when_back(self, lost: Exception) -> Self:
        jobs = type(self)._default_manager
        deadline = time.monotonic() + BACK_WITHIN
        while time.monotonic() < deadline:
            connection.close()
            try:
                with _lock(type(self), self.pk) as lock:
                    if lock:  # it may be done after all, where only the answer to the COMMIT was lost
                        jobs.filter(pk=self.pk, state__in=[State.QUEUED, State.RUNNING]).update(
                            state=State.FAILED,
                            message=Sentence(
                                "The connection to the database broke off (%(error)s). Nothing was changed. Run it "
                                "again.",
                                error=first_line(lost),
                            ),
                            finished_at=timezone.now(),
                        )
                        return jobs.get(pk=self.pk)
            except DATABASE_ERRORS:
                logger.info("Waiting for the database")
            time.sleep(0.5)
        raise lost

    def report(
        self, phase: Phase, done: int = 0, total: int = 0, *, may_stop: bool = True, **facts: Any
    ) -> None:
        """Tell how far this job is, and raise Cancelled where somebody asked it to stop, as long as it `may_stop`.

        Goes to Redis, twice a second at most; its loss harms nothing.
        """
        now = time.monotonic()
        last, begun, told = getattr(self, "_told", (None, now, 0.0))
        if phase != last:
            begun = now
        elif now - told < REPORT_EVERY:
            return
        self._told = (phase, begun, now)
        if may_stop and self._is_to_stop():
            raise Cancelled
        spent = now - begun
        left = round(spent * (total - done) / done) if done and spent > 2 else None
        try:
            cache.set(self._progress_key(), (phase.value, done, total, left, facts), PROGRESS_KEPT)
        except redis.RedisError:
            self._told = (phase, begun, now + 60)  # do not wait for a broken Redis again soon

    def _is_to_stop(self) -> bool:
        """Asked on the connection that holds the lock: this job's own may be in the middle of a COPY."""
        if self._lock_connection is None:
            return False
        statement = sql.SQL("SELECT FROM {} WHERE id = %s AND cancel_asked")
        table = sql.Identifier(self._meta.db_table)
        return self._lock_connection.execute(statement.format(table), [self.pk]).fetchone() is not None

    def progress(self) -> Progress | None:
        """What the runner last told; None where nothing is known."""
        try:
            told = cache.get(self._progress_key())
        except redis.RedisError:
            return None
        return Progress(Phase(told[0]), *told[1:]) if told else None

    def _progress_key(self) -> str:
        return f"progress:{self._meta.db_table}:{self.pk}"

    @classmethod
    def run(cls, pk: int, action: Callable[[Self], None]) -> Self:
        """Run `action` on job `pk` in this process and return the job as it then stands.

        Nothing happens where another process runs the job or it is not queued. `action` does its work and sets
        the final state in one transaction; what it raises ends the job as refused or failed, with the reason.
        """
        with _lock(cls, pk) as lock:
            if lock and cls._claim(pk):
                job = cls._default_manager.get(pk=pk)
                job._lock_connection = lock
                try:
                    action(job)
                except Refused as refusal:
                    cls._end(pk, State.REFUSED, *refusal.args)
                except Failed as failure:
                    cls._end(pk, State.FAILED, *failure.args)
                except Cancelled:
                    cls._end(pk, State.CANCELLED, "")
                except Exception as error:
                    if passes(error):
                        raise  # the database went away: the sweep hands the job on when it is back
                    logger.exception("%s %s failed", cls.__name__, pk)
                    cls._end(pk, State.FAILED, reason(error))
        return cls._default_manager.get(pk=pk)

    @classmethod
    def _claim(cls, pk: int) -> bool:
        """One conditional UPDATE. A row found running belongs to a dead runner, since we hold its lock."""
        now = timezone.now()
        claimed = cls._default_manager.filter(
            pk=pk, state__in=[State.QUEUED, State.RUNNING], attempts__lt=MAX_ATTEMPTS
        ).update(state=State.RUNNING, started_at=now, attempts=F("attempts") + 1)
        if not claimed:
            given_up = cls._default_manager.filter(pk=pk, state=State.RUNNING).update(
                state=State.FAILED,
                finished_at=now,
                message=Sentence(
                    "The process that ran this stopped %(times)s times before it was done. Nothing was changed. "
                    "Try again, and tell the operator if it happens once more.",
                    times=MAX_ATTEMPTS,
                ),
            )
            if given_up:
                logger.error("%s %s given up after %s attempts", cls.__name__, pk, MAX_ATTEMPTS)
        return bool(claimed)

    @classmethod
    def _end(cls, pk: int, state: str, message: Sentence | str) -> None:
        cls._default_manager.filter(pk=pk, state=State.RUNNING).update(
            state=state, message=message, finished_at=timezone.now()
        )


@contextmanager
def _lock(job_class: type[Job], pk: int) -> Iterator[psycopg.Connection | None]:
    """Hold the advisory lock of one job on a connection of its own; yields that, or None where it was not free."""
    params = connection.get_connection_params() | {"autocommit": True}
    params.pop("cursor_factory", None)
    params.pop("context", None)
    connection.ensure_connection()  # starts the embedded servers where they are used
    with psycopg.connect(**params) as own:
        row = own.execute(
            "SELECT pg_try_advisory_lock(hashtext(%s), %s)", [job_class._meta.db_table, pk]
        ).fetchone()
        yield own if row and row[0] else None


def sweep() -> dict[str, int]:
    """Send again what was queued and lost, and what a dead process was running. Returns how many of each."""
    sent = {"queued": 0, "running": 0}
    for job_class in job_classes():
        lost = job_class._default_manager.filter(
            state=State.QUEUED, queued_at__lt=timezone.now() - RESEND_AFTER
        )
        for job in lost.only("pk"):
            job._send()
            sent["queued"] += 1
        for job in job_class._default_manager.filter(state=State.RUNNING).only("pk"):
            with _lock(job_class, job.pk) as lock:
                orphan = lock is not None
            if orphan:
                job._send()
                sent["running"] += 1
    return sent


def job_classes() -> list[Any]:
    return [model for model in apps.get_models() if issubclass(model, Job)]
