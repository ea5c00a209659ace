"""A web server on this machine that publishes an extract as servers do on their bad days."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Request"], None]


@dataclass
class Publisher:
    """`content` under `etag`; `bad_days` are answers that come first, one a request; `asked` notes all headers."""

    content: bytes = b""
    etag: str = '"one"'
    last_modified: str = "Mon, 02 Nov 2026 03:00:00 GMT"
    bad_days: list[Answer] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    @property
    def conditions(self) -> list[dict[str, str]]:
        """Of each request, what it said of versions and ranges."""
        names = ("If-None-Match", "If-Modified-Since", "Range", "If-Range")
        return [{name: headers[name] for name in names if name in headers} for headers in self.asked]


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    publisher: Publisher

    def do_GET(self) -> None:
        self.publisher.asked.append(dict(self.headers.items()))
        answer = self.publisher.bad_days.pop(0) if self.publisher.bad_days else well
        answer(self)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def head(self, status: int, **headers: Any) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value not in ("", None):
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def version(self) -> dict[str, str]:
        return {"ETag": self.publisher.etag, "Last_Modified": self.publisher.last_modified}

    def break_off(self) -> None:
        self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of clients that give up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def well(request: Request) -> None:
    """200, 206 for the rest, 304 for what is known: as the standard has it."""
    publisher = request.publisher
    content, headers = publisher.content, request.headers
    if headers.get("If-None-Match") == publisher.etag:
        return request.head(304, **request.version())
    whole = "Range" not in headers or headers["If-Range"] not in (publisher.etag, publisher.last_modified)
    if whole:
        request.head(200, Content_Length=len(content), **request.version())
        request.wfile.write(content)
        return None
    first = int(headers["Range"].removeprefix("bytes=").removesuffix("-"))
    if first >= len(content):
        return request.head(416, Content_Range=f"bytes */{len(content)}", Content_Length=0)
    rest = content[first:]
    place = f"bytes {first}-{len(content) - 1}/{len(content)}"
    request.head(206, Content_Length=len(rest), Content_Range=place, **request.version())
    request.wfile.write(rest)
    return None


def cut_off(after: int) -> Answer:
    """Promises all there is left and sends `after` bytes of it."""

    def answer(request: Request) -> None:
        content = request.publisher.content
        first = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if first:
            place = f"bytes {first}-{len(content) - 1}/{len(content)}"
            request.head(206, Content_Length=len(content) - first, Content_Range=place, **request.version())
        else:
            request.head(200, Content_Length=len(content), **request.version())
        request.wfile.write(content[first : first + after])
        request.break_off()

    return answer


def says(status: int, **headers: Any) -> Answer:
    return lambda request: request.head(status, **{"Content_Length": 0} | headers)


def ignores_range(request: Request) -> None:
    request.head(200, Content_Length=len(request.publisher.content), **request.version())
    request.wfile.write(request.publisher.content)


def wrong_place(request: Request) -> None:
    """Answers with another part than was asked for."""
    content = request.publisher.content
    request.head(206, Content_Length=len(content), Content_Range=f"bytes 0-{len(content) - 1}/{len(content)}")
    request.wfile.write(content)


def slowly(pieces: int, pause: float) -> Answer:
    def answer(request: Request) -> None:
        content = request.publisher.content
        request.head(200, Content_Length=len(content), **request.version())
        step = len(content) // pieces + 1
        for start in range(0, len(content), step):
            request.wfile.write(content[start : start + step])
            request.wfile.flush()
            time.sleep(pause)

    return answer


def in_chunks(request: Request) -> None:
    """Without saying the length beforehand."""
    request.head(200, Transfer_Encoding="chunked", **request.version())
    content = request.publisher.content
    for start in range(0, len(content), 5000):
        piece = content[start : start + 5000]
        request.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    request.wfile.write(b"0\r\n\r\n")


def another_version(content: bytes, etag: str) -> Answer:
    """Publishes something else, and answers with that."""

    def answer(request: Request) -> None:
        request.publisher.content, request.publisher.etag = content, etag
        well(request)

    return answer


@contextmanager
def publishing(content: bytes, *bad_days: Answer, **options: Any) -> Iterator[Publisher]:
    publisher = Publisher(content, bad_days=list(bad_days), **options)
    handler = type("Handler", (Request,), {"publisher": publisher})
    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    publisher.url = f"http://127.0.0.1:{server.server_port}/data"
    try:
        yield publisher
    finally:
        server.shutdown()
        server.server_close()
