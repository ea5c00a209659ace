"""Whatever is handed in is planned, or refused with a reason; it never breaks, and it never changes anything."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.builders import location
from tests.massupdate.running import ONE, TWO, run, sets
from tests.workbooks import workbook

pytestmark = pytest.mark.django_db

HEADERS = [
    b"Loknr;EdiId\r\n",
    b"Loknr,EdiId\n",
    b"\xef\xbb\xbfLoknr\tEdiId\r\n",
    b'Note;EdiId;"Loknr"\n',
    b"EdiId;Loknr;;\r\n",
]
USUAL = [ONE, TWO, "1001", "DIS91", "REF06", "5,79E+12", "", " ", "æ", "\u00a0", "9" * 400]
TRAPS = [
    '"',
    '""',
    '"a""b"',
    '"\n"',
    "'",
    "=",
    '="',
    "(",
    "\r",
    "\t",
    ",",
    ";",
    "\\",
    "\\.",
    "\\N",
    "%s",
    "{0}",
]
UNICODE = ["\ufeff", "\x1a", "\x85", "\u2028", "\u200b", "\U0001f4ec", "٥" * 13, "𝟝" * 13, "ß", "ŉ"]
CELL = st.one_of(
    st.sampled_from(USUAL), st.sampled_from(TRAPS), st.sampled_from(UNICODE), st.text(max_size=6)
)


@st.composite
def table(draw: Any) -> bytes:
    """Rows of cells, joined as in a file and not quoted as they should be."""
    rows = draw(st.lists(st.lists(CELL, max_size=4), max_size=6))
    end, delimiter = draw(st.sampled_from(["\n", "\r\n", "\r"])), draw(st.sampled_from(";,\t"))
    text: str = end.join(delimiter.join(row) for row in rows)
    return text.encode(draw(st.sampled_from(["utf-8", "cp1252"])), "replace")


XML_CELL = st.one_of(
    st.sampled_from([*USUAL, "Loknr", "EdiId"]),
    st.integers(-3, 10**18),
    st.floats(),
    st.booleans(),
    st.none(),
)


@st.composite
def any_workbook(draw: Any) -> bytes:
    """A sheet of any cells, below the header or not; at times with some of its bytes changed."""
    rows = draw(st.lists(st.lists(XML_CELL, max_size=3), max_size=4))
    header = draw(st.sampled_from([("Loknr", "EdiId"), ("EdiId", None, "Loknr"), ()]))
    cells = [[None if isinstance(c, float) and not math.isfinite(c) else c for c in row] for row in rows]
    book = bytearray(workbook({"Ark1": [header, *cells]}))
    for _time in range(draw(st.sampled_from([0, 0, 1, 3]))):
        book[draw(st.integers(0, len(book) - 1))] = draw(st.integers(0, 255))
    return bytes(book)


UTF16 = table().map(lambda content: ("\ufeffLoknr;EdiId\n" + content.decode("latin-1")).encode("utf-16-le"))
BELOW = st.one_of(st.binary(max_size=60), table())
FILE = st.one_of(
    st.binary(max_size=60),
    st.tuples(st.sampled_from(HEADERS), BELOW).map(b"".join),
    st.tuples(
        st.sampled_from([b"PK\3\4", b"\xff\xfe", b"\xfe\xff", b"\xd0\xcf\x11\xe0"]), st.binary(max_size=80)
    ).map(b"".join),
    UTF16,
    any_workbook(),
)
HEAD = HEADERS[0]
WIDE = b"Loknr;EdiId" + b";n" * 398


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(content=FILE)
@example(content=b"Loknr;EdiId" + b";" * 2000 + b"\r\n")  # more columns than a table may have
@example(content=WIDE + b"\r\n" + ONE.encode() + b";1001" + b";yyyyy" * 398)
@example(content=WIDE + b"\r\n" + ONE.encode() + b";1001" + (b";" + b"y" * 5000) * 398)
@example(content=WIDE + b"\r\n" + b";" * 399)
@example(content=HEAD + b"x" * 200_000 + b";1\r\n")
@example(content=HEAD + b'"' + b"x\r\n" * 60 + b";1\r\n")
@example(content=HEAD + b"\\.\r\n1;2\r\n")  # the end of data to an older COPY
@example(content=HEAD + b"\xc2\x85;\xe2\x80\xa8\r\n")  # ends of line to some readers of the summary
@example(content=HEAD + ONE.encode() + b";1001\r\n\x1a")
def test_any_bytes_are_planned_or_refused(tmp_path: Path, types: dict[str, Any], content: bytes) -> None:
    with transaction.atomic():  # each example from the same start
        location(ONE, edi_types=[types["1001"]])
        location(TWO)
        answer = run(tmp_path / "any.csv", content)
        after = sets()
        transaction.set_rollback(True)
    assert after == {ONE: "1001", TWO: ""}
    assert (answer.exit_code, answer.summary["state"]) in [(0, "draft"), (1, "refused")]
    assert bool(answer.errors) == (answer.exit_code == 1)
    assert all(finding["message"] for finding in answer.summary["errors"] + answer.summary["warnings"])
    lines = max(content.count(b"\n") + 1, 5)  # of a workbook, its rows
    assert {line for line, *_rest in answer.errors + answer.warnings} <= set(range(lines + 1))
