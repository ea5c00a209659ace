"""The rows that an import leaves out: each is a problem with its file and line, and too many of them fail the run."""

from collections import Counter

from django.db import connection

from soredi.sentences import Sentence
from soredi.tabular import TabularError
from sorimport.columns import KINDS
from sorimport.models import ImportRun, Problem
from sorimport.staged import BAD_ROWS, BAD_SHARE, Staged

# Problems whose row was left out; the others are flags on rows that were kept. A row that stands twice loses nothing.
LEFT_OUT = [
    "bad_period", "edi_type_clash", "malformed_code", "malformed_gln", "malformed_sor_id", "ragged_row", "stray_quote",
    "two_units", "unknown_edi_type", "unknown_kind", "unknown_location",
]  # fmt: skip

_OF_READERS = """
INSERT INTO sorimport_problem (run_id, file, line, code, value)
SELECT %(run)s, file, line, code, left(value, 200) FROM stage_problem ORDER BY file, line
"""

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
                        message=Problem(code=code).message(),
                    ),
                )
