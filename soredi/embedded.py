"""The PostgreSQL and Valkey that SOR-EDI runs itself when DATABASE_URL is not set."""

import hashlib
import os
import tempfile
from pathlib import Path

SOCKET_FOLDER_LIMIT = 85


def run_folder(data: Path) -> Path:
    """The folder of the two sockets; depends on nothing but `data`, so that settings can name it."""
    folder = data / "run"
    if len(os.fsencode(folder)) <= SOCKET_FOLDER_LIMIT:
        return folder
    key = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"soredi-{key}"


def database(data: Path) -> dict[str, str]:
    """The entry of DATABASES for the PostgreSQL of `data`."""
    return {"ENGINE": "soredi.db", "NAME": "soredi", "USER": "soredi", "HOST": str(run_folder(data))}


def valkey_url(data: Path, number: int = 0) -> str:
    """The address of database `number` (0 to 63) in the Valkey of `data`."""
    return f"unix://{run_folder(data)}/valkey.sock?db={number}"


def ensure(data: Path) -> None:
    """Placeholder of the start, filled below."""
