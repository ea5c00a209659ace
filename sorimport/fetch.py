"""Where an extract comes from: files, folders and zip files → named streams.

Nothing is unpacked to disk. A zip file is untrusted: its members are bounded by size and ratio, and their names are
only ever shown.
"""

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from soredi.tabular import CHUNK, TabularError

MAX_MEMBER = 8 << 30  # bytes unpacked; SOREntity.csv is over 512 MB
MAX_RATIO = 200  # unpacked to packed; real extracts have about 20


@dataclass(frozen=True)
class SourceFile:
    """One CSV file: how it is named to people, its bytes, and how to read it from its start, as often as needed."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


def source_files(paths: list[Path]) -> list[SourceFile]:
    """Every CSV file in `paths`, in order of name within a folder or zip. Raises TabularError for a broken zip."""
    found: list[SourceFile] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in (".csv", ".zip"))
            found += source_files(inside)
        elif not path.is_file():
            raise TabularError(
                str(path), 0, "not_found", _("There is no such file or folder. Check the path.")
            )
        elif path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
            found += _members(path)
        else:
            found.append(SourceFile(path.name, path.stat().st_size, lambda path=path: path.open("rb")))  # type: ignore[misc]
    return found


def _members(path: Path) -> list[SourceFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if m.filename.lower().endswith(".csv")]
    except (zipfile.BadZipFile, OSError) as error:
        raise TabularError(
            path.name,
            0,
            "bad_zip",
            _("The zip file is damaged or cut off (%(error)s). Fetch it again.") % {"error": error},
        ) from None
    for member in members:
        if member.file_size > MAX_MEMBER or member.file_size > MAX_RATIO * max(member.compress_size, 1 << 16):
            raise TabularError(
                f"{path.name}/{member.filename}",
                0,
                "too_large",
                _("It would unpack to %(size)s MB, which no extract does. Fetch the file again.")
                % {"size": member.file_size >> 20},
            )
    return [
        SourceFile(Path(m.filename).name, m.file_size, lambda m=m: _open_member(path, m))  # type: ignore[misc]
        for m in sorted(members, key=lambda m: m.filename)
    ]


def _open_member(path: Path, member: zipfile.ZipInfo) -> IO[bytes]:
    # The archive stays open as long as the member does, which keeps a reference to it.
    return zipfile.ZipFile(path).open(member)


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
