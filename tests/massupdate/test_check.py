"""What is wrong with a line, and what is only worth a second look: each with its line and value."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from locations.models import ChangeSet, EdiType
from locations.models.change import Source
from massupdate.codes import CODES
from tests.builders import edi_type, location, unused_gln, user
from tests.massupdate.running import FIVE, FOUR, NOBODYS, ONE, THREE, TWO, sets

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("line", "code", "value"),
    [
        (f"{NOBODYS};1001", "unknown_location", NOBODYS),
        ("5790000000099;1001", "check_digit", "5790000000099"),
        ("579000000001;1001", "malformed_gln", "579000000001"),
        ("57900000000120;1001", "malformed_gln", "57900000000120"),
        ("579000000001X;1001", "malformed_gln", "579000000001X"),
        ("٥٧٩٠٠٠٠٠٠٠٠١٢;1001", "malformed_gln", "٥٧٩٠٠٠٠٠٠٠٠١٢"),
        ("Søndergade;1001", "malformed_gln", "Søndergade"),
        (";1001", "malformed_gln", ""),
        ("5,79E+12;1001", "excel_number", "5,79E+12"),
        ("5.79e12;1001", "excel_number", "5.79e12"),
        ("6E+12;1001", "excel_number", "6E+12"),
        (f"{ONE};9999", "unknown_edi_type", "9999"),
        (f"{ONE};DIS91 D9999L", "unknown_edi_type", "DIS91 D9999L"),
        (f"{ONE};1,00E+03", "unknown_edi_type", "1,00E+03"),
        (f"{ONE};REF06", "ambiguous_edi_type", "REF06"),
        (f"{ONE};ref06", "ambiguous_edi_type", "ref06"),
        (ONE, "wrong_columns", ONE),
        (f"{ONE};1001;1002", "wrong_columns", f"{ONE};1001;1002"),
        (f'"{ONE};1001', "wrong_columns", f'"{ONE};1001'),
    ],
)
def test_an_error_names_its_line_and_value_and_nothing_is_applied(
    mass_update, number, line: str, code: str, value: str
) -> None:
    number(ONE, "1001")
    number(TWO, "1001")
    answer = mass_update(f"{TWO};1002\r\n{line}\r\n{TWO};1003\r\n", "--apply", "--accept-warnings")
    assert answer.errors == [(3, code, value)]
    assert (answer.exit_code, answer.summary["state"], answer.summary["change_set"]) == (1, "refused", None)
    assert sets() == {ONE: "1001", TWO: "1001"}
    assert not ChangeSet.objects.exclude(source=Source.IMPORT).exists()


def test_all_errors_of_a_file_are_named_each_at_its_own_line(mass_update, number) -> None:
    number(ONE)
    answer = mass_update(
        f"{ONE};1001\r\n{NOBODYS};77\r\n\r\n{ONE};REF06\r\nx;REF06\r\n{NOBODYS};\r\n5,79E+12;\r\n"
    )
    assert answer.errors == [
        (3, "unknown_location", NOBODYS),
        (3, "unknown_edi_type", "77"),
        (5, "ambiguous_edi_type", "REF06"),
        (6, "malformed_gln", "x"),
        (6, "ambiguous_edi_type", "REF06"),
        (7, "unknown_location", NOBODYS),
        (8, "excel_number", "5,79E+12"),
    ]
    messages = {error["code"]: error["message"] for error in answer.summary["errors"]}
    assert messages == {code: str(CODES[code]) for code in messages}


def test_the_same_error_on_two_lines_is_named_at_each_once(mass_update, number) -> None:
    number(ONE)
    answer = mass_update(f'{ONE};77\r\n{ONE};77\r\n"";1001\r\n;1001\r\n"";77\r\n')
    assert answer.errors == [
        (2, "unknown_edi_type", "77"),
        (3, "unknown_edi_type", "77"),
        (4, "malformed_gln", ""),
        (5, "malformed_gln", ""),
        (6, "malformed_gln", ""),
        (6, "unknown_edi_type", "77"),
    ]


def test_a_number_that_we_hold_is_used_although_its_check_digit_is_wrong(mass_update, number) -> None:
    number("5790000000099", "1001")
    answer = mass_update("5790000000099;1002\r\n5790000000099;1001\r\n", "--apply")
    assert answer.outcome == (0, "done", 1, 1, 1, 0)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to_date": YESTERDAY}, "closed"),
        ({"inactive": True}, "inactive"),
        ({"to_date": YESTERDAY, "inactive": True}, "closed"),
    ],
)
def test_a_closed_or_inactive_number_stops_only_where_the_file_would_change_it(
    mass_update, number, fields, code: str
) -> None:
    number(ONE, "1001 1002", **fields)
    number(TWO, "", **fields)
    number(THREE, "1001")
    same = f"{ONE};1002\r\n{ONE};1001\r\n{TWO};\r\n{THREE};1001\r\n"
    answer = mass_update(same, "--apply")
    assert (answer.errors, answer.warnings, answer.outcome) == ([], [], (0, "done", 3, 0, 0, 0))
    answer = mass_update(
        f"{ONE};1002\r\n{THREE};1001\r\n{ONE};1001\r\n{ONE};1003\r\n{TWO};1001\r\n", "--apply"
    )
    assert answer.errors == [(line, code, gln) for line, gln in [(2, ONE), (4, ONE), (5, ONE), (6, TWO)]]
    assert sets() == {ONE: "1001 1002", TWO: "", THREE: "1001"}


@pytest.mark.parametrize(
    "fields", [{"to_date": TODAY}, {"first_from_date": TOMORROW}, {"only_internal": True}]
)
def test_a_number_may_be_changed_to_its_last_day_and_before_its_first(mass_update, number, fields) -> None:
    number(ONE, "1001", **fields)
    assert mass_update(f"{ONE};1001\r\n{ONE};1002\r\n", "--apply").outcome == (0, "done", 1, 1, 1, 0)


def test_of_a_closed_number_with_an_unreadable_type_only_the_type_is_an_error(mass_update, number) -> None:
    """Whether the file would change it cannot be told."""
    number(ONE, "1001 1002 1003", to_date=YESTERDAY)
    number(TWO, "1001 1002 1003")
    answer = mass_update(f"{ONE};1001\r\n{ONE};DIS2O\r\n{TWO};REF06\r\n")
    assert answer.errors == [(3, "unknown_edi_type", "DIS2O"), (4, "ambiguous_edi_type", "REF06")]
    assert answer.warnings == []


def test_lines_that_say_a_pair_again_are_warned_of_in_whatever_spelling(mass_update, number) -> None:
    number(ONE, "1001")
    number(TWO, "1001")
    answer = mass_update(
        f"{ONE};1001\r\n{TWO};1001\r\n{ONE};1002\r\n{ONE};dis91 (D9134L)\r\n'{ONE};1001\r\n{ONE};1003\r\n"
    )
    assert answer.warnings == [
        (5, "duplicate_line", f"{ONE};dis91 (D9134L)"),
        (6, "duplicate_line", f"{ONE};1001"),
    ]
    assert answer.outcome == (0, "draft", 2, 1, 2, 0)


def test_an_ambiguous_code_is_no_duplicate_of_one_of_its_versions(mass_update, number) -> None:
    number(ONE, "1003")
    answer = mass_update(f"{ONE};1003\r\n{ONE};REF06\r\n{ONE};1004\r\n{ONE};REF06\r\n")
    assert answer.errors == [(3, "ambiguous_edi_type", "REF06"), (5, "ambiguous_edi_type", "REF06")]
    assert answer.warnings == []


@pytest.mark.parametrize("empty", ["", " ", "\u00a0", '""', "'", '="" '])
def test_an_empty_type_says_that_the_number_shall_have_none(mass_update, number, empty: str) -> None:
    number(ONE, "1001 1002")
    number(TWO)
    number(THREE, "1001")
    answer = mass_update(f"{TWO};{empty}\r\n{ONE};{empty}\r\n", "--apply")
    assert answer.warnings == [(3, "removes_all", ONE)]
    assert (answer.outcome, sets()[ONE]) == ((1, "draft", 2, 1, 0, 2), "1001 1002")
    answer = mass_update(f"{TWO};{empty}\r\n{ONE};{empty}\r\n", "--apply", "--accept-warnings")
    assert answer.outcome == (0, "done", 2, 1, 0, 2)
    assert sets() == {ONE: "", TWO: "", THREE: "1001"}


@pytest.mark.parametrize("empty", ["", " ", '""'])
def test_an_empty_type_beside_others_adds_nothing(mass_update, number, empty: str) -> None:
    number(ONE, "1001")
    number(TWO)
    answer = mass_update(f"{ONE};{empty}\r\n{ONE};1001\r\n{TWO};{empty}\r\n{TWO};{empty}\r\n")
    cell = empty.strip(chr(34))
    assert answer.warnings == [(2, "duplicate_line", f"{ONE};{cell}"), (5, "duplicate_line", f"{TWO};{cell}")]
    assert answer.outcome == (0, "draft", 2, 0, 0, 0)


def test_empty_types_in_two_spellings_are_the_same(mass_update, number) -> None:
    number(ONE)
    number(TWO)
    answer = mass_update(f'{ONE};\r\n{TWO};""\r\n{ONE};""\r\n')
    assert answer.warnings == [(4, "duplicate_line", f"{ONE};")]


@pytest.mark.parametrize(
    ("before", "after", "warned"),
    [
        ("1001 1002 1003 1005", "1001 1002", []),  # just half
        ("1001 1002 1003 1005", "1001 1004", ["large_loss"]),
        ("1001 1002 1003", "1001", ["large_loss"]),
        ("1001 1002", "1001", []),
        ("1001", "1002", ["large_loss"]),  # all of those it had
        ("1001 1002 1003", "1001 1002 1003 1005", []),
        ("1001", "", ["removes_all"]),
        ("", "1001", []),
        ("", "", []),
    ],
)
def test_a_number_that_loses_more_than_half_is_warned_of_at_its_first_line(
    mass_update, number, before: str, after: str, warned: list[str]
) -> None:
    number(ONE, before)
    number(TWO, "1001")
    lines = "".join(f"{ONE};{sor_id}\r\n" for sor_id in after.split() or [""])
    answer = mass_update(f"{TWO};1001\r\n{lines}")
    assert answer.warnings == [(3, code, ONE) for code in warned]
    assert answer.errors == []


def test_a_retired_type_is_warned_of_where_it_is_added_and_nowhere_else(mass_update, number) -> None:
    number(ONE, "1006")
    number(TWO, "1001 1006")
    number(THREE, "1001 1007")
    answer = mass_update(
        f"{ONE};1006\r\n{TWO};1001\r\n{TWO};1006\r\n{TWO};1005\r\n{THREE};1001\r\n{THREE};1006\r\n{THREE};1007\r\n"
    )
    assert answer.warnings == [(7, "retired_edi_type", f"{THREE};1006")]


def test_a_type_is_retired_from_the_day_itself(mass_update, number) -> None:
    edi_type("TODAY", "1", sor_id="2001", retired_on=TODAY)
    edi_type("TOMORROW", "1", sor_id="2002", retired_on=TOMORROW)
    number(ONE)
    answer = mass_update(f"{ONE};2001\r\n{ONE};2002\r\n")
    assert answer.warnings == [(2, "retired_edi_type", f"{ONE};2001")]


def test_two_versions_of_a_type_are_warned_of_where_the_file_brings_them_together(
    mass_update, number
) -> None:
    number(ONE, "1003")
    number(TWO, "1003 1004")
    number(THREE, "1003 1004")
    number(FOUR)
    number(FIVE, "1003")
    answer = mass_update(
        f"{ONE};1004\r\n{ONE};1003\r\n"
        f"{TWO};1003\r\n{TWO};1004\r\n"  # had both
        f"{THREE};1003\r\n{THREE};1004\r\n{THREE};1001\r\n"  # had both and gets another
        f"{FOUR};1003\r\n{FOUR};1004\r\n"
        f"{FIVE};1004\r\n{FIVE};1005\r\n{FIVE};1001\r\n"  # one for the other
    )
    assert answer.warnings == [
        (2, "two_versions", f"{ONE};1004"),
        (10, "two_versions", f"{FOUR};1004"),
        (11, "large_loss", FIVE),
    ]


def test_of_three_versions_each_later_one_is_named_once(mass_update, types) -> None:
    third = edi_type("REF06", "H0632R", sor_id="2003")
    location(ONE)
    location(TWO, edi_types=[types["1003"], types["1004"]])
    answer = mass_update(
        f"{ONE};1003\r\n{ONE};1004\r\n{ONE};2003\r\n{TWO};1003\r\n{TWO};1004\r\n{TWO};{third.sor_id}\r\n"
    )
    assert answer.warnings == [
        (3, "two_versions", f"{ONE};1004"),
        (4, "two_versions", f"{ONE};2003"),
        (7, "two_versions", f"{TWO};2003"),
    ]


def test_a_line_may_have_several_warnings(mass_update, number) -> None:
    number(ONE, "1001")
    number(TWO, "1002")
    answer = mass_update(f"{ONE};1006\r\n{ONE};DIS20\r\n{ONE};1006\r\n{TWO};1002\r\n")
    assert answer.warnings == [
        (2, "large_loss", ONE),
        (2, "retired_edi_type", f"{ONE};1006"),
        (3, "two_versions", f"{ONE};DIS20"),
        (4, "retired_edi_type", f"{ONE};1006"),
        (4, "duplicate_line", f"{ONE};1006"),
    ]


def test_versions_and_retirement_do_not_matter_on_numbers_that_stay_as_they_are(
    mass_update, types: dict[str, EdiType]
) -> None:
    location(ONE, edi_types=[types[key] for key in ("1002", "1003", "1004", "1006", "1007")])
    answer = mass_update("".join(f"{ONE};{key}\r\n" for key in ("1007", "1006", "1004", "1003", "1002")))
    assert (answer.outcome, answer.warnings) == ((0, "draft", 1, 0, 0, 0), [])


def test_more_than_a_fifth_of_ones_numbers_is_a_warning_of_the_whole_file(mass_update, number) -> None:
    """Of one's own, and not where they fit one page of the preview."""
    user("anna", administrators=["102"])
    mine = [number(unused_gln(), "1001").gln for _n in range(52)]
    number(ONE, "1001", edi_administrator="116")

    def adding(count: int) -> str:
        return "".join(f"{gln};1001\r\n{gln};1005\r\n" for gln in mine[:count])

    assert mass_update(adding(50), "--user", "anna").warnings == []
    answer = mass_update(adding(51), "--user", "anna")
    assert answer.warnings == [(0, "many_numbers", "51 / 52")]
    assert mass_update(adding(51), "--apply", "--accept-warnings").outcome[:2] == (0, "done")
    assert mass_update(adding(52), "--user", "anna").warnings == [], "most of them change nothing any more"
