"""The course of an import: which phase it is in, how far, and how long each phase took."""

import time

from soredi.jobs import Phase
from sorimport.models import ImportRun


class Course:
    """Tells the run's page how far `run` is, and keeps the seconds of each phase."""

    def __init__(self, run: ImportRun):
        self.run = run
        self.seconds: dict[str, float] = {}
        self.phase: Phase | None = None
        self.since = time.monotonic()

    def enter(self, phase: Phase) -> None:
        """The phase before, if any, is over."""
        self._close()
        self.phase = phase
        self.run.report(phase)

    def read(self, done: int, total: int, rows: int) -> None:
        """`done` bytes of `total` have been read, with `rows` rows in them."""
        self.run.report(Phase.READING, done, total)

    def end(self) -> dict[str, float]:
        """The last phase is over; returns the seconds by phase, in order."""
        self._close()
        return self.seconds

    def _close(self) -> None:
        now = time.monotonic()
        if self.phase:
            self.seconds[self.phase] = round(now - self.since, 2)
        self.since = now
