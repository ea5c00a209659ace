"""However a location number and an EDI type are written, they mean the same."""

from __future__ import annotations

import pytest

from tests.builders import edi_type, location
from tests.massupdate.running import HEADER, ONE, sets

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "spelt",
    [
        ONE,
        f" {ONE} ",
        "5790 0000 00012",
        "579 0000 0000 12",
        "5790\u00a00000\u00a000012",
        f"\u00a0{ONE}\u00a0",
        "5790\u202f0000\u200900012",
        f"\u200b{ONE}\ufeff",
        f"'{ONE}",
        f'="{ONE}"',
        f'"=""{ONE}"""',
        f'"{ONE}"',
        f'" {ONE}\t"',
        f"\t{ONE}",
    ],
)
def test_what_a_spreadsheet_puts_around_a_location_number_is_not_part_of_it(
    mass_update, number, spelt: str
) -> None:
    number(ONE, "1001")
    answer = mass_update(f"{spelt};1001\r\n{ONE};1002\r\n", "--apply")
    assert (answer.outcome, sets()) == ((0, "done", 1, 1, 1, 0), {ONE: "1001 1002"})


@pytest.mark.parametrize(
    ("spelt", "meant"),
    [
        ("1001", "1001"),
        (" 1001 ", "1001"),
        ("'1001", "1001"),
        ('="1001"', "1001"),
        ('"=""1001"""', "1001"),
        ("DIS91 D9134L", "1001"),
        ("DIS91 (D9134L)", "1001"),
        ("DIS91(D9134L)", "1001"),
        ("dis91 d9134l", "1001"),
        ("dis91 (d9134l)", "1001"),
        ("DIS91   D9134L", "1001"),
        ("DIS91 ( D9134L )", "1001"),
        ("DIS91\u00a0D9134L", "1001"),
        ("\u00a0DIS91 D9134L\u00a0", "1001"),
        ("\u200bDIS91\u2009D9134L", "1001"),
        ("DIS91\tD9134L", "1001"),
        ("'DIS91 D9134L", "1001"),
        ('="DIS91 D9134L"', "1001"),
        ("DIS91", "1001"),
        ("dis91", "1001"),
        ("DIS20", "1002"),  # its other version is retired
        ("DIS20 D2030L", "1006"),
        ("RPT01", "1007"),  # its only version is retired
        ("FDIS91", "FDIS91"),
        ("fdis91", "FDIS91"),
        ("PRE01", "PRE01 LMS016"),
        ("pre01 lms016", "PRE01 LMS016"),
    ],
)
def test_an_edi_type_is_known_by_id_code_or_code_and_version(
    mass_update, number, spelt: str, meant: str
) -> None:
    number(ONE, "1005")
    answer = mass_update(f"{ONE};1005\r\n{ONE};{spelt}\r\n", "--apply", "--accept-warnings")
    assert (answer.errors, answer.outcome) == ([], (0, "done", 1, 1, 1, 0))
    assert sets() == {ONE: " ".join(sorted(["1005", meant]))}


def test_a_code_alone_that_has_no_current_version_and_several_retired_ones_is_ambiguous(
    mass_update, types
) -> None:
    retired = types["1007"].retired_on
    edi_type("RPT01", "R0131K", retired_on=retired)
    location(ONE)
    assert mass_update(f"{ONE};RPT01\r\n").errors == [(2, "ambiguous_edi_type", "RPT01")]


def test_what_an_export_writes_means_that_type_and_no_other(mass_update, types) -> None:
    """A type without SOR id is written as code and version, and that is the code alone where it has no version."""
    retired = types["1007"].retired_on
    old = edi_type("DGOP", "", retired_on=retired)
    edi_type("DGOP", "DGOP1.0")
    plain, later = edi_type("FCTL", ""), edi_type("FCTL", "2.0")
    spaced = edi_type("CDA  X", " 1 ")
    quoted = edi_type('A;"B', "1")
    location(ONE, edi_types=[old, plain, later, spaced, quoted])
    lines = [f"{ONE};{spelt}" for spelt in ("DGOP", "FCTL", "FCTL 2.0", "CDA  X  1", '"A;""B 1"')]
    answer = mass_update("\r\n".join(lines), "--apply")
    assert (answer.errors, answer.warnings, answer.outcome) == ([], [], (0, "done", 1, 0, 0, 0))


def test_an_id_goes_before_a_code_that_is_spelt_alike(mass_update, types) -> None:
    by_code = edi_type("1001", "X")
    location(ONE, edi_types=[by_code])
    answer = mass_update(f"{ONE};1001\r\n{ONE};1001 X\r\n", "--apply")
    assert (answer.errors, sets()) == ([], {ONE: "1001 1001 X"})


def test_two_types_that_are_written_alike_are_ambiguous_rather_than_guessed(mass_update, types) -> None:
    edi_type("1001", "")  # exported as 1001, which is the id of another
    location(ONE)
    assert mass_update(f"{ONE};1001\r\n").errors == [(2, "ambiguous_edi_type", "1001")]
    assert mass_update(f"{ONE};DIS91 D9134L\r\n", "--apply").exit_code == 0


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_delimiter_end_of_line_and_byte_order_mark_are_found(
    mass_update, number, delimiter: str, end: str, start: bytes
) -> None:
    number(ONE, "1001")
    lines = [f"Loknr{delimiter}EdiId", f"{ONE}{delimiter}1001", f'="{ONE}"{delimiter}DIS20 (D2034L)']
    answer = mass_update(start + end.join(lines).encode(), "--apply")
    assert (answer.outcome, sets()) == ((0, "done", 1, 1, 1, 0), {ONE: "1001 1002"})


def test_a_number_with_a_comma_is_told_apart_from_the_delimiter(mass_update, number) -> None:
    number(ONE)
    content = f'Loknr,EdiId\n{ONE},1001\n"5,79E+12",1001\n5.79E+12,1001\n'
    assert mass_update(content.encode()).errors == [
        (3, "excel_number", "5,79E+12"),
        (4, "excel_number", "5.79E+12"),
    ]


@pytest.mark.parametrize(
    "header",
    ["LOKNR;EDIID", "loknr;ediid", " Loknr ; EdiId ", '"Loknr";"EdiId"', "Lok-nr;Edi id", "GLN;EDI-type"],
)
def test_a_header_is_known_in_any_dress(mass_update, number, header: str) -> None:
    number(ONE, "1001")
    answer = mass_update(f"{header}\r\n{ONE};1001\r\n{ONE};1002\r\n".encode(), "--apply")
    assert (answer.outcome, sets()) == ((0, "done", 1, 1, 1, 0), {ONE: "1001 1002"})


def test_columns_may_stand_in_any_order_among_others(mass_update, number) -> None:
    number(ONE, "1001")
    content = (
        f'Bemærkning;EdiId;Enhed;Loknr;\r\n"Kun ""Ærø""; ja";1001;Lægehuset;{ONE};\r\n;1002;;{ONE};x\r\n'
    )
    for encoding in ("utf-8", "utf-8-sig", "cp1252"):
        answer = mass_update(content.encode(encoding), "--apply")
        assert (answer.errors, answer.exit_code, sets()) == ([], 0, {ONE: "1001 1002"})


def test_blank_lines_say_nothing_wherever_they_stand(mass_update, number) -> None:
    number(ONE, "1001")
    for blank in ("", ";", " ; ", '"";""', "\u00a0;"):
        lines = [blank, f"{ONE};1001", blank, f"{ONE};1002", blank, blank, ""]
        answer = mass_update("\r\n".join(lines), "--apply")
        assert (answer.errors, answer.warnings, answer.exit_code) == ([], [], 0), blank
        assert (sets(), answer.summary["locations"]) == ({ONE: "1001 1002"}, 1)
    assert mass_update(f";\r\n\r\n{ONE};77\r\n;\r\n").errors == [(4, "unknown_edi_type", "77")]


def test_a_line_with_a_remark_only_is_not_blank(mass_update, number) -> None:
    number(ONE, "1001")
    content = f"Loknr;EdiId;Note\r\n{ONE};1001;\r\n;;I alt 1\r\n".encode()
    assert mass_update(content).errors == [(3, "malformed_gln", "")]


def test_lines_are_physical_also_below_a_cell_of_two_lines(mass_update, number) -> None:
    number(ONE, "1001")
    content = f'Loknr;EdiId;Note\r\n{ONE};1001;"to\r\nlinjer"\r\n{ONE};77;\r\n'.encode()
    assert mass_update(content).errors == [(4, "unknown_edi_type", "77")]


def test_the_header_that_exports_write_is_the_one_expected_here() -> None:
    from locations.exports import PAIRS_HEADER

    assert HEADER == PAIRS_HEADER + "\r\n"
