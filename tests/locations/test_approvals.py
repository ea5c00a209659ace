"""MedCom's sheet of approvals: each oddity it has had, and what a second sheet changes."""

import io
import json
from datetime import date

import builders
import pytest
import xlsxwriter
from django.core.management import CommandError, call_command

from locations.approvals.actions import accept, drop, hand_in
from locations.approvals.compare import compare
from locations.approvals.read import Problem, is_usual, read
from locations.certification import list_in_force
from locations.models import Approval, ApprovalList
from soredi.jobs import Refused
from soredi.tabular import TabularError
from tests.workbooks import SHEET, replaced, with_far_corners, workbook

HEADER = "System;Leverandør;Systemtype;Standard;Standard ID (Version);Kanal;Teststatus"
LATER = "System;Leverandør;Systemtype / Oversigt;Standard;Standard ID (Version);Kanal;Teststatus"


def row(
    system="Clinea (LPS)",
    message="DIS91 (D9134L)",
    status="Godkendt",
    channel="Modtage",
    system_type="Lægesystemer",
):
    return [system, "EG", system_type, "Korrespondancebrev", message, channel, status]


def as_csv(*rows, header=HEADER):
    return "\r\n".join([header, *(";".join(f'"{cell}"' for cell in row) for row in rows)]).encode()


def as_xlsx(*rows, header=HEADER, above=0):
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        page = book.add_worksheet()
        for at, cells in enumerate([header.split(";"), *rows], above):
            page.write_row(at, 0, cells)
    return file.getvalue()


def said(sheet):
    """(line, system, message, channel, status) of each row that is used."""
    return [(r.line, r.system, r.message, r.channel, r.status) for r in sheet.rows]


@pytest.mark.parametrize("written", [as_csv, as_xlsx])
@pytest.mark.parametrize("header", [HEADER, LATER])
def test_a_header_is_found_exactly_or_by_how_it_begins(written, header):
    sheet = read(written(row(), header=header), name="ark")
    assert [vars(r) for r in sheet.rows] == [
        {
            "line": 2,
            "system": "Clinea (LPS)",
            "vendor": "EG",
            "system_type": "Lægesystemer",
            "standard": "Korrespondancebrev",
            "message": "DIS91 (D9134L)",
            "code": "DIS91",
            "version": "D9134L",
            "channel": "receive",
            "status": "certified",
        }
    ]
    assert (sheet.problems, sheet.read, sheet.duplicates) == ([], 1, 0)


def test_columns_may_stand_in_any_order_with_others_between_and_rows_above():
    header = "Teststatus 2026,Bemærkning,Systemtype / Oversigt,Kanal,Standard ID,Systemnavn"
    file = f"MedComs godkendte systemer,,,,,\n\n{header}\nTester,,Apotek,Sende,PRE01 (LMS016),Pharmanet\n"
    sheet = read(b"\xef\xbb\xbf" + file.encode(), name="ark")
    assert said(sheet) == [(4, "Pharmanet", "PRE01 (LMS016)", "send", "in_test")]
    assert sheet.rows[0].system_type == "Apotek"
    assert said(read(as_xlsx(row(), above=3), name="ark")) == [
        (5, "Clinea (LPS)", "DIS91 (D9134L)", "receive", "certified")
    ]


def test_older_windows_files_are_read():
    assert (
        read(as_csv(row("Sårjournal")).decode().encode("cp1252"), name="ark").rows[0].system == "Sårjournal"
    )


def test_equal_rows_are_counted_once_and_the_first_is_kept():
    """Only those equal in all columns: the same approval under another type of system is a row of its own."""
    sheet = read(as_csv(row(), row(), row(system_type="Specialsystemer"), row()), name="ark")
    assert [r.line for r in sheet.rows] == [2, 4]
    assert (sheet.read, sheet.duplicates) == (4, 2)


def test_products_are_told_apart_by_what_stands_behind_their_names():
    names = ["Clinea", "Clinea (LPS)", "Clinea [LPS]", "Clinea [Privath.]", "Clinea (PAS)"]
    assert [r.system for r in read(as_csv(*map(row, names)), name="ark").rows] == names


@pytest.mark.parametrize(
    "message",
    [
        "DIS91_x000D_\n(D9134L)",
        "DIS91 (D9134L)_x000D_\n",
        "DIS91\r\n(D9134L)",
        "\nDIS91  ( D9134L )",
        "DIS91(D9134L)",
        "DIS91 (D91_x000D_\r\n34L)",
        "DIS91 (D9134L)_x000D_\nDIS91 (D9134L)",
    ],
)
@pytest.mark.parametrize("written", [as_csv, as_xlsx])
def test_line_breaks_in_an_id_are_none_of_it(written, message):
    found = read(written(row(message=message), row("Næste")), name="ark").rows
    assert [(r.code, r.version, r.message) for r in found] == [("DIS91", "D9134L", "DIS91 (D9134L)")] * 2
    assert found[1].line == (3 if written is as_xlsx else 3 + message.replace("\r\n", "\n").count("\n"))


@pytest.mark.parametrize(
    ("message", "code", "version"),
    [
        ("FMK (1.4.4.E2)", "FMK", "1.4.4.E2"),
        ("APD-DK (2.0.1)", "APD-DK", "2.0.1"),
        ("HospitalNotification (3.0.0)", "HospitalNotification", "3.0.0"),
        ("DGOP (DGOP1.0)", "DGOP", "DGOP1.0"),
        ("DIS91", "", ""),
        ("DIS91 (D9134L) DIS91 (D9133L)", "", ""),
        ("(D9134L)", "", ""),
        ("DIS91 ()", "", ""),
    ],
)
def test_ids_that_are_made_otherwise_are_kept_and_listed(message, code, version):
    sheet = read(as_csv(row(message=message)), name="ark")
    assert [(r.message, r.code, r.version) for r in sheet.rows] == [(message, code, version)]
    assert sheet.problems == ([] if code else [Problem(2, "malformed_message", message)])
    assert not is_usual(message)


def test_rows_that_are_not_understood_are_left_out_and_named_by_line():
    sheet = read(
        as_csv(
            row(),
            row(status="Måske"),
            row(channel="Brevdue"),
            row(system=""),
            row(message=""),
            ["", "", "", "", "", "", ""],
            row(status="ikke godkendt", channel="SENDE"),
        ),
        name="ark",
    )
    assert said(sheet) == [
        (2, "Clinea (LPS)", "DIS91 (D9134L)", "receive", "certified"),
        (8, "Clinea (LPS)", "DIS91 (D9134L)", "send", "refused"),
    ]
    assert [(problem.line, problem.code) for problem in sheet.problems] == [
        (3, "unknown_status"),
        (4, "unknown_channel"),
        (5, "no_system"),
        (6, "no_message"),
    ]
    assert (sheet.problems[0].value, sheet.problems[1].value, sheet.read) == ("Måske", "Brevdue", 6)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (b"", "empty_file"),
        (b"\r\n;;\r\n", "empty_file"),
        (HEADER.encode(), "empty_file"),
        (b"System;Kanal;Teststatus\r\nA;Modtage;Godkendt", "wrong_columns"),
        (b"Systemtype;Standard;Kanal;Teststatus\r\nA;B;Modtage;Godkendt", "wrong_columns"),
        (b"\0\1\2", "not_text"),
        (b"PK\3\4 no workbook", "not_text"),
        (replaced(workbook([]), SHEET, b"<worksheet><sheetData><row"), "not_text"),
        (with_far_corners(), "too_large"),
        (b"x" * 10_000_001, "too_large"),
    ],
)
def test_a_file_that_is_no_sheet_of_approvals_is_refused(file, code):
    with pytest.raises(TabularError) as refused:
        read(file, name="ark")
    assert refused.value.code == code


@pytest.mark.django_db
def test_keys_and_their_answers_are_counted():
    rows = [
        row(),
        row(),  # duplicate
        row(system_type="Specialsystemer"),
        row(status="Tester"),  # approved and tested: approved
        row("B", status="Godkendt"),
        row("B", status="Ikke Godkendt"),  # unclear
        row("C", status="Ikke Godkendt"),
        row("D", status="Tester"),
        row("E", status="Test mangler"),  # a key of its own, with no answer yet
        row("F", channel="Sende"),  # no key: it is not received
        row("G", "DIS91"),
        row("H", status="?"),
    ]
    kept = hand_in(file=as_xlsx(*rows), name="ark.xlsx", dated=date(2026, 5, 1), by=None)
    assert kept.counts == {
        "rows": 12,
        "duplicates": 1,
        "keys": 6,
        "certified": 2,
        "in_test": 1,
        "refused": 1,
        "conflicting": 1,
        "problems": 2,
    }
    assert kept.problems == [
        {"line": 12, "code": "malformed_message", "value": "DIS91"},
        {"line": 13, "code": "unknown_status", "value": "?"},
    ]
    assert Approval.objects.count() == 10


@pytest.mark.django_db
def test_a_second_sheet_is_compared_with_the_first_and_takes_nothing_away_silently():
    anna = builders.user("anna", staff=True)
    first = as_csv(
        row(),
        row(message="REF01 (H0131R)"),
        row("Novax", status="Tester"),
        row("Cosmic", channel="Sende"),
        row("Cosmic", message="REF01 (H0131R)", status="Tester"),
    )
    second = as_csv(
        row(system_type="Nyt navn"),
        row(message="REF01 (H0131R)", status="Ikke Godkendt"),
        row("Novax"),
        row("Cosmic", message="REF01 (H0131R)", status="Tester"),
        row("Ny"),
    )
    before = accept(hand_in(file=first, name="1.csv", dated=date(2026, 1, 1), by=anna), by=anna)
    after = hand_in(file=second, name="2.csv", dated=date(2026, 2, 1), by=anna)
    comparison = compare(after)
    assert comparison.former == before
    assert [tuple(difference) for difference in comparison.differences] == [
        ("Clinea (LPS)", "REF01 (H0131R)", "receive", "certified", "refused", 3, 3),
        ("Cosmic", "DIS91 (D9134L)", "send", "certified", None, 5, None),
        ("Novax", "DIS91 (D9134L)", "receive", "in_test", "certified", 4, 4),
        ("Ny", "DIS91 (D9134L)", "receive", None, "certified", None, 6),
    ]
    assert [difference.kind for difference in comparison.differences] == ["changed", "gone", "changed", "new"]
    with pytest.raises(Refused, match="Cosmic"):
        accept(after, by=anna, ticked=["Clinea (LPS)"])
    assert list_in_force(date(2026, 3, 1)) == before
    accepted = accept(after, by=anna, ticked=["Clinea (LPS)", "Cosmic"])
    assert (list_in_force(date(2026, 3, 1)), accepted.accepted_by) == (after, anna)
    assert compare(accepted) == comparison
    with pytest.raises(Refused):
        accept(after, by=anna, ticked=None)


@pytest.mark.django_db
def test_the_same_sheet_again_is_the_list_that_is_there():
    file = as_csv(row())
    one = hand_in(file=file, name="1.csv", dated=date(2026, 1, 1), by=None)
    assert hand_in(file=file, name="andet.csv", dated=date(2026, 1, 1), by=None) == one
    accept(one, by=None)
    assert hand_in(file=file, name="1.csv", dated=date(2026, 1, 1), by=None).accepted_at
    later = hand_in(file=file, name="1.csv", dated=date(2026, 2, 1), by=None)
    assert (later == one, compare(later).differences) == (False, [])
    assert (drop(later), drop(one), ApprovalList.objects.get()) == (True, False, one)


@pytest.mark.django_db
def test_a_sheet_without_anything_received_is_not_accepted():
    approvals = hand_in(file=as_csv(row(channel="Sende")), name="1.csv", dated=date(2026, 1, 1), by=None)
    with pytest.raises(Refused):
        accept(approvals, by=None)


@pytest.mark.django_db
def test_the_command_says_what_it_read(tmp_path, capsys):
    def run(file, *options):
        path = tmp_path / "godkendelser.csv"
        path.write_bytes(file)
        code = 0
        try:
            call_command("import_approvals", str(path), *options)
        except SystemExit as ended:
            code = ended.code
        return code, json.loads(capsys.readouterr().out.splitlines()[-1])

    expected = {"rows": 2, "duplicates": 0, "keys": 2, "certified": 1, "in_test": 1}
    expected |= {"refused": 0, "conflicting": 0, "problems": 0}
    first = as_csv(row(), row("Novax", status="Tester"))
    code, summary = run(first, "--date", "2026-01-01")
    assert (code, summary) == (0, {"list": ApprovalList.objects.get().pk, **expected})
    assert run(first, "--date", "2026-01-01") == (0, summary)  # again
    assert ApprovalList.objects.get().dated == date(2026, 1, 1)
    code, told = run(as_csv(row()), "--date", "2026-02-01")
    assert (code, told["rows"], "Novax" in told["message"]) == (1, 1, True)
    assert list_in_force(date(2026, 2, 1)).dated == date(2026, 1, 1)
    assert run(as_csv(row()), "--date", "2026-02-01", "--accept-losses")[0] == 0
    assert list_in_force(date(2026, 2, 1)).dated == date(2026, 2, 1)
    code, told = run(b"System;Kanal\r\n")
    assert (code, told["list"], told["rows"]) == (1, None, 0)
    for wrong in (["nowhere.xlsx"], [str(tmp_path / "godkendelser.csv"), "--date", "2999-01-01"]):
        with pytest.raises(CommandError) as error:
            call_command("import_approvals", *wrong)
        assert error.value.returncode == 2
