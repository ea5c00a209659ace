"""How long the bytes of extracts are kept, and where.

    EXTRACTS_ROOT/                                 those fetched from SOR: the last seven
      coming/                                      under way
      2026-11-23T034502.123456Z/
        Sor_complete.zip
        about.json                                 its address, hash and version
    MEDIA_ROOT/sorimport/<random>/…                those handed in: a month

What a run still needs is never removed. Files of mass updates are evidence and lie elsewhere; they are kept for ever.
"""

import json
import logging
import shutil
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings

from soredi.jobs import State
from sorimport.download import Version
from sorimport.models import ImportRun

logger = logging.getLogger(__name__)

EXTRACTS = 7
UPLOADS = timedelta(days=30)
NEEDED = (State.DRAFT, State.QUEUED, State.RUNNING, State.WAITING)
ABOUT = "about.json"


@dataclass(frozen=True)
class Extract:
    path: Path
    url: str
    sha256: str
    version: Version


def extracts() -> list[Extract]:
    """The extracts fetched from SOR that are still there, the newest first."""
    found = []
    for about in sorted(settings.EXTRACTS_ROOT.glob(f"2*/{ABOUT}"), reverse=True):
        told = json.loads(about.read_text())
        path = about.with_name(told["file"])
        if path.is_file():
            found.append(Extract(path, told["url"], told["sha256"], Version(**told["version"])))
    return found


def coming(name: str) -> Path:
    """Where the file of that name is fetched to."""
    return Path(settings.EXTRACTS_ROOT / "coming" / name)


def keep(file: Path, *, url: str, sha256: str, version: Version) -> Extract:
    """The file that came, under its date; the very same bytes are kept once, by what the server now says of them."""
    for extract in extracts():
        if (extract.url, extract.sha256) == (url, sha256):
            file.unlink()
            _tell(extract.path, url, sha256, version)
            return Extract(extract.path, url, sha256, version)
    _tell(file, url, sha256, version)
    folder = settings.EXTRACTS_ROOT / datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S.%fZ")
    file.parent.rename(folder)
    return Extract(folder / file.name, url, sha256, version)


def _tell(file: Path, url: str, sha256: str, version: Version) -> None:
    about = {"file": file.name, "url": url, "sha256": sha256, "version": asdict(version)}
    draft = file.with_name(f"{ABOUT}.new")
    draft.write_text(json.dumps(about, indent=1))
    draft.replace(file.with_name(ABOUT))


def clean() -> dict[str, int]:
    """Remove what is older than it is kept. Returns how many of each kind."""
    needed = {
        folder
        for paths in ImportRun.objects.filter(state__in=NEEDED).values_list("paths", flat=True)
        for path in paths
        for folder in (Path(path), Path(path).parent)
    }
    before = time.time() - UPLOADS.total_seconds()
    old = {
        "extracts": [extract.path.parent for extract in extracts()[EXTRACTS:]],
        "uploads": [
            folder
            for folder in (settings.MEDIA_ROOT / "sorimport").glob("*/")
            if folder.stat().st_mtime < before
        ],
    }
    removed = {}
    for kind, folders in old.items():
        removed[kind] = sum(_remove(folder) for folder in folders if folder not in needed)
    return removed


def _remove(folder: Path) -> bool:
    try:
        shutil.rmtree(folder)
    except OSError as error:  # no reason to leave the extract of the night aside
        logger.warning("Not removed: %s", error)
        return False
    return True
