"""What was found in a file: by sort, by line, and all of it as CSV."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Count, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from massupdate.codes import CODES
from massupdate.models import Finding, MassUpdate
from soredi.spreadsheet import CHUNK, csv_chunks, guarded

EXAMPLES = 10  # lines of each sort of warning that a page shows


@dataclass
class Group:
    """All findings of one code: what it means, what to do, how many lines, and the first of them."""

    code: str
    meaning: str
    cure: str
    lines: int
    examples: list[Finding] = field(default_factory=list)


def groups(update: MassUpdate, *, is_error: bool) -> list[Group]:
    """The findings of `update` by code, the most frequent first. One query."""
    found = (
        update.findings.filter(is_error=is_error).order_by("code").values("code").annotate(lines=Count("pk"))
    )
    return sorted(
        (
            Group(row["code"], str(CODES[row["code"]].meaning), str(CODES[row["code"]].cure), row["lines"])
            for row in found
        ),
        key=lambda group: (-group.lines, group.code),
    )


def with_examples(update: MassUpdate, found: list[Group]) -> list[Group]:
    """`found` with the first lines of each. One query, one pass over the findings."""
    by_code = {group.code: group for group in found}
    numbered = update.findings.filter(code__in=by_code).annotate(
        place=Window(RowNumber(), partition_by=["code"], order_by=["line", "id"])
    )
    for finding in numbered.filter(place__lte=EXAMPLES).order_by("line", "id"):
        by_code[finding.code].examples.append(finding)
    return found


def as_csv(update: MassUpdate) -> Iterator[bytes]:
    """UTF-8 with BOM, CRLF, semicolons: line, error or warning, value, what is wrong, code; in the file's order."""
    names = {True: _("error"), False: _("warning")}
    messages = {code: str(message) for code, message in CODES.items()}
    rows = update.findings.values_list("line", "is_error", "value", "code", "detail").iterator(
        chunk_size=CHUNK
    )
    header = [_("Line"), _("Sort"), _("Value"), _("What is wrong, and what to do"), _("Code")]
    return csv_chunks(
        header,
        (
            [line, names[error], guarded(value), str(detail or messages[code]), code]
            for line, error, value, code, detail in rows
        ),
    )
