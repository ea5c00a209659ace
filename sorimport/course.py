"""The course of an import: which phase it is in, how far, and how long each phase took.

Every second from the start of the run to its end belongs to a phase, or to its wait for its turn.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from soredi.jobs import Phase
from sorimport.models import ImportRun, Origin

PHASES = (Phase.READING, Phase.CHECKING, Phase.NUMBERS, Phase.UNITS, Phase.FINISHING)
WAITED = "waited"  # beside the phases: the seconds in which another import went on
WRITING = PHASES[2:]  # once it has come here the run cannot be stopped any more


class Course:
    """Tells the run's page how far `run` is, and keeps the seconds of each phase."""

    def __init__(self, run: ImportRun):
        self.run = run
        self.seconds: dict[str, float] = {}
        self.rows = 0
        self.phase: Phase | None = None
        self.since = time.monotonic()
        if run.started_at:
            before = max(0.0, (timezone.now() - run.started_at).total_seconds())
            if run.origin == Origin.NIGHTLY:
                self.seconds[Phase.FETCHING] = round(before, 2)
            else:
                self.since -= before

    @contextmanager
    def wait(self) -> Iterator[None]:
        """Around the wait for its turn."""
        began = time.monotonic()
        yield
        waited = time.monotonic() - began
        self.since += waited
        if round(waited):
            self.seconds[WAITED] = round(waited, 2)

    def fetch(self, done: int, total: int) -> None:
        """`done` bytes of `total` have come over the network."""
        if self.phase != Phase.FETCHING:
            self.enter(Phase.FETCHING)
        self.run.report(Phase.FETCHING, done, total)

    def enter(self, phase: Phase) -> None:
        """The phase before, if any, is over."""
        self._close()
        before, self.phase = self.phase, phase
        self.run.report(phase, may_stop=before not in WRITING, rows=self.rows, seconds=self.seconds)

    def read(self, done: int, total: int, rows: int) -> None:
        """`done` bytes of `total` have been read, with `rows` rows in them."""
        self.rows = rows
        spent = time.monotonic() - self.since
        self.run.report(Phase.READING, done, total, rows=rows, rate=round(rows / spent) if spent > 1 else 0)

    def end(self) -> dict[str, float]:
        """The last phase is over; returns the seconds by phase, in order."""
        self._close()
        return self.seconds

    def _close(self) -> None:
        if self.phase:  # what was before the first phase is part of it
            now = time.monotonic()
            self.seconds[self.phase] = round(now - self.since, 2)
            self.since = now


def phases_of(run: ImportRun) -> tuple[Phase, ...]:
    """What `run` goes through: only what comes from elsewhere has to be fetched."""
    remote = run.origin == Origin.NIGHTLY or any("://" in path for path in run.paths)
    return (Phase.FETCHING, *PHASES) if remote else PHASES


def in_words(seconds: float) -> str:
    """3.2 s, 47 s, 12 min. 5 s, in the reader's language."""
    if seconds < 60:
        places = 1 if seconds < 10 else 0
        # number_format cuts off, and the phases would add up to less than all of them.
        return _("%(seconds)s s") % {"seconds": number_format(round(seconds, places), places)}
    minutes, rest = divmod(round(seconds), 60)
    return _("%(minutes)s min. %(seconds)s s") % {"minutes": number_format(minutes), "seconds": rest}
