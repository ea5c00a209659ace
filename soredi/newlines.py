"""A file whose lines end with CR alone, as on old Macs and from some programs still, as one with LF. Knows no Django.

Loknr;EdiId\\r5790000173624;1017\\r           →   Loknr;EdiId\\n5790000173624;1017\\n
Loknr;EdiId\\r\\r\\n5790000173624;1017\\r\\r\\n   →   the same: CR LF that a program wrote as text once more

PostgreSQL's COPY and Python would take the first for one long line, and find a blank one after each of the second.
"""

import io
import re
from collections.abc import Callable
from typing import IO

HEAD = 1 << 16  # bytes: as far as a header may reach
CHUNK = 1 << 18
_END = re.compile(rb"\r\r\n|\r\n|\n|\r")
# The end of the first line → what stands for each CR of the file.
_FOR_CR = {b"\r": b"\n", b"\r\r\n": b""}


def instead_of_cr(head: bytes) -> bytes | None:
    """What stands for CR in a file that begins with `head`, by how its first line ends; None where CR may stay."""
    end = _END.search(head)
    return _FOR_CR.get(end[0]) if end else None


def with_newlines(open_stream: Callable[[], IO[bytes]]) -> Callable[[], IO[bytes]]:
    """What opens the same file with LF where its lines end with CR, and as it is where they end otherwise.

    The file is opened twice each time: not every stream can be wound back and still check its sum.
    """

    def opened() -> IO[bytes]:
        with open_stream() as stream:
            instead = instead_of_cr(stream.read(HEAD))
        if instead is None:
            return open_stream()
        return io.BufferedReader(_WithNewlines(open_stream(), instead), CHUNK)

    return opened


class _WithNewlines(io.RawIOBase):
    def __init__(self, stream: IO[bytes], instead: bytes):
        self._stream, self._instead = stream, instead

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while chunk := self._stream.read(len(buffer)):
            if chunk := chunk.replace(b"\r", self._instead):
                break
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self._stream.close()
        super().close()
