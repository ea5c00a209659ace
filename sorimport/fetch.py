"""Where an extract comes from: files, folders and zip files → named streams.

Nothing is unpacked to disk. A zip file is untrusted: its members are bounded by size and ratio, and their names are
only ever shown.
"""

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from errno import EINVAL
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import IO

from soredi.newlines import with_newlines
from soredi.sentences import Sentence
from soredi.tabular import CHUNK, TabularError

MAX_MEMBER = 8 << 30  # bytes unpacked; SOREntity.csv is over 512 MB
MAX_RATIO = 200  # unpacked to packed; real extracts have about 20
SMALL = 1 << 16  # bytes packed; below them a high ratio does no harm
ENCRYPTED = 1  # bit of a member's flags
SUFFIXES = (".csv", ".xml")


@dataclass(frozen=True)
class SourceFile:
    """One CSV or XML file: how it is named to people, its bytes, and how to read it from its start, again and again."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


def source_files(paths: list[Path]) -> list[SourceFile]:
    """Every CSV and XML file in `paths`, in order of name within a folder or zip; a file given by itself whatever it is
    called. Raises TabularError for a broken zip."""
    found: list[SourceFile] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in (*SUFFIXES, ".zip"))
            found += source_files(inside)
        elif not path.is_file():
            raise TabularError(
                str(path), 0, "not_found", Sentence("There is no such file or folder. Check the path.")
            )
        elif path.suffix.lower() == ".zip" or _begins_as_zip(path):
            found += _members(path)
        else:
            found.append(SourceFile(path.name, path.stat().st_size, with_newlines(partial(_open, path))))
    return found


def _begins_as_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) in (b"PK\3\4", b"PK\5\6")


def _members(path: Path) -> list[SourceFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if m.filename.lower().endswith(SUFFIXES)]
    except (zipfile.BadZipFile, OSError):
        raise damaged_zip(path.name) from None
    _require_honest_sizes(path, members)
    for member in members:
        if member.flag_bits & ENCRYPTED:
            raise TabularError(
                _shown(path, member),
                0,
                "bad_zip",
                Sentence("The zip file is encrypted. Unpack it with its password, and give the files."),
            )
    return [
        SourceFile(_base_name(m), m.file_size, with_newlines(partial(_open_member, path, m)))
        for m in sorted(members, key=lambda m: m.filename)
    ]


def _require_honest_sizes(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Raises TabularError where a member, or all together, would unpack to more than any extract does.

    What a member says of its own packed size is not believed beyond the size of the zip file. Reading stops at the
    unpacked size it says, and fails where its bytes do not have the checksum it says.
    """
    packed = path.stat().st_size
    for member in members:
        _require_honest_size(
            _shown(path, member), member.file_size, min(member.compress_size, packed), MAX_MEMBER
        )
    # Several members may point at the same packed bytes.
    total = sum(member.file_size for member in members)
    _require_honest_size(path.name, total, packed, 2 * MAX_MEMBER)


def _require_honest_size(name: str, size: int, packed: int, limit: int) -> None:
    if size > limit:
        raise _too_large(
            name,
            Sentence(
                "It would unpack to %(size)s MB; more than %(limit)s MB are not read. Fetch the file again.",
                size=size >> 20,
                limit=limit >> 20,
            ),
        )
    if size > MAX_RATIO * max(packed, SMALL):
        raise _too_large(
            name,
            Sentence(
                "It would unpack to %(times)s times its size; more than %(limit)s times is no extract but an attack, "
                "or a damaged file. Fetch the file again.",
                times=size // max(packed, 1),
                limit=MAX_RATIO,
            ),
        )


def _base_name(member: zipfile.ZipInfo) -> str:
    """The name without its folders, as either system writes them: a name is only ever shown."""
    return PureWindowsPath(member.filename).name


def _shown(path: Path, member: zipfile.ZipInfo) -> str:
    return f"{path.name}/{_base_name(member)}"


def damaged_zip(name: str) -> TabularError:
    return TabularError(name, 0, "bad_zip", Sentence("The zip file is damaged or cut off. Fetch it again."))


def _too_large(name: str, sentence: Sentence) -> TabularError:
    return TabularError(name, 0, "too_large", sentence)


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


def _open_member(path: Path, member: zipfile.ZipInfo) -> IO[bytes]:
    # The archive stays open as long as the member does, which keeps a reference to it.
    try:
        return zipfile.ZipFile(path).open(member)
    except OSError as error:
        if error.errno != EINVAL:  # of a member that is said to begin before the file
            raise
        raise damaged_zip(path.name) from None
    except NotImplementedError:  # a kind of compression that is not known here
        raise TabularError(
            _shown(path, member),
            0,
            "bad_zip",
            Sentence(
                "The zip file is packed in a way that cannot be read here. Unpack it, and give the files."
            ),
        ) from None


def digest(paths: list[Path]) -> str:
    """SHA-256 over the bytes of all files, in order."""
    total = hashlib.sha256()
    for path in paths:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file.is_file():
                with file.open("rb") as stream:
                    while chunk := stream.read(CHUNK):
                        total.update(chunk)
    return total.hexdigest()
