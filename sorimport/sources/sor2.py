"""The SOR2 files: one CSV file → one staging table, by the server's own COPY.

LocationsCode.csv  ─→ raw_locations     the columns of `columns.LOCATIONS` by their headers,
SOREntity.csv      ─→ raw_units         the others ignored and listed
…
"""

import zipfile
import zlib
from collections.abc import Callable

from soredi.sentences import Sentence, counted
from soredi.tabular import CHUNK, Loaded, TabularError, load, read_header
from sorimport.columns import EDI_TYPES, LEGACY_PAIRS, LEGACY_UNITS, LOCATIONS, PAIRS, UNITS, Kind
from sorimport.fetch import SourceFile, damaged_zip
from sorimport.staged import BAD_ROWS, BAD_SHARE, Staged, add_missing

# Without a row they would close every unit, or take every EDI type away.
NEVER_EMPTY = (LOCATIONS, PAIRS, EDI_TYPES, UNITS, LEGACY_UNITS, LEGACY_PAIRS)


def read(
    kind: Kind, file: SourceFile, staged: Staged, force: bool, on_read: Callable[[int, int], None]
) -> None:
    """Fill raw_<kind> from `file` and note it in `staged`. Raises TabularError where the file breaks the run."""
    loaded = read_table(kind, file, staged, force, on_read)
    staged.put(kind, file.name, stated(kind, loaded), loaded.rows)


def stated(kind: Kind, loaded: Loaded) -> frozenset[str]:
    return frozenset(loaded.columns) & frozenset(kind.columns)


def read_table(
    kind: Kind, file: SourceFile, staged: Staged, force: bool, on_read: Callable[[int, int], None]
) -> Loaded:
    """Fill raw_<kind> from `file`; what was left out and ignored goes to `staged`."""
    with readable(file):
        with file.open() as stream:
            header = read_header(stream, file.name, kind.aliases, undecodable="row")
        missing = [column for column in kind.required if column not in header.names]
        if missing:
            raise TabularError(
                file.name,
                1,
                "missing_column",
                counted(
                    "The column %(missing)s is missing; found: %(found)s. Give a file with it. If SOR has renamed it, "
                    "the operator writes in the file that SOR_COLUMNS_FILE names, below [%(kind)s]: %(lines)s",
                    "The columns %(missing)s are missing; found: %(found)s. Give a file with them. If SOR has renamed "
                    "them, the operator writes in the file that SOR_COLUMNS_FILE names, below [%(kind)s]: %(lines)s",
                    count=len(missing),
                    missing=", ".join(kind.columns[column][0] for column in missing),
                    found=", ".join(header.found),
                    kind=kind.name,
                    lines=", ".join(f'{column} = ["…"]' for column in missing),
                ),
            )

        def attempt(limit: int) -> Loaded:
            return load(
                file.open,
                file=file.name,
                table=f"raw_{kind.name}",
                header=header,
                bad_limit=limit,
                undecodable="row",
                large=True,
                on_read=on_read,
            )

        try:
            loaded = attempt(10**9 if force else BAD_ROWS)
        except TabularError as error:
            lines, _last = _lines(file)  # a damaged zip tells so at its end, which is the better answer
            if error.code != "too_many_bad_rows" or lines // BAD_SHARE <= BAD_ROWS:
                raise
            loaded = attempt(lines // BAD_SHARE)
        if loaded.bad and not force and loaded.bad[-1].line == _lines(file)[1]:
            raise TabularError(
                file.name,
                loaded.bad[-1].line,
                "cut_off",
                Sentence("The file ends in the middle of a row: it is cut off. Fetch it again."),
            )
    if kind in NEVER_EMPTY and not loaded.rows:
        raise TabularError(
            file.name,
            0,
            "empty_file",
            Sentence("There are no rows below the header. Fetch or save the file again."),
        )
    add_missing(kind, loaded.columns)
    staged.bad += [(file.name, row) for row in loaded.bad]
    if loaded.ignored:
        staged.ignored[file.name] = loaded.ignored
    return loaded


def _lines(file: SourceFile) -> tuple[int, int]:
    """How many lines the file has, and the number of the one it ends in without a line end: 0 where that is whole."""
    lines, last = 0, b"\n"
    with file.open() as stream:
        while chunk := stream.read(CHUNK):
            lines += chunk.count(b"\n")
            last = chunk[-1:]
    return lines, 0 if last == b"\n" else lines + 1


class readable:
    """A zip member that breaks off while it is read → TabularError."""

    def __init__(self, file: SourceFile):
        self.file = file

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, zipfile.BadZipFile | zlib.error | EOFError):
            raise damaged_zip(self.file.name) from None
