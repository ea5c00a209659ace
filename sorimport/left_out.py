"""The rows that an import leaves out: each is a problem with its file and line, and too many of them fail the run.

What a row that could not be read was about is not known for sure. `left_out_key(kind, key)` holds every number that
stands in it, so that nothing it may have been about is closed or loses EDI types for its want; a null key means that no
number stands in it, so that it may have been about anything.
"""

import re
from collections import Counter
from collections.abc import Iterator

from django.db import connection
from django.utils.translation import override

from soredi.sentences import Sentence
from soredi.tabular import TabularError
from sorimport.columns import KINDS, LOCATIONS, PAIRS
from sorimport.models import MESSAGES, ImportRun, Problem
from sorimport.staged import BAD_ROWS, BAD_SHARE, Staged

# Problems whose row was left out; the others are flags on rows that were kept. A row that stands twice loses nothing.
LEFT_OUT = [
    "bad_date", "bad_flag", "bad_period", "edi_type_clash", "malformed_code", "malformed_gln", "malformed_sor_id",
    "not_text", "ragged_row", "stray_quote", "two_units", "unknown_edi_type", "unknown_kind", "unknown_location",
]  # fmt: skip

_OF_READERS = """
INSERT INTO sorimport_problem (run_id, file, line, code, value)
SELECT %(run)s, file, line, code, left(value, 200) FROM stage_problem ORDER BY file, line
"""

_KEYS = "CREATE UNLOGGED TABLE staging.left_out_key (kind text, key text)"
_NUMBER = {LOCATIONS.name: re.compile(r"\d{13}"), PAIRS.name: re.compile(r"\d{13}")}  # of units: any digits

# One row for each file. A number that pairs name in vain counts once, however many its pairs.
_COUNT = """
SELECT file, count(DISTINCT line), min(line), (array_agg(code ORDER BY line, id))[1]
FROM sorimport_problem WHERE run_id = %(run)s AND code = ANY (%(left_out)s) GROUP BY file
"""


def keep_problems(*, run: ImportRun, staged: Staged) -> None:
    """Write what the readers of the files had to say of single rows."""
    Problem.objects.bulk_create(
        (
            Problem(run=run, file=file, line=row.line, code=row.code, value=row.value)
            for file, row in staged.bad
        ),
        batch_size=5000,
    )
    with connection.cursor() as cursor:
        cursor.execute(_OF_READERS, {"run": run.pk})
        cursor.execute(_KEYS)
        with cursor.copy("COPY left_out_key FROM STDIN") as copy:
            for key in _keys(staged):
                copy.write_row(key)
        cursor.execute("ANALYZE left_out_key")


def _keys(staged: Staged) -> Iterator[tuple[str, str | None]]:
    kinds = {file: kind for kind, file in staged.files.items()}
    for file, row in staged.bad:
        kind = kinds.get(file, "")
        found = re.findall(_NUMBER.get(kind, r"\d{1,18}"), row.text or row.value)
        yield from ((kind, key) for key in found or (None,))


def require_few_left_out(*, run: ImportRun, staged: Staged) -> None:
    """Raises TabularError for a file of which more than BAD_ROWS rows, and more than one in BAD_SHARE, is left out.

    A run with force goes on.
    """
    if run.force:
        return
    rows = Counter(file for file, _row in staged.bad)
    for kind in KINDS:
        if staged.has(kind):
            rows[staged.files[kind.name]] += staged.rows[kind.name]
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"run": run.pk, "left_out": LEFT_OUT})
        for file, count, line, code in cursor.fetchall():
            if count > max(BAD_ROWS, rows[file] // BAD_SHARE):
                raise TabularError(
                    file,
                    line,
                    "too_many_left_out",
                    Sentence(
                        "%(count)s of %(rows)s rows cannot be imported, this is the first: %(message)s Nothing was "
                        "changed. Fetch the file again or have it corrected; import_sor --force goes on all the same.",
                        count=count,
                        rows=rows[file],
                        message=_meaning(code),
                    ),
                )


def _meaning(code: str) -> Sentence:
    """What a problem means, still to be translated for whoever reads it."""
    with override("en"):
        return Sentence(str(MESSAGES[code]))
