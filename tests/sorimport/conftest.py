"""Where extracts of a test lie, and who publishes them. Django's modules are imported when it is set up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "extract"


@pytest.fixture
def night(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder of its own, and pauses as short as a test's."""
    from sorimport import download, nightly

    settings.EXTRACTS_ROOT = tmp_path / "extracts"
    settings.MEDIA_ROOT = tmp_path / "files"
    quick = download.PATIENCE.new(total=2, backoff_factor=0.01)
    monkeypatch.setattr(nightly, "NIGHT_PATIENCE", quick)
    monkeypatch.setattr(nightly, "PATIENCE", quick)


@pytest.fixture
def publisher(settings: Any, tmp_path: Path) -> Any:
    from tests.sorimport.extracts import extract
    from tests.sorimport.nights import numbers, packed
    from tests.sorimport.publisher import publishing

    with publishing(packed(extract(numbers(10)), tmp_path)) as publisher:
        settings.SOR_BASE_URL = publisher.url + "/"
        yield publisher
