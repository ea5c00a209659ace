"""Nights on which an extract is published, fetched and kept, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sorimport import keeping, nightly
from sorimport.models import ImportRun
from tests.sorimport.extracts import Files, gln, zipped
from tests.sorimport.publisher import Publisher


def numbers(count: int) -> list[dict[str, str]]:
    return [{"EanLocationCode": gln(n)} for n in range(1, count + 1)]


def packed(files: Files, folder: Path) -> bytes:
    return zipped(files, folder / "packed.zip").read_bytes()


def publish(publisher: Publisher, content: bytes) -> None:
    publisher.content, publisher.etag = content, f'"{hash(content)}"'


def a_night(**options: Any) -> ImportRun:
    """What beat and a worker do."""
    run, _new = nightly.start(**options)
    return ImportRun.run(run.pk, nightly.fetch_and_import)


def kept_files() -> list[Path]:
    return [found.path for found in keeping.extracts()]
