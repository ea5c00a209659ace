"""What an import met in the files: by kind with the first lines of each, and all of it as CSV."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from soredi.spreadsheet import CHUNK, csv_chunks, guarded
from sorimport.models import MESSAGES, ImportRun, Problem

EXAMPLES = 10  # lines of each kind that a page shows


@dataclass
class Group:
    """All problems of one code: what it means and what was done, how many rows, and the first of them."""

    code: str
    message: Any
    rows: int
    examples: list[Problem] = field(default_factory=list)

    @property
    def more(self) -> int:
        return self.rows - len(self.examples)


def groups(run: ImportRun) -> list[Group]:
    """The problems of `run` by code, the most frequent first. One query, one pass over the problems."""
    numbered = run.problems.annotate(
        rows=Window(Count("pk"), partition_by=[F("code")]),
        rank=Window(RowNumber(), partition_by=[F("code")], order_by=["id"]),
    )
    found: dict[str, Group] = {}
    for problem in numbered.filter(rank__lte=EXAMPLES).order_by("id"):
        code = problem.code
        group = found.setdefault(code, Group(code, MESSAGES.get(code, code), problem.rows))
        group.examples.append(problem)
    return sorted(found.values(), key=lambda group: (-group.rows, group.code))


def as_csv(run: ImportRun) -> Iterator[bytes]:
    """One line a problem, in the order found: file, line, value, what is wrong and what was done, code."""
    messages = {code: str(message) for code, message in MESSAGES.items()}
    header = [_("File"), _("Line"), _("Value"), _("What is wrong, and what was done"), _("Code")]
    rows = run.problems.values_list("file", "line", "value", "code").iterator(chunk_size=CHUNK)
    return csv_chunks(
        header,
        (
            [guarded(file), line or "", guarded(value), messages.get(code, code), code]
            for file, line, value, code in rows
        ),
    )
