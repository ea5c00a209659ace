"""A UTF-16 file as UTF-8, while it is read: what Excel calls “Unicode text”, and the Notepad of old “Unicode”."""

import codecs
import io
from typing import IO

from soredi.headers import not_text

CHUNK = 1 << 18  # bytes
MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class AsUtf8(io.RawIOBase):
    """Reads `stream`, which begins with a byte order mark. Raises TabularError `not_text` where it is no UTF-16."""

    def __init__(self, stream: IO[bytes], file: str):
        self._stream, self._file = stream, file
        self._decoder = codecs.getincrementaldecoder("utf-16")()
        self._ready = memoryview(b"")
        self._lines = 1

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            chunk = self._stream.read(CHUNK)
            try:
                text = self._decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError:
                raise not_text(self._file, self._lines) from None
            if not chunk and not text:
                return 0
            self._lines += text.count("\n")
            self._ready = memoryview(text.encode())
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def close(self) -> None:
        self._stream.close()
        super().close()


def as_utf8(stream: IO[bytes], file: str) -> IO[bytes]:
    return io.BufferedReader(AsUtf8(stream, file), CHUNK)
