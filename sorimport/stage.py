"""Files → temporary tables `raw_<kind>`, one text column for each known column, and what was left out.

A kind's table has all columns of its alias table, missing ones null, so that `merge` can state its SQL once.
"""

import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from psycopg import sql

from soredi.tabular import CHUNK, BadRow, Loaded, TabularError, load, read_header
from sorimport.columns import EDI_TYPES, KINDS, LOCATIONS, PAIRS, UNITS, Kind, kind_of, known_kinds
from sorimport.fetch import SourceFile

# Without a row they would close every unit, or take every EDI type away.
NEVER_EMPTY = (LOCATIONS, PAIRS, EDI_TYPES, UNITS)
BAD_ROWS = 1000  # a run with more unreadable rows than this fails


@dataclass
class Staged:
    """The files of one run by kind. `skipped` are files of no kind or one too many; `ignored` headers by file.

    `rows`: kind → how many rows were read, history and all; `size`: bytes of all files.
    `stated`: kind → the columns that its file carries. Of the others it says nothing: what is known stays.
    """

    files: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    size: int = 0
    stated: dict[str, frozenset[str]] = field(default_factory=dict)
    bad: list[tuple[str, BadRow]] = field(default_factory=list)
    ignored: dict[str, list[str]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    complete_units: bool = False

    def has(self, kind: Kind) -> bool:
        return kind.name in self.files


def stage(
    files: list[SourceFile],
    *,
    daily: bool = False,
    force: bool = False,
    on_read: Callable[[int, int, int], None] = lambda _done, _total, _rows: None,
) -> Staged:
    """Load every file that is part of an extract. Raises TabularError where a file breaks the run.

    `on_read` is told now and then how many bytes of how many have been read, and how many rows.

    `daily`: units are a refresh, so one that is missing is not gone.
    """
    staged = Staged()
    for kind in KINDS:
        _create_empty(kind)
    chosen = _by_kind(files, staged, known_kinds(settings.SOR_COLUMNS_FILE))
    before, total = 0, sum(file.size for file in chosen.values())
    for kind, file in chosen.items():
        loaded = _load(kind, file, force, _after(before, total, sum(staged.rows.values()), on_read))
        before += file.size
        staged.size += file.size
        staged.files[kind.name] = file.name
        staged.rows[kind.name] = loaded.rows
        staged.stated[kind.name] = frozenset(loaded.columns) & frozenset(kind.columns)
        staged.bad += [(file.name, row) for row in loaded.bad]
        if loaded.ignored:
            staged.ignored[file.name] = loaded.ignored
    if not staged.has(LOCATIONS) and not staged.has(UNITS):
        raise TabularError(
            ", ".join(f.name for f in files) or _("no file"),
            0,
            "no_extract",
            _(
                "This is no SOR extract: neither location numbers nor units were found. Give Sor_complete.zip, its "
                "files, or SorEntity_daily.csv."
            ),
        )
    if staged.has(PAIRS) and not staged.has(LOCATIONS):
        raise TabularError(
            staged.files[PAIRS.name],
            0,
            "no_locations",
            _("EDI types by location number need LocationsCode.csv in the same import. Give both files."),
        )
    staged.complete_units = staged.has(UNITS) and not daily and not is_daily(staged.files[UNITS.name])
    return staged


def _after(
    before: int, total: int, rows: int, on_read: Callable[[int, int, int], None]
) -> Callable[[int, int], None]:
    return lambda done, lines: on_read(before + done, total, rows + lines)


def is_daily(name: str) -> bool:
    """The daily file has the columns of SOREntity.csv; only its name tells that it is no complete list."""
    return "daily" in name.casefold()


def _by_kind(files: list[SourceFile], staged: Staged, kinds: tuple[Kind, ...]) -> dict[Kind, SourceFile]:
    chosen: dict[Kind, SourceFile] = {}
    for file in files:
        with _readable(file), file.open() as stream:
            found = read_header(stream, file.name, {}).found
        kind = kind_of(found, file.name, kinds)
        if kind is None:
            staged.skipped.append(file.name)
        elif kind in chosen and is_daily(chosen[kind].name):
            staged.skipped.append(chosen[kind].name)
            chosen[kind] = file
        elif kind in chosen and is_daily(file.name):
            staged.skipped.append(file.name)
        elif kind in chosen:
            raise TabularError(
                file.name,
                0,
                "twice",
                _("It is of the same kind as %(other)s. Give one of them.") % {"other": chosen[kind].name},
            )
        else:
            chosen[kind] = file
    # Keys of `kinds`, which may know more spellings than those of KINDS.
    return {kind: chosen[kind] for kind in kinds if kind in chosen}


def _load(kind: Kind, file: SourceFile, force: bool, on_read: Callable[[int, int], None]) -> Loaded:
    with _readable(file):
        with file.open() as stream:
            header = read_header(stream, file.name, kind.aliases)
        missing = [column for column in kind.required if column not in header.names]
        if missing:
            raise TabularError(
                file.name,
                1,
                "missing_column",
                _(
                    "The column %(missing)s is missing; found: %(found)s. Give a file with it, or name the alias."
                )
                % {
                    "missing": ", ".join(kind.columns[column][0] for column in missing),
                    "found": ", ".join(header.found),
                },
            )
        try:
            loaded = load(
                file.open,
                file=file.name,
                table=f"raw_{kind.name}",
                header=header,
                bad_limit=10**9 if force else BAD_ROWS,
                on_read=on_read,
            )
        except TabularError:
            _last_line(file)  # a damaged zip tells so at its end, which is the better answer
            raise
        if loaded.bad and not force and loaded.bad[-1].line == _last_line(file):
            raise TabularError(
                file.name,
                loaded.bad[-1].line,
                "cut_off",
                _("The file ends in the middle of a row: it is cut off. Fetch it again."),
            )
    if kind in NEVER_EMPTY and not loaded.rows:
        raise TabularError(
            file.name, 0, "empty_file", _("There are no rows below the header. Fetch or save the file again.")
        )
    _add_missing(kind, loaded.columns)
    return loaded


def _last_line(file: SourceFile) -> int:
    """The number of the line that the file ends in without a line end; 0 where its last line is whole."""
    lines, last = 0, b"\n"
    with file.open() as stream:
        while chunk := stream.read(CHUNK):
            lines += chunk.count(b"\n")
            last = chunk[-1:]
    return 0 if last == b"\n" else lines + 1


class _readable:
    """A zip member that breaks off while it is read → TabularError."""

    def __init__(self, file: SourceFile):
        self.file = file

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, zipfile.BadZipFile | zlib.error | EOFError):
            raise TabularError(
                self.file.name,
                0,
                "bad_zip",
                _("The zip file is damaged or cut off (%(error)s). Fetch it again.") % {"error": error},
            ) from None


def _create_empty(kind: Kind) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(f"raw_{kind.name}")))
        cursor.execute(
            sql.SQL("CREATE TEMP TABLE {} (line bigint) ON COMMIT DROP").format(
                sql.Identifier(f"raw_{kind.name}")
            )
        )
    _add_missing(kind, [])


def _add_missing(kind: Kind, present: list[str]) -> None:
    table = sql.Identifier(f"raw_{kind.name}")
    with connection.cursor() as cursor:
        for column in kind.columns:
            if column not in present:
                cursor.execute(
                    sql.SQL("ALTER TABLE {} ADD COLUMN {} text").format(table, sql.Identifier(column))
                )
