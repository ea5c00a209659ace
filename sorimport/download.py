"""An address → a file on disk, over the network as it is: slow, cut off, busy, changed meanwhile.

    ask (If-None-Match, If-Modified-Since) ── 304 ─→ nothing new
      │ 200
      ▼
    <file>.part ── cut off, busy ──→ pause, then ask for the rest (Range, If-Range) ── 206 ─→ go on · 200 ─→ begin anew
      │ as long as the server said
      ▼
    <file>

What stands in the part, and which version of the file it is from, is on disk: a process that is killed is gone on
from by the next one.
"""

import json
import os
import re
import shutil
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    IncompleteRead,
    InvalidHeader,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)
from urllib3.response import BaseHTTPResponse

from soredi.sentences import Sentence
from soredi.tabular import TabularError

CHUNK = 1 << 18  # bytes
MAX_BYTES = 4 << 30  # of one file; Sor_complete.zip has about 100 MB
MAX_SECONDS = 2 * 3600  # for one file, pauses included; an extract is published every night
MAX_PAUSE = 600  # seconds that a server may ask for by Retry-After
CONNECT_TIMEOUT = 15  # seconds
READ_TIMEOUT = 60  # seconds without a byte
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})  # answers that another try may better

# Pauses before the tries: 0, 4, 8, 16 s while somebody waits; for the night on to 256 s, 8½ minutes in all.
PATIENCE = urllib3.Retry(total=4, backoff_factor=2, backoff_max=300)
NIGHT_PATIENCE = PATIENCE.new(total=8)

Report = Callable[[int, int], None]  # bytes done, bytes in all (0 = unknown)


@dataclass(frozen=True)
class Version:
    """How a server names the version of a file that it gave, to ask it for a newer one or for the rest of it."""

    etag: str = ""
    last_modified: str = ""

    @classmethod
    def of(cls, response: BaseHTTPResponse) -> "Version":
        return cls(response.headers.get("ETag", ""), response.headers.get("Last-Modified", ""))

    def unless_same(self) -> dict[str, str]:
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value}

    @property
    def exact(self) -> str:
        """What If-Range takes: a weak ETag names files that are alike, not the same byte for byte."""
        return self.last_modified if self.etag.startswith("W/") else self.etag or self.last_modified


@contextmanager
def fetched(paths: list[str], report: Report = lambda done, total: None) -> Iterator[list[Path]]:
    """`paths` as local files and folders; addresses are downloaded and removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="soredi-") as folder:
        local = []
        for number, path in enumerate(paths):
            if path.startswith(("https://", "http://")):
                target = Path(folder) / str(number) / name_of(path)
                download(path, target, report=report)
                local.append(target)
            else:
                local.append(Path(path))
        yield local


def name_of(url: str) -> str:
    return Path(urllib.parse.unquote(urllib.parse.urlsplit(url).path)).name or "extract"


def download(
    url: str,
    target: Path,
    *,
    known: Version | None = None,
    patience: urllib3.Retry | None = None,
    report: Report = lambda done, total: None,
) -> Version | None:
    """Put the file at `url` where `target` says; returns its version, or None where it is still the `known` one.

    `report` is told now and then how many bytes are there, also in pauses; what it raises ends the download.
    Raises TabularError `not_fetched` when the server does not give the file in as many tries as `patience` has,
    `too_large` and `no_space` where it cannot be kept.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _Part(url, target)
    tries = patience or PATIENCE
    until = time.monotonic() + MAX_SECONDS
    while True:
        response = error = None
        try:
            response = _ask(url, part, known)
            if response.status == 304:
                return None
            if response.status in (200, 206):
                _receive(response, part, until, report)
                return part.finish(target)
            if response.status == 416:  # the file is shorter than our part: it is another one
                part.drop()
            elif response.status not in BUSY:
                raise _refused(url, response.status)
        except HTTPError as cause:
            error = cause.reason if isinstance(cause, MaxRetryError) and cause.reason else cause
        finally:
            if response is not None:
                response.close()
        tries = _next_try(tries, url, response, error)
        _pause(_seconds(tries, url, response), until, url, lambda: report(part.size, part.total))


def _ask(url: str, part: "_Part", known: Version | None) -> BaseHTTPResponse:
    headers = {"User-Agent": "SOR-EDI", "Accept-Encoding": "identity"}
    if part.size and part.version.exact:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": part.version.exact}
    elif known:
        headers |= known.unless_same()
    response = _pool(url).request(
        "GET",
        url,
        headers=headers,
        preload_content=False,
        decode_content=False,
        timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
        # Tries are counted by `download`, for the answer and what follows it alike.
        retries=urllib3.Retry(total=None, connect=0, read=0, status=0, other=0, redirect=5),
    )
    if url.startswith("https://") and (response.geturl() or "").startswith("http://"):
        response.close()
        raise _not_fetched(url, Sentence("it leads on to an address without encryption"))
    return response


def _pool(url: str) -> urllib3.PoolManager:
    """By the proxy that the environment names, as other programs on the machine go."""
    address = urllib.parse.urlsplit(url)
    proxy = urllib.request.getproxies().get(address.scheme)
    if proxy and not urllib.request.proxy_bypass(address.netloc):
        return urllib3.ProxyManager(proxy)
    return urllib3.PoolManager()


class _Unfit(HTTPError):
    """The answer does not go on where the part ends."""


def _receive(response: BaseHTTPResponse, part: "_Part", until: float, report: Report) -> None:
    """Add the body to `part`. Raises HTTPError where it is not whole afterwards."""
    if response.status == 206:
        part.go_on(response)
    else:
        part.begin(response)
    _require_room(part)
    with part.path.open("ab") as file:
        # Whatever has come: with whole chunks a connection that breaks would take what came before with it.
        while chunk := response.read1(CHUNK, decode_content=False):
            file.write(chunk)
            part.size += len(chunk)
            if part.size > MAX_BYTES:
                raise _too_large(part.url)
            report(part.size, part.total)
            _require_time(until, part.url)
        file.flush()
        os.fsync(file.fileno())
    if part.total and part.size != part.total:
        raise IncompleteRead(part.size, part.total - part.size)


def _next_try(
    tries: urllib3.Retry, url: str, response: BaseHTTPResponse | None, error: Exception | None
) -> urllib3.Retry:
    try:
        return tries.increment("GET", url, response=response, error=error)
    except MaxRetryError as last:
        raise _not_fetched(url, _why(response, error)) from last


def _why(response: BaseHTTPResponse | None, error: Exception | None) -> Sentence:
    match error:
        case NameResolutionError():
            return Sentence("there is no server of that name")
        case NewConnectionError() | ConnectTimeoutError():
            return Sentence("the server does not answer")
        case ReadTimeoutError():
            return Sentence("the server sent nothing for %(seconds)s seconds", seconds=READ_TIMEOUT)
        case ProtocolError():
            return Sentence("the connection broke off again and again")
        case None if response is not None:
            return Sentence("the server answered %(status)s", status=response.status)
    return Sentence(str(error))


def _seconds(tries: urllib3.Retry, url: str, response: BaseHTTPResponse | None) -> float:
    """How long to wait before the next try: what the server asks for, else what the number of tries so far says."""
    asked = None
    if response is not None and response.status in tries.RETRY_AFTER_STATUS_CODES:
        try:
            asked = tries.get_retry_after(response)
        except InvalidHeader:
            asked = None
    if asked is not None and asked > MAX_PAUSE:
        raise _not_fetched(
            url, Sentence("the server asks to come back in %(minutes)s minutes", minutes=round(asked / 60))
        )
    return tries.get_backoff_time() if asked is None else asked


def _pause(seconds: float, until: float, url: str, report: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        report()
        time.sleep(min(left, 1))
        _require_time(until, url)


class _Part:
    """What has come of a file so far: `<file>.part`, and beside it which version of the file that is."""

    def __init__(self, url: str, target: Path):
        self.url = url
        self.path = target.with_name(target.name + ".part")
        self.note = target.with_name(target.name + ".part.json")
        self.size, self.total, self.version = 0, 0, Version()
        try:
            noted = json.loads(self.note.read_text())
            if noted["url"] == url:
                self.size, self.total = self.path.stat().st_size, noted["total"]
                self.version = Version(**noted["version"])
        except (OSError, ValueError, KeyError, TypeError):
            self.drop()

    def begin(self, response: BaseHTTPResponse) -> None:
        self.drop()
        length = response.headers.get("Content-Length", "")
        self.total = int(length) if length.isdecimal() else 0
        self.version = Version.of(response)
        self.path.touch()
        noted = {"url": self.url, "total": self.total, "version": asdict(self.version)}
        self.note.write_text(json.dumps(noted))

    def go_on(self, response: BaseHTTPResponse) -> None:
        """Raises _Unfit, and forgets what has come, where the answer is not just the rest of it."""
        given = response.headers.get("Content-Range", "")
        rest = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", given.strip())
        version = Version.of(response)
        if (
            rest is None
            or not self.size
            or int(rest[1]) != self.size
            or (self.total and rest[3] not in ("*", str(self.total)))
            or (version.etag and version.etag != self.version.etag)
            or (version.last_modified and version.last_modified != self.version.last_modified)
        ):
            self.drop()
            raise _Unfit(f"Content-Range: {given}")
        if rest[3] != "*":
            self.total = int(rest[3])

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)
        self.size, self.total, self.version = 0, 0, Version()

    def finish(self, target: Path) -> Version:
        self.path.replace(target)
        self.note.unlink(missing_ok=True)
        return self.version


def _require_room(part: _Part) -> None:
    if part.total > MAX_BYTES:
        raise _too_large(part.url)
    free = shutil.disk_usage(part.path.parent).free
    if part.total - part.size > free:
        raise TabularError(
            name_of(part.url),
            0,
            "no_space",
            Sentence(
                "The file has %(size)s MB; %(free)s MB are free on the disk. Make room and try again.",
                size=part.total >> 20,
                free=free >> 20,
            ),
        )


def _require_time(until: float, url: str) -> None:
    if time.monotonic() > until:
        raise _not_fetched(url, Sentence("it was not there in %(hours)s hours", hours=MAX_SECONDS // 3600))


def _too_large(url: str) -> TabularError:
    return TabularError(
        name_of(url),
        0,
        "too_large",
        Sentence(
            "The file has more than %(limit)s MB, which no extract has. Check the address.",
            limit=MAX_BYTES >> 20,
        ),
    )


def _refused(url: str, status: int) -> TabularError:
    return TabularError(
        name_of(url),
        0,
        "not_fetched",
        Sentence("The server answered %(status)s for %(url)s. Check the address.", status=status, url=url),
    )


def _not_fetched(url: str, why: Sentence) -> TabularError:
    return TabularError(
        name_of(url), 0, "not_fetched", Sentence("Could not be fetched: %(why)s. Try again later.", why=why)
    )
