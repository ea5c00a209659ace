"""Files that cannot be used as a whole: one error, with the line where it shows, and nothing else is said."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from massupdate import read
from massupdate.models import MassUpdate
from tests.massupdate.running import ONE, TWO, sets

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("content", "line", "code", "named"),
    [
        (b"", 0, "empty_file", ""),
        (b"\xef\xbb\xbf", 0, "empty_file", ""),
        (b"\r\n \r\n", 0, "empty_file", ""),
        (b"Loknr;EdiId", 1, "empty_file", ""),
        (b"Loknr;EdiId\r\n", 1, "empty_file", ""),
        (b"\xef\xbb\xbfLoknr;EdiId\r\n\r\n\r\n", 1, "empty_file", ""),
        (b"Loknr;EdiId\r\n;\r\n;\r\n", 1, "empty_file", ""),
        (f"Loknr;EdiId\r\n{ONE};1002\r\n".encode("utf-16") + b"\0", 3, "not_text", ""),
        (f"Loknr;EdiId\r\n{ONE};\0\r\n".encode("utf-16"), 2, "not_text", ""),
        (f"Loknr;EdiId\r\n{ONE};1002\r\n".encode("utf-16-be"), 1, "not_text", ""),
        (f"Loknr;EdiId\r\n{ONE};1002\r\n{ONE};\0\r\n".encode(), 3, "not_text", ""),
        (f"Loknr;EdiId\r\n{ONE};1002\r\n{ONE};\x81\r\n".encode("latin-1"), 3, "not_text", ""),
        (f"Loknr;EdiId\r\n{ONE};\u00e6\r\n".encode() + b"1;\xe6\r\n", 3, "not_text", ""),
        (b"PK\x03\x04\x14\x00\x06\x00", 0, "not_text", "Excel-projektmappe"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), 0, "not_text", "adgangskode"),
        (
            f"Loknr;Edi\r\n{ONE};1002\r\n".encode(),
            1,
            "wrong_columns",
            "Kolonnen EdiId mangler; fundet: Loknr, Edi.",
        ),
        (
            f"Nummer,EdiId\r\n{ONE},1002\r\n".encode(),
            1,
            "wrong_columns",
            "Kolonnen Loknr mangler; fundet: Nummer, EdiId.",
        ),
        (
            f"{ONE};1002\r\n".encode(),
            1,
            "wrong_columns",
            f"Kolonnerne Loknr og EdiId mangler; fundet: {ONE}, 1002.",
        ),
        (b"Loknr\r\n", 1, "wrong_columns", "EdiId"),
        (b"\r\nLoknr;EdiId\r\n", 2, "empty_file", ""),
    ],
)
def test_a_file_that_is_no_mass_update_is_refused_with_one_error(
    mass_update, number, content: bytes, line: int, code: str, named: str
) -> None:
    """The message of the whole is that of the error too."""
    number(ONE, "1001")
    answer = mass_update(content, "--apply", "--accept-warnings")
    message = answer.summary["message"]
    (error,) = answer.summary["errors"]
    assert (error["line"], error["code"], error["message"]) == (line, code, message)
    assert message and named in message and error["value"] in message
    assert answer.outcome == (1, "refused", 0, 0, 0, 0)
    assert (answer.summary["change_set"], answer.warnings, sets()) == (None, [], {ONE: "1001"})


def test_a_file_with_too_many_lines_is_refused_at_the_first_one_too_many(
    mass_update, number, monkeypatch: pytest.MonkeyPatch
) -> None:
    number(ONE, "1001")
    monkeypatch.setattr(read, "MAX_LINES", 2)
    assert mass_update(f"\r\n{ONE};1001\r\n{ONE};1002\r\n", "--apply").outcome == (0, "done", 1, 1, 1, 0)
    answer = mass_update(f"{ONE};1001\r\n{ONE};1003\r\n;\r\n{ONE};1005\r\n", "--apply")
    assert (answer.errors, answer.exit_code) == ([(5, "too_large", "")], 1)
    assert "3" in answer.summary["message"] and "2" in answer.summary["message"]
    assert sets() == {ONE: "1001 1002"}


def test_a_file_with_too_many_bytes_is_not_even_opened(
    mass_update, number, monkeypatch: pytest.MonkeyPatch
) -> None:
    number(ONE, "1001")
    content = f"Loknr;EdiId\r\n{ONE};1002\r\n".encode()
    monkeypatch.setattr(read, "MAX_BYTES", len(content))
    assert mass_update(content).errors == []
    answer = mass_update(content + b"\n")
    assert answer.errors == [(0, "too_large", "")]


def test_the_limits_are_those_that_the_guide_promises() -> None:
    assert (read.MAX_LINES, read.MAX_BYTES) == (1_500_000, 100_000_000)


def test_unreadable_lines_are_named_each_up_to_a_thousand(
    mass_update, number, monkeypatch: pytest.MonkeyPatch
) -> None:
    number(ONE, "1001")
    number(TWO, "1001")
    monkeypatch.setattr(read, "BAD_LINES", 2)
    bad = f"{ONE}\r\n{TWO};1002\r\n{ONE};1;2\r\n"
    answer = mass_update(bad)
    assert answer.errors == [(2, "wrong_columns", ONE), (4, "wrong_columns", f"{ONE};1;2")]
    answer = mass_update(bad + "x\r\n")
    assert answer.errors == [(2, "wrong_columns", "")]
    assert "3" in answer.summary["message"] and ONE in answer.summary["message"]


def test_the_file_is_kept_as_it_was_handed_in(mass_update, number, kept_files: Path) -> None:
    number(ONE, "1001")
    contents = [f"Loknr;EdiId\r\n{ONE};1002\r\n".encode(), b"no mass update", b"\xff\xfe\0"]
    for content in contents:
        mass_update(content, name="Årets ændringer.csv")
    kept = MassUpdate.objects.order_by("pk")
    assert [(one.name, one.size, one.sha256) for one in kept] == [
        ("Årets ændringer.csv", len(content), hashlib.sha256(content).hexdigest()) for content in contents
    ]
    assert [Path(one.file.path).read_bytes() for one in kept] == contents
    assert {Path(one.file.path).is_relative_to(kept_files) for one in kept} == {True}
