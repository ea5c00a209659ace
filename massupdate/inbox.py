"""Files without a browser: a folder for each EDI administrator, swept now and then.

    SOREDI_INBOX/102/maj.csv                          laid there by the EDI administrator with the code 102
                 102/.taken/20261123-0415-3f2a9c-maj.csv   being handled
                 102/done/17-maj.csv, 17-maj.csv.json, 17-maj.csv.txt
                 102/refused/18-juni.csv, 18-juni.csv.json, 18-juni.csv.txt

A file is taken by one rename, under a name that no other ever gets; that name stands on its mass update, so however
often a sweep is cut short, a file is handed in once. From then on each sweep looks how its mass update stands and does
the next thing: have it carried out, or lay file and receipt where they belong. Nothing is remembered anywhere else.

The mass update acts for the EDI administrator and may change its numbers only. Warnings refuse the file unless
SOREDI_INBOX_ACCEPT_WARNINGS says otherwise. Whoever can write to the folder is not trusted with more than that: folders
are opened one inside the other without following links, and a link is never read.
"""

import errno
import logging
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from locations.models import EdiAdministrator
from massupdate import actions, receipts
from massupdate.models import MassUpdate
from soredi.jobs import State

logger = logging.getLogger(__name__)

TAKEN, DONE, REFUSED = ".taken", "done", "refused"
STILL_FOR = 3600  # seconds that the size and time of a file are remembered
UNDER_WAY = (State.DRAFT, State.QUEUED, State.RUNNING)
CLAIMED = re.compile(r"\d{8}-\d{4}-[0-9a-f]{12}-.")
_UNSAFE = re.compile(r"[^\w.() -]+")
NAME_LENGTH = 100  # characters


def sweep() -> dict[str, int]:
    """Look into each folder once; returns how many files were taken, carried out and refused. One sweep at a time."""
    told = {"taken": 0, "done": 0, "refused": 0}
    if not settings.INBOX:
        return told
    with _alone() as ours:
        if ours:
            for administrator in EdiAdministrator.objects.exclude(retired_on__lte=timezone.localdate()):
                try:
                    _sweep_folder(administrator, told)
                except OSError as error:  # another's folder shall not wait for this one's disk or rights
                    logger.error("Inbox of EDI administrator %s: %s", administrator.code, error)
    return told


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other process sweeps; the lock ends with the connection at the latest."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('massupdate.inbox'))")
        ours = bool(cursor.fetchone()[0])
        try:
            yield ours
        finally:
            if ours:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('massupdate.inbox'))")


def _sweep_folder(administrator: EdiAdministrator, told: dict[str, int]) -> None:
    if Path(administrator.code).name != administrator.code or administrator.code.startswith("."):
        return
    with (
        suppress(FileNotFoundError),
        _opened(settings.INBOX, administrator.code) as folder,
        _made(folder, TAKEN) as taken,
    ):
        for name in _names(folder):
            if name in (DONE, REFUSED) or name.startswith("."):
                continue
            entry = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISLNK(entry.st_mode):
                _refuse_link(folder, name, told)
            elif stat.S_ISREG(entry.st_mode) and _is_still(administrator, name, entry):
                os.rename(name, _claimed_as(name), src_dir_fd=folder, dst_dir_fd=taken)
                told["taken"] += 1
        for name in filter(CLAIMED.match, _names(taken)):
            _go_on(administrator, folder, taken, name, told)


def _names(folder: int) -> list[str]:
    return sorted(os.listdir(folder))


def _is_still(administrator: EdiAdministrator, name: str, entry: os.stat_result) -> bool:
    """Whether size and time are what the last sweep saw; a file that is being written grows, or its time moves."""
    key = f"inbox:{administrator.pk}:{entry.st_ino}:{name.encode(errors='surrogateescape').hex()[:150]}"
    seen = [entry.st_size, entry.st_mtime_ns]
    try:
        before = cache.get(key)
        cache.set(key, seen, STILL_FOR)
    except redis.RedisError:
        return False
    return bool(before == seen)


def _claimed_as(name: str) -> str:
    return f"{timezone.localtime():%Y%m%d-%H%M}-{secrets.token_hex(6)}-{_safe(name)}"


def _safe(name: str) -> str:
    """`name` without what a shell, a spreadsheet or a terminal might take for something else."""
    shown = os.fsencode(name).decode(errors="replace")
    kept = Path(_UNSAFE.sub("_", shown))
    suffix = kept.suffix[:10]
    return (kept.stem.strip(" ._") or "fil")[: NAME_LENGTH - len(suffix)] + suffix


def _go_on(administrator: EdiAdministrator, folder: int, taken: int, name: str, told: dict[str, int]) -> None:
    """Do the next thing with a file that was taken."""
    update = MassUpdate.objects.filter(claimed_as=name).select_related("change_set").first()
    if update is None:
        update = _hand_in(administrator, taken, name)
        update.enqueue(from_states=(State.DRAFT,))
        return
    if update.state in UNDER_WAY:
        update.enqueue(from_states=(State.DRAFT,))  # where a sweep was cut short before it could
        return
    plan = update.change_set
    if plan is not None and plan.state == State.DRAFT:
        if update.counts["warnings"] and not settings.INBOX_ACCEPT_WARNINGS:
            plan.cancel()
        else:
            plan.enqueue(from_states=(State.DRAFT,))
            return
    if plan is not None and plan.state in UNDER_WAY:
        return
    outcome = DONE if plan is not None and plan.state == State.DONE else REFUSED
    with _made(folder, outcome) as place:
        final = f"{update.pk}-{_original(name)}"
        for suffix, content in receipts.of(update, accepted=settings.INBOX_ACCEPT_WARNINGS).items():
            _write(place, final + suffix, content)
        os.rename(name, final, src_dir_fd=taken, dst_dir_fd=place)
    told[outcome] += 1


def _original(claimed_as: str) -> str:
    return claimed_as.split("-", 3)[3]


def _hand_in(administrator: EdiAdministrator, taken: int, name: str) -> MassUpdate:
    with _read(taken, name) as file:
        return actions.hand_in(
            file=file,
            name=_original(name),
            by=None,
            reason=f"{administrator.code}/{_original(name)}",
            edi_administrator=administrator,
            claimed_as=name,
        )


def _refuse_link(folder: int, name: str, told: dict[str, int]) -> None:
    """The link itself is laid aside, unread."""
    with _made(folder, REFUSED) as place:
        final = f"{secrets.token_hex(4)}-{_safe(name)}"
        for suffix, content in receipts.of_link(name).items():
            _write(place, final + suffix, content)
        os.rename(name, final, src_dir_fd=folder, dst_dir_fd=place)
    told["refused"] += 1


@contextmanager
def _opened(root: Path | str, name: str) -> Iterator[int]:
    """The folder `name` in `root`, which may not be a link."""
    above = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        inside = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
    finally:
        os.close(above)
    try:
        yield inside
    finally:
        os.close(inside)


@contextmanager
def _made(folder: int, name: str) -> Iterator[int]:
    """The folder `name` inside an opened one, made where it is not there."""
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=folder)
    inside = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    try:
        yield inside
    finally:
        os.close(inside)


@contextmanager
def _read(folder: int, name: str) -> Iterator[IO[bytes]]:
    """A regular file, and nothing else that may have been put in its place."""
    number = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    with closing(os.fdopen(number, "rb")) as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(errno.EINVAL, "not a file", name)
        yield file


def _write(folder: int, name: str, content: bytes) -> None:
    """Whole or not at all; the same again where a sweep was cut short."""
    draft = f".{name}.{secrets.token_hex(4)}"
    number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640, dir_fd=folder)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
        os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with suppress(OSError):
            os.unlink(draft, dir_fd=folder)
        raise
