"""Files → staging tables: which file is what, by its content, and who reads it.

SourceFile ─ its first bytes ─→ a kind of file ─ its source's reader ─→ raw_<kind>
"""

from collections.abc import Callable

from django.conf import settings

from soredi.sentences import Sentence
from soredi.tabular import TabularError, read_header
from sorimport.columns import (
    LEGACY_PAIRS,
    LEGACY_UNITS,
    LOCATIONS,
    PAIRS,
    UNITS,
    XML,
    Kind,
    kind_of,
    known_kinds,
)
from sorimport.fetch import SourceFile
from sorimport.sources import legacy, sor2, xml
from sorimport.staged import Staged, is_named_daily

__all__ = ["Staged", "stage"]

# The staging tables that a file of a kind fills; one of another kind fills its own.
_FILLS = {XML: {UNITS, LOCATIONS}, LEGACY_UNITS: {UNITS, LOCATIONS}, LEGACY_PAIRS: {PAIRS}}
_SOURCE = {"daily": "sor2"}
_READERS = {XML: xml.read, LEGACY_UNITS: legacy.read_units, LEGACY_PAIRS: legacy.read_pairs}


def stage(
    files: list[SourceFile],
    *,
    source: str = "auto",
    force: bool = False,
    on_read: Callable[[int, int, int], None] = lambda _done, _total, _rows: None,
) -> Staged:
    """Load every file that is part of an extract. Raises TabularError where a file breaks the run.

    `source`: auto takes what the files are; another name takes only the files of that source. `on_read` is told now
    and then how many bytes of how many have been read, and how many rows.
    """
    staged = Staged(source=source)
    chosen = _by_kind(files, staged, known_kinds(settings.SOR_COLUMNS_FILE), source)
    staged.found = next((kind.source for kind in chosen), "")
    before, total = 0, sum(file.size for file in chosen.values())
    for kind, file in chosen.items():
        read = _READERS.get(kind, sor2.read)
        read(kind, file, staged, force, _after(before, total, sum(staged.rows.values()), on_read))
        before += file.size
        staged.size += file.size
    if not staged.has(LOCATIONS) and not staged.has(UNITS):
        raise TabularError(
            _names(files),
            0,
            "no_extract",
            Sentence(
                "This is no SOR extract: neither location numbers nor units were found. Give Sor_complete.zip, its "
                "files, SorEntity_daily.csv, sor.csv with edityper.csv, or sor.xml."
            ),
        )
    if staged.has(PAIRS) and not staged.has(LOCATIONS):
        raise TabularError(
            staged.files[PAIRS.name],
            0,
            "no_locations",
            Sentence(
                "EDI types by location number need LocationsCode.csv in the same import. Give both files."
            ),
        )
    return staged


def _after(
    before: int, total: int, rows: int, on_read: Callable[[int, int, int], None]
) -> Callable[[int, int], None]:
    return lambda done, lines: on_read(before + done, total, rows + lines)


def _names(files: list[SourceFile]) -> str:
    return ", ".join(file.name for file in files)


def _by_kind(
    files: list[SourceFile], staged: Staged, kinds: tuple[Kind, ...], source: str
) -> dict[Kind, SourceFile]:
    """The file of each kind, in the order in which they are read. Keys are of `kinds`, which may know more spellings
    than those of KINDS."""
    kinds = (XML, *kinds)
    wanted = tuple(k for k in kinds if source == "auto" or k.source == _SOURCE.get(source, source))
    chosen: dict[Kind, SourceFile] = {}
    others = []
    for file in files:
        kind, best = _kind(file, wanted), _kind(file, kinds)
        if kind is None or (best not in wanted and kind != LEGACY_PAIRS):
            staged.skipped.append(file.name)
            others += [best.source] if best else []
            continue
        if kind == UNITS and kind in chosen:
            # SorEntity_daily.csv beside SOREntity.csv, which has its rows too, and history.
            daily, file = sorted((chosen[kind], file), key=lambda f: (not is_named_daily(f.name), f.size))
            staged.skipped.append(daily.name)
            staged.second_units = daily.name
        elif twice := [k for k in chosen if _fills(k) & _fills(kind)]:
            raise TabularError(
                file.name,
                0,
                "twice",
                Sentence(
                    "It is of the same kind as %(other)s. Give one of them.", other=chosen[twice[0]].name
                ),
            )
        chosen[kind] = file
    if LEGACY_UNITS in chosen and PAIRS in chosen:
        # Beside sor.csv the types may be named by code as well as by id.
        chosen[LEGACY_PAIRS] = chosen.pop(PAIRS)
    has = set().union(*map(_fills, chosen))
    if others and not has & {UNITS, LOCATIONS}:
        raise _wrong_source(files, source, others[0])
    if source == "daily" and UNITS not in has:
        raise _wrong_source(files, source, "sor2")
    return {kind: chosen[kind] for kind in kinds if kind in chosen}


def _fills(kind: Kind) -> set[Kind]:
    return _FILLS.get(kind, {kind})


def _kind(file: SourceFile, kinds: tuple[Kind, ...]) -> Kind | None:
    """What `file` is, by its first bytes, its header, and last its published name."""
    with sor2.readable(file):
        with file.open() as stream:
            if xml.is_xml(stream):
                return XML if XML in kinds and xml.is_sor(file) else None
        with file.open() as stream:
            found = read_header(stream, file.name, {}, undecodable="row").found
    return kind_of(found, file.name, tuple(kind for kind in kinds if kind != XML))


def _wrong_source(files: list[SourceFile], source: str, found: str) -> TabularError:
    return TabularError(
        _names(files),
        0,
        "wrong_source",
        Sentence(
            "The import was to be of %(source)s, but these files are of %(found)s. Choose auto, or other files.",
            source=source,
            found=found,
        ),
    )
