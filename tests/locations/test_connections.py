"""What two connections do to the same location numbers at the same time. Everything here is committed for real."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from locations import changes
from locations.models import ChangeSet, LocationNumber
from locations.models.change import Source
from soredi.jobs import Phase, State
from tests.builders import location, user

pytestmark = pytest.mark.usefixtures("committed_db")

DOOR = "only through locations/changes.py"


def another_connection() -> psycopg.Connection[Any]:
    params = connection.get_connection_params()
    return psycopg.connect(**{k: v for k, v in params.items() if k not in ("cursor_factory", "context")})


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Run each of `actions` in a thread with a connection of its own, starting together."""
    start = threading.Barrier(len(actions))

    def act(action: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            start.wait(10)
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as threads:
        return list(threads.map(act, actions, timeout=60))


def test_an_open_door_is_not_open_on_another_connection() -> None:
    number = location()
    planned = changes.plan(locations=LocationNumber.objects.all(), by=None, note="planned")
    ChangeSet.objects.filter(pk=planned.pk).update(state=State.RUNNING)
    steal = "UPDATE locations_locationnumber SET note = 'planned', version_id = %s"
    version = planned.versions.get().pk
    with another_connection() as other:
        with transaction.atomic():
            changes.open_door(planned)
            with pytest.raises(psycopg.IntegrityError, match=DOOR):
                other.execute(steal, [version])
            other.rollback()
        # Left alone, and named for a whole session: its versions are not applied, so it opens nothing by itself.
        other.execute("SELECT set_config('soredi.change_set', %s, false)", [str(planned.pk)])
        other.commit()
        with pytest.raises(psycopg.IntegrityError, match=DOOR):
            other.execute(steal, [version])
        other.rollback()
        changes.apply(planned)
        with pytest.raises(psycopg.IntegrityError, match=DOOR):
            other.execute("UPDATE locations_locationnumber SET note = 'mine'")
        other.rollback()
    number.refresh_from_db()
    assert number.note == "planned"


def test_of_two_overlapping_change_sets_at_once_one_is_done_and_one_refused() -> None:
    """Ten rounds, with the numbers chosen in opposite orders: neither waits for the other for ever."""
    made = [location() for _ in range(60)]
    anna = user("anna", administrators=["102"])
    for turn in range(10):
        glns = sorted(number.gln for number in made)
        first = changes.plan(
            locations=LocationNumber.objects.filter(gln__in=glns[:40]).order_by("gln"),
            by=anna,
            note=f"first {turn}",
        )
        second = changes.plan(
            locations=LocationNumber.objects.filter(gln__in=glns[20:]).order_by("-gln"),
            by=None,
            note=f"second {turn}",
        )
        results = at_once(
            *(lambda job=job: ChangeSet.run(job.pk, changes.apply) for job in map(queued, (first, second)))
        )
        states = {job.pk: job.state for job in results}
        assert sorted(states.values()) == [State.DONE, State.REFUSED]
        winner = first if states[first.pk] == State.DONE else second
        noted = LocationNumber.objects.filter(note=f"{'first' if winner is first else 'second'} {turn}")
        assert noted.count() == 40
        assert not LocationNumber.objects.filter(
            note=f"{'second' if winner is first else 'first'} {turn}"
        ).exists()
        assert all(lock_free(job.pk) for job in results)


def queued(change_set: ChangeSet) -> ChangeSet:
    ChangeSet.objects.filter(pk=change_set.pk).update(state=State.QUEUED, queued_at=timezone.now())
    return change_set


def lock_free(pk: int) -> bool:
    with another_connection() as other:
        row = other.execute(
            "SELECT pg_try_advisory_lock(hashtext('locations_changeset'), %s)", [pk]
        ).fetchone()
    return bool(row and row[0])


def test_a_change_set_waits_for_one_that_holds_its_numbers_and_then_sees_what_it_did() -> None:
    number = location()
    late = changes.plan(locations=LocationNumber.objects.all(), by=None, note="late")
    early = changes.plan(locations=LocationNumber.objects.all(), by=user("bo", staff=True), note="early")
    ChangeSet.objects.filter(pk=early.pk).update(state=State.RUNNING)
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            changes.apply(early)
            waiting = thread.submit(at_once, lambda: ChangeSet.run(queued(late).pk, changes.apply))
            time.sleep(0.5)
            assert not waiting.done()
        (result,) = waiting.result(20)
    assert (result.state, f"{number.gln} (bo)" in str(result.message)) == (State.REFUSED, True)
    number.refresh_from_db()
    assert number.note == "early"


def test_a_change_set_that_waits_for_another_can_be_stopped() -> None:
    number = location()
    late = changes.plan(locations=LocationNumber.objects.all(), by=None, note="late")
    early = changes.plan(locations=LocationNumber.objects.all(), by=None, note="early")
    ChangeSet.objects.filter(pk=early.pk).update(state=State.RUNNING)
    with ThreadPoolExecutor(1) as thread, transaction.atomic():
        changes.apply(early)
        waiting = thread.submit(at_once, lambda: ChangeSet.run(queued(late).pk, changes.apply))
        time.sleep(0.5)
        at_once(late.ask_to_cancel)
        (result,) = waiting.result(20)  # while the other still holds the number
        assert result.state == State.CANCELLED
    number.refresh_from_db()
    assert number.note == "early"


def test_a_change_set_can_be_stopped_until_it_commits() -> None:
    number = location(note="before")
    planned = queued(changes.plan(locations=LocationNumber.objects.all(), by=None, note="after"))
    told = []

    def action(running: ChangeSet) -> None:
        report = running.report

        def stopped_at_the_end(phase: Phase, **facts: Any) -> None:
            told.append(phase)
            if phase == Phase.FINISHING:
                at_once(planned.ask_to_cancel)
            report(phase, **facts)

        running.report = stopped_at_the_end  # type: ignore[method-assign,assignment]
        changes.apply(running)

    assert ChangeSet.run(planned.pk, action).state == State.CANCELLED
    assert told == [Phase.CHECKING, Phase.WRITING, Phase.FINISHING]
    number.refresh_from_db()
    assert (number.note, planned.versions.get().applied_at) == ("before", None)


def test_a_job_that_many_take_at_once_runs_once() -> None:
    location()
    planned = queued(changes.plan(locations=LocationNumber.objects.all(), by=None, note="once"))
    ran: list[int] = []

    def slowly(job: ChangeSet) -> None:
        ran.append(job.pk)
        time.sleep(0.3)
        changes.apply(job)

    at_once(*[lambda: ChangeSet.run(planned.pk, slowly)] * 4)
    assert ran == [planned.pk]
    planned.refresh_from_db()
    assert (planned.state, planned.attempts) == (State.DONE, 1)


def test_a_running_job_stops_at_its_next_report_when_somebody_asks_it_to() -> None:
    job = ChangeSet.objects.create(source=Source.EDIT, state=State.QUEUED)
    reached = []

    def action(running: ChangeSet) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            running.report(Phase.READING)
            with cursor.copy("COPY locations_vans TO STDOUT") as copy:
                reached.append("reading")
                at_once(lambda: ChangeSet.objects.get(pk=running.pk).ask_to_cancel())
                running.report(Phase.CHECKING)  # while the job's own connection is busy
                copy.read()
        reached.append("written")

    ended = ChangeSet.run(job.pk, action)
    assert (ended.state, ended.finished_at is not None, reached) == (State.CANCELLED, True, ["reading"])
    assert ended.ask_to_cancel() is False
    assert ended.enqueue(from_states=(State.CANCELLED,)) is True
    assert ended.ask_to_cancel() is True
    assert ChangeSet.objects.get(pk=job.pk).state == State.CANCELLED
