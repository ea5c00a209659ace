"""A CSV file is read as it was meant, whatever wrote it; what cannot be read is named by its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from soredi.csvlines import Undecodable
from soredi.headers import MAX_COLUMNS
from soredi.tabular import Loaded, TabularError, load, read_header

pytestmark = pytest.mark.django_db

ALIASES = {"gln": "gln", "loknr": "gln", "ediid": "edi", "navn": "name", "c": "c"}
Rows = list[tuple[int, str | None, str | None]]


def read(
    data: bytes, *, limit: int = 100, columns: str = "gln, edi", undecodable: Undecodable = "file"
) -> tuple[Loaded, Rows]:
    """What `load` says, and (line, gln, edi) of each row that it put into the table."""

    def stream() -> io.BytesIO:
        return io.BytesIO(data)

    header = read_header(stream(), "a.csv", ALIASES, undecodable)
    loaded = load(
        stream, file="a.csv", table="raw_test", header=header, bad_limit=limit, undecodable=undecodable
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT line, {columns} FROM raw_test ORDER BY line")
        rows = cursor.fetchall()
    assert loaded.rows == len(rows)
    return loaded, rows


def bad(loaded: Loaded) -> list[tuple[int, str]]:
    return [(row.line, row.code) for row in loaded.bad]


def refusal(data: bytes, **options: Any) -> tuple[int, str]:
    with pytest.raises(TabularError) as error:
        read(data, **options)
    assert str(error.value).startswith("a.csv")
    return error.value.line, error.value.code


HEAD = b"Loknr;EdiId\r\n"


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"1;a\r\n2;b\r\n", [(2, "1", "a"), (3, "2", "b")]),
        (b"1;a\r\n2;b", [(2, "1", "a"), (3, "2", "b")]),
        (b"1;a\n2;b\n", [(2, "1", "a"), (3, "2", "b")]),
        (b"1;a\r\n2;b\n3;c\r\n", [(2, "1", "a"), (3, "2", "b"), (4, "3", "c")]),
        (b"1;a\n2;b\r\n3;c", [(2, "1", "a"), (3, "2", "b"), (4, "3", "c")]),
        (b'"1";"a;b"\r\n', [(2, "1", "a;b")]),
        (b'1;"say ""hi"""\r\n', [(2, "1", 'say "hi"')]),
        (b'1;"two\r\nlines"\r\n2;b\r\n', [(2, "1", "two\r\nlines"), (4, "2", "b")]),
        (b'1;"two\nlines"\r\n\r\n2;b\r\n', [(2, "1", "two\nlines"), (5, "2", "b")]),
        (b'1;"a\rb"\n\n2;b\n', [(2, "1", "a\rb"), (4, "2", "b")]),
        (b"1;\r\n;b\r\n", [(2, "1", None), (3, None, "b")]),
        (b"1;a\r\n\r\n\r\n2;b\r\n\r\n", [(2, "1", "a"), (5, "2", "b")]),
        (b"1;a;;\r\n2;b;\r\n", [(2, "1", "a"), (3, "2", "b")]),
        (b"1;a\r\n\\.\r\n2;b\r\n", [(2, "1", "a"), (4, "2", "b")]),
        (b'1;\\N\r\n"\\.";b\r\n', [(2, "1", "\\N"), (3, "\\.", "b")]),
        (b"1; a \r\n", [(2, "1", " a ")]),
    ],
)
def test_rows_carry_their_physical_line(body: bytes, rows: Rows) -> None:
    assert read(HEAD + body)[1] == rows


@pytest.mark.parametrize(
    ("body", "rows", "wrong"),
    [
        (b'1;a"\r\n2;b\r\n3;c\r\n', [(3, "2", "b"), (4, "3", "c")], [(2, "stray_quote")]),
        (b'1;"a\r\n2;b\r\n3;c', [(3, "2", "b"), (4, "3", "c")], [(2, "stray_quote")]),
        # Two strays, an even number of quotes: what stands between them must not vanish.
        (
            b'1;a"\r\n2;b\r\n3;c"\r\n4;d\r\n',
            [(3, "2", "b"), (5, "4", "d")],
            [(2, "stray_quote"), (4, "stray_quote")],
        ),
        (
            b'1"x;a\r\n2;b\r\n3"y;c\r\n',
            [(3, "2", "b")],
            [(2, "stray_quote"), (4, "stray_quote")],
        ),
        # A stray quote does not spoil the quoted line break after it.
        (
            b'1;a"\r\n2;b\r\n3;"c\r\nd"\r\n4;e\r\n',
            [(3, "2", "b"), (4, "3", "c\r\nd"), (6, "4", "e")],
            [(2, "stray_quote")],
        ),
        # Nor does it end with the quote that begins the field of another row.
        (b'1;"a\r\n2;"c\r\nd"\r\n3;e\r\n', [(3, "2", "c\r\nd"), (5, "3", "e")], [(2, "stray_quote")]),
        (b"1;a;x\r\n2\r\n3;c\r\n", [(4, "3", "c")], [(2, "ragged_row"), (3, "ragged_row")]),
        (b"1;a\rb\r\n2;b\r\n", [(3, "2", "b")], [(2, "ragged_row")]),
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_the_others_are_read(
    body: bytes, rows: Rows, wrong: list[tuple[int, str]]
) -> None:
    loaded, read_rows = read(HEAD + body)
    assert (read_rows, bad(loaded)) == (rows, wrong)


def test_a_row_that_is_left_out_keeps_its_whole_text() -> None:
    long = "x" * 300
    (row,) = read(HEAD + f"1;a;{long}\r\n2;b\r\n".encode())[0].bad
    assert (row.value, row.text) == (f"1;a;{long}"[:120], f"1;a;{long}")


def test_a_quote_that_is_never_closed_costs_one_row_of_many() -> None:
    body = b"".join(b"%d;x\r\n" % n for n in range(500))
    loaded, rows = read(HEAD + body.replace(b"\r\n100;x", b'\r\n"100;x'))
    assert (len(rows), bad(loaded)) == (499, [(102, "stray_quote")])


def test_too_many_rows_that_cannot_be_read_stop_the_file() -> None:
    assert refusal(HEAD + b"1\r\n2\r\n3\r\n4;d\r\n", limit=2) == (2, "too_many_bad_rows")
    assert len(read(HEAD + b"1\r\n2\r\n3\r\n4;d\r\n", limit=3)[0].bad) == 3


@pytest.mark.parametrize(
    ("data", "encoding", "name"),
    [
        ("Loknr;EdiId\nÆrø;é\n".encode(), "UTF8", "Ærø"),
        ("\ufeffLoknr;EdiId\nÆrø;é\n".encode(), "UTF8", "Ærø"),
        ("Loknr;EdiId\nÆrø;é\n".encode("cp1252"), "WIN1252", "Ærø"),
        ("Loknr;EdiId;Bemærkning\nÆrø;é;\n".encode("cp1252"), "WIN1252", "Ærø"),
        ("Loknr;EdiId\n€ – Århus;x\n".encode("cp1252"), "WIN1252", "€ – Århus"),
        # Found to be CP1252 only beyond the first chunk.
        (b"Loknr;EdiId\n" + b"1;x\n" * 100_000 + "Ærø;é\n".encode("cp1252"), "WIN1252", "Ærø"),
    ],
)
def test_the_encoding_is_found(data: bytes, encoding: str, name: str) -> None:
    loaded, rows = read(data)
    assert (loaded.encoding, rows[-1][1]) == (encoding, name)


def test_a_ragged_row_before_the_first_danish_letter_does_not_settle_the_encoding() -> None:
    loaded, rows = read(HEAD + b"0\r\n" + b"1;x\r\n" * 100_000 + "Ærø;é\r\n".encode("cp1252"))
    assert (rows[-1], bad(loaded)) == ((100_003, "Ærø", "é"), [(2, "ragged_row")])


def test_rows_between_two_stray_quotes_are_not_one_long_field() -> None:
    rows = b'1;a;x;"y\r\n2;b;x;y\r\n3;c;x;y"\r\n4;d;"x\r\nx";y\r\n'
    loaded, found = read(b"Loknr;EdiId;Navn;C\r\n" + rows)
    assert found == [(3, "2", "b"), (5, "4", "d")]
    assert bad(loaded) == [(2, "stray_quote"), (4, "stray_quote")]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("Loknr;EdiId\n1;a\n".encode("utf-16"), 1),
        ("Loknr;EdiId\n1;a\n".encode("utf-16-be"), 1),
        (b"Loknr;EdiId\n1;a\n2;\0\n", 3),
        (b"Loknr;EdiId\n" + b"1;a\n" * 40_000 + b"2;\0\n", 40_002),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 3),
        (b"Loknr;EdiId\n1;\x81\n", 2),  # no character in CP1252
        (b"Loknr;EdiId\n1;\xc3\xa6\n2;b\n3;\xe6\n", 4),  # UTF-8 first, CP1252 after
        (b"Loknr;EdiId\n1;\xe6\n2;b\n3;\xc3\xa6\n", 4),  # the other way round
    ],
)
def test_what_is_no_text_is_refused_with_its_line(data: bytes, line: int) -> None:
    assert refusal(data) == (line, "not_text")


@pytest.mark.parametrize(
    ("body", "encoding", "rows", "wrong"),
    [
        (b"1;a\n2;\0\n3;c\n", "UTF8", [(2, "1", "a"), (4, "3", "c")], [(3, "2;?")]),
        # One line in the other encoding, before and after those that are right.
        ("1;æ\n~2;å\n3;ø\n", "UTF8", [(2, "1", "æ"), (4, "3", "ø")], [(3, "2;å")]),
        ("~1;å\n2;æ\n3;ø\n", "UTF8", [(3, "2", "æ"), (4, "3", "ø")], [(2, "1;å")]),
        ("~1;æ\n2;å\n~3;ø\n", "WIN1252", [(2, "1", "æ"), (4, "3", "ø")], [(3, "2;å")]),
        ("1;å\n~2;æ\n~3;ø\n", "WIN1252", [(3, "2", "æ"), (4, "3", "ø")], [(2, "1;å")]),
        # A NUL beside it leaves the encoding to be found.
        ("~1;æ\n2;\0\n~3;ø\n", "WIN1252", [(2, "1", "æ"), (4, "3", "ø")], [(3, "2;?")]),
        (b"1;\xe6\n2;\x81\n", "WIN1252", [(2, "1", "æ")], [(3, "2;\ufffd")]),
        # The row, whichever of its lines it stands in.
        (b'1;"a\n\0\nb"\n2;b\n', "UTF8", [(5, "2", "b")], [(2, '1;"a\n?\nb"')]),
        (b'1;"a\0\n2;b\n', "UTF8", [(3, "2", "b")], [(2, '1;"a?')]),
        (b"\0\n2;b\n\0", "UTF8", [(3, "2", "b")], [(2, "?"), (4, "?")]),
    ],
)
def test_what_is_no_text_costs_its_own_row_where_the_caller_wants_the_rest(
    body: bytes | str, encoding: str, rows: Rows, wrong: list[tuple[int, str]]
) -> None:
    lines = body.splitlines(keepends=True) if isinstance(body, str) else []
    data = b"".join(x[1:].encode("cp1252") if x[0] == "~" else x.encode() for x in lines) or body
    assert isinstance(data, bytes)
    loaded, found = read(b"Loknr;EdiId\n" + data, undecodable="row")
    assert (loaded.encoding, found) == (encoding, rows)
    assert [(row.line, row.code, row.text) for row in loaded.bad] == [(n, "not_text", t) for n, t in wrong]


def test_more_rows_of_no_text_than_the_limit_and_a_header_of_none_stop_the_file_all_the_same() -> None:
    assert refusal(HEAD + b"1;\0\n" * 3, limit=2, undecodable="row") == (2, "too_many_bad_rows")
    assert refusal("Loknr;EdiId\n1;a\n".encode("utf-16"), undecodable="row") == (1, "not_text")
    assert refusal("Loknr;EdiId\n1;a\n".encode("utf-16-be"), undecodable="row") == (1, "not_text")


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\r\n\r\n", b"  \n"])
def test_an_empty_file_is_said_to_be_empty(data: bytes) -> None:
    assert refusal(data)[1] == "empty_file"


@pytest.mark.parametrize("data", [b"Loknr;EdiId", b"Loknr;EdiId\r\n", b"\xef\xbb\xbfLoknr;EdiId\n"])
def test_a_header_alone_has_no_rows(data: bytes) -> None:
    assert read(data)[1] == []


@pytest.mark.parametrize(
    "header",
    [
        "LOKNR;EDIID",
        "gln,Edi-Id",
        "Lok_nr\tEDI id",
        '"Loknr";"EdiId"',
        " Loknr ; EdiId ",
        "\ufeffLoknr;EdiId",
    ],
)
def test_a_header_is_known_by_its_letters_and_digits(header: str) -> None:
    delimiter = next(mark for mark in ";,\t" if mark in header)
    assert read(f"{header}\r\n1{delimiter}a\r\n".encode())[1] == [(2, "1", "a")]


def test_of_two_columns_of_one_name_the_first_counts_and_unknown_ones_are_listed() -> None:
    loaded, rows = read(b"EdiId;Ukendt;Loknr;GLN;;Ukendt\r\na;x;1;2;y;z\r\n")
    assert rows == [(2, "1", "a")]
    assert loaded.ignored == ["Ukendt", "GLN", "", "Ukendt"]


def test_a_header_that_cannot_be_read_is_refused_not_broken() -> None:
    assert refusal(b"Loknr;EdiId\r1;a\r2;b\r") == (1, "not_text")
    assert refusal(b'Loknr;EdiId;"' + b"x" * 70_000 + b"\n") == (1, "not_text")


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    rows=st.lists(st.tuples(WORDS.filter(bool), WORDS), min_size=1, max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
    delimiter=st.sampled_from(";,\t"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    bom=st.booleans(),
    cut=st.booleans(),
)
@example(rows=[("\r", "")], end="\n", delimiter=";", quoting=csv.QUOTE_ALL, bom=False, cut=False)
@example(rows=[("a", 'b\n"')] * 2, end="\r\n", delimiter=";", quoting=csv.QUOTE_ALL, bom=True, cut=True)
def test_what_a_csv_writer_writes_is_read_as_it_was(
    rows: list[tuple[str, str]], end: str, delimiter: str, quoting: Any, bom: bool, cut: bool
) -> None:
    # Python's own writer leaves a bare carriage return unquoted; nothing could read that back.
    quoting = csv.QUOTE_ALL if any("\r" in value for row in rows for value in row) else quoting
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([("Loknr", "EdiId"), *rows])
    text = written.getvalue()[: -len(end)] if cut else written.getvalue()
    loaded, found = read(text.encode("utf-8-sig" if bom else "utf-8"))
    assert (loaded.bad, [(gln, edi or "") for _line, gln, edi in found]) == ([], rows)
    assert [line for line, *_ in found] == list(lines_of(rows))


def lines_of(rows: Iterable[tuple[str, str]]) -> Iterable[int]:
    line = 2
    for row in rows:
        yield line
        line += 1 + sum(value.count("\n") for value in row)


def test_more_columns_than_a_row_can_hold_are_no_header() -> None:
    line = ";".join(f"c{number}" for number in range(MAX_COLUMNS + 1)).encode()
    with pytest.raises(TabularError) as error:
        read_header(io.BytesIO(line), "wide.csv", {})
    assert (error.value.code, error.value.line) == ("wrong_columns", 1)
    assert len(read_header(io.BytesIO(line.rpartition(b";")[0]), "wide.csv", {}).found) == MAX_COLUMNS
