"""What every test of mass updates starts from: a small code list, location numbers, and the command."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from locations.models import EdiType, LocationNumber
    from tests.massupdate.running import Answer, Run


@pytest.fixture(autouse=True)
def kept_files(settings: Any, tmp_path: Path) -> Path:
    """Where uploaded files go during a test."""
    settings.MEDIA_ROOT = tmp_path / "kept"
    return tmp_path / "kept"


@pytest.fixture
def mass_update(db: None, tmp_path: Path) -> Run:
    """Run `manage.py mass_update` on a file with these lines below the usual header, or with these bytes."""
    from tests.massupdate.running import run

    def command(content: str | bytes, *options: str, name: str = "mine.csv") -> Answer:
        return run(tmp_path / name, content, *options)

    return command


@pytest.fixture
def types(db: None) -> dict[str, EdiType]:
    """A small code list by SOR id, or by code and version where SOR has none; 1006 and 1007 are retired."""
    from django.utils import timezone

    from tests.builders import edi_type

    retired = partial(edi_type, retired_on=timezone.localdate() - timedelta(days=1))
    rows = [
        edi_type("DIS91", "D9134L", sor_id="1001"),
        edi_type("DIS20", "D2034L", sor_id="1002"),
        edi_type("REF06", "H0630R", sor_id="1003"),
        edi_type("REF06", "H0631R", sor_id="1004"),
        edi_type("CTL01", "C0130Q", sor_id="1005"),
        retired("DIS20", "D2030L", sor_id="1006"),
        retired("RPT01", "R0130K", sor_id="1007"),
        edi_type("PRE01", "LMS016"),
        edi_type("FDIS91", ""),
    ]
    return {row.sor_id or str(row): row for row in rows}


@pytest.fixture
def number(types: dict[str, EdiType]) -> Callable[..., LocationNumber]:
    """Make the location number `gln` with the EDI types of these SOR ids."""
    from tests.builders import location

    def make(gln: str, sor_ids: str = "", **fields: Any) -> LocationNumber:
        return location(gln, edi_types=[types[sor_id] for sor_id in sor_ids.split()], **fields)

    return make
