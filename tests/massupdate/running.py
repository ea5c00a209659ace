"""Mass updates as an operator runs them: a file, the real command, and what it answers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management import call_command

from locations.models import EdiType, LocationNumber

# Five location numbers with right check digits, and one that nobody holds.
ONE, TWO, THREE, FOUR, FIVE = (
    "5790000000012",
    "5790000000029",
    "5790000000036",
    "5790000000043",
    "5790000000050",
)
NOBODYS = "5790000000098"
HEADER = "Loknr;EdiId\r\n"


@dataclass(frozen=True)
class Answer:
    """How the command ended and what it said; findings as (line, code, value)."""

    exit_code: int
    summary: dict[str, Any]

    @property
    def errors(self) -> list[tuple[int, str, str]]:
        return _brief(self.summary["errors"])

    @property
    def warnings(self) -> list[tuple[int, str, str]]:
        return _brief(self.summary["warnings"])

    @property
    def outcome(self) -> tuple[int, str, int, int, int, int]:
        """Exit code, state, and how many location numbers, changed ones, added and removed EDI types."""
        s = self.summary
        return self.exit_code, s["state"], s["locations"], s["changed"], s["added"], s["removed"]


Run = Callable[..., Answer]


def _brief(findings: list[dict[str, Any]]) -> list[tuple[int, str, str]]:
    return [(finding["line"], finding["code"], finding["value"]) for finding in findings]


def run(path: Path, content: str | bytes, *options: str) -> Answer:
    """Write `content` to `path` (text goes below the usual header) and hand the file to the command."""
    path.write_bytes(content if isinstance(content, bytes) else (HEADER + content).encode())
    out = io.StringIO()
    code: Any = 0
    try:
        call_command("mass_update", str(path), *options, stdout=out)
    except SystemExit as ended:
        code = ended.code
    return Answer(code, json.loads(out.getvalue().splitlines()[-1]))


def sets() -> dict[str, str]:
    """The EDI types of each location number, as SOR ids, or as code and version where SOR has none."""
    spelt = {row.pk: row.sor_id or str(row) for row in EdiType.objects.all()}
    return {
        row.gln: " ".join(sorted(spelt[key] for key in row.edi_types)) for row in LocationNumber.objects.all()
    }
