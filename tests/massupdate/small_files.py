"""Small files as people, spreadsheets and programs really make them, each with its exact answer.

The world that they are handed in to, by a person of EDI administrator 102:

    ONE    DIS91 DIS20 REF06 H0630R CTL01     TWO  DIS91     THREE  closed, DIS91     FOUR  of another, DIS91
    FIVE   inactive, none

What is found: errors first, then warnings, each as (line, code, value).
"""

from __future__ import annotations

from tests.massupdate.running import FIVE, FOUR, NOBODYS, ONE, THREE, TWO
from tests.workbooks import workbook

Found = list[tuple[int, str, str]]
H = b"Loknr;EdiId\r\n"
KEPT = f"{ONE};1001\r\n{ONE};1002\r\n{ONE};1003\r\n{ONE};1005\r\n".encode()  # ONE as it is


def below(*lines: str, end: str = "\r\n") -> bytes:
    return H + KEPT + "".join(line + end for line in lines).encode()


def error(line: int, code: str, value: str = "") -> Found:
    return [(line, code, value)]


FILES: dict[str, tuple[bytes, Found]] = {
    # As a whole
    "nothing": (b"", error(0, "empty_file")),
    "only the mark of UTF-8": (b"\xef\xbb\xbf", error(0, "empty_file")),
    "only the mark of UTF-16": (b"\xff\xfe", error(0, "empty_file")),
    "only blank lines": (b"\r\n\r\n;\r\n", error(0, "empty_file")),
    "only a header": (H, error(1, "empty_file")),
    "a header without its end of line": (b"Loknr;EdiId", error(1, "empty_file")),
    "a header below blank lines, and nothing more": (b"\r\n;;\r\n" + H, error(3, "empty_file")),
    "no header": (KEPT, error(1, "wrong_columns", f"{ONE}, 1001")),
    "a header in words": (
        b"Lokationsnumre og typer\r\n" + KEPT,
        error(1, "wrong_columns", "Lokationsnumre og typer"),
    ),
    "a header with one column": (b"Loknr\r\n" + ONE.encode(), error(1, "wrong_columns", "Loknr")),
    "a header with the type only": (b"EdiId;Note\r\n1001;x\r\n", error(1, "wrong_columns", "EdiId, Note")),
    "a title above the header": (b"Maj 2026\r\n" + H + KEPT, error(1, "wrong_columns", "Maj 2026")),
    "a header with stops between": (b"Loknr.EdiId\r\n", error(1, "wrong_columns", "Loknr.EdiId")),
    "a header with pipes between": (b"Loknr|EdiId\r\n", error(1, "wrong_columns", "Loknr|EdiId")),
    "a header of two lines": (b'"Lok\nnr";EdiId\r\n' + KEPT, error(1, "wrong_columns", "Lok")),
    "a page of HTML": (
        b"<!DOCTYPE html><html><body>Log ind</body></html>",
        error(1, "wrong_columns", "<!DOCTYPE html><html><body>Log ind</body></html>"),
    ),
    "JSON": (b'[{"Loknr": 1}]', error(1, "wrong_columns", '[{"Loknr": 1}]')),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", error(3, "not_text")),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n\0", error(4, "not_text")),
    "a zip that is no workbook": (b"PK\3\4" + b"\0" * 60, error(0, "not_text")),
    "an Excel file of the old format": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 60,
        error(0, "not_text"),
    ),
    "UTF-16 without its mark": ((H + KEPT).decode().encode("utf-16-le"), error(1, "not_text")),
    "UTF-16 cut in a character": ((H + KEPT).decode().encode("utf-16")[:-1], error(5, "not_text")),
    "UTF-16 with half a pair": ("Loknr;EdiId\r\n".encode("utf-16") + b"\x00\xd8x\0", error(1, "not_text")),
    "a NUL in a cell": (H + f"{ONE};\0\r\n".encode(), error(2, "not_text")),
    "a NUL far down": (H + KEPT + b"\0", error(6, "not_text")),
    "a byte that no encoding has": (H + ONE.encode() + b";\x81\r\n", error(2, "not_text")),
    "two encodings": (H + "1;æ\r\n".encode() + b"2;\xe6\r\n", error(3, "not_text")),
    # Numbers
    "an unknown number": (below(f"{NOBODYS};1001"), error(6, "unknown_location", NOBODYS)),
    "another's number": (below(f"{FOUR};1001"), error(6, "not_permitted", FOUR)),
    "a closed number that would change": (
        below(f"{THREE};1002"),
        [(6, "closed", THREE), (6, "large_loss", THREE)],
    ),
    "an inactive number that would change": (below(f"{FIVE};1001"), error(6, "inactive", FIVE)),
    "a mistyped digit": (below("5790000000013;1001"), error(6, "check_digit", "5790000000013")),
    "two digits changed about": (below("5790000000102;1001"), error(6, "check_digit", "5790000000102")),
    "twelve digits": (below("579000000001;1001"), error(6, "malformed_gln", "579000000001")),
    "fourteen digits": (below("05790000000012;1001"), error(6, "malformed_gln", "05790000000012")),
    "a letter for a digit": (below("579O000000012;1001"), error(6, "malformed_gln", "579O000000012")),
    "hyphens between": (below("5790-0000-0001-2;1001"), error(6, "malformed_gln", "5790-0000-0001-2")),
    "no number": (below(";1001"), error(6, "malformed_gln")),
    "a name for a number": (below("Ærø Apotek;1001"), error(6, "malformed_gln", "Ærø Apotek")),
    "another alphabet's digits": (below("٥٧٩٠٠٠٠٠٠٠٠١٢;1001"), error(6, "malformed_gln", "٥٧٩٠٠٠٠٠٠٠٠١٢")),
    "a formula": (below("=A1+1;1001"), error(6, "malformed_gln", "=A1+1")),
    "a decimal": (below("5790000000012.0;1001"), error(6, "malformed_gln", "5790000000012.0")),
    "Excel's rounding": (below("5,79E+12;1001"), error(6, "excel_number", "5,79E+12")),
    "Excel's rounding, English": (below("5.79E+12;1001"), error(6, "excel_number", "5.79E+12")),
    "Excel's rounding to one digit": (below("6E+12;1001"), error(6, "excel_number", "6E+12")),
    # EDI types
    "an unknown type": (below(f"{TWO};DIS99"), error(6, "unknown_edi_type", "DIS99")),
    "an unknown version": (below(f"{TWO};DIS91 D9199L"), error(6, "unknown_edi_type", "DIS91 D9199L")),
    "an id that is no type's": (below(f"{TWO};4711"), error(6, "unknown_edi_type", "4711")),
    "a version alone": (below(f"{TWO};D9134L"), error(6, "unknown_edi_type", "D9134L")),
    "several types in one cell": (
        below(f'{TWO};"DIS91, DIS20"'),
        error(6, "unknown_edi_type", "DIS91, DIS20"),
    ),
    "a code of several versions": (below(f"{TWO};REF06"), error(6, "ambiguous_edi_type", "REF06")),
    "Excel's decimal of an id": (below(f"{TWO};1001,00"), error(6, "unknown_edi_type", "1001,00")),
    # Lines
    "a line of one field": (below(TWO), error(6, "wrong_columns", TWO)),
    "a line of three fields": (below(f"{TWO};1001;1002"), error(6, "wrong_columns", f"{TWO};1001;1002")),
    "a comma for the semicolon": (below(f"{TWO},1001"), error(6, "wrong_columns", f"{TWO},1001")),
    "a quote that is not closed": (below(f'"{TWO};1001'), error(6, "wrong_columns", f'"{TWO};1001')),
    "a quote in the midst": (below(f'{TWO};10"01'), error(6, "wrong_columns", f'{TWO};10"01')),
    "a field of two lines": (below(f'{TWO};"DIS91\r\nD9134L"'), []),
    "a comment": (below("# slut"), error(6, "wrong_columns", "# slut")),
    "a total at the end": (below("I alt;4"), [(6, "malformed_gln", "I alt"), (6, "unknown_edi_type", "4")]),
    "the header once more": (
        below("Loknr;EdiId"),
        [(6, "malformed_gln", "Loknr"), (6, "unknown_edi_type", "EdiId")],
    ),
    "the end of file of DOS": (below() + b"\x1a", error(6, "wrong_columns", "\x1a")),
    "an old Macintosh's header only": (b"Loknr;EdiId\r", error(1, "empty_file")),
    "an old Macintosh's with an unknown type": (
        below(f"{TWO};DIS99").replace(b"\r\n", b"\r"),
        error(6, "unknown_edi_type", "DIS99"),
    ),
    "an old Macintosh's with a row too short": (
        below(TWO).replace(b"\r\n", b"\r"),
        error(6, "wrong_columns", TWO),
    ),
    "a line end written twice": (
        (H + KEPT).replace(b"\r\n", b"\r\r\n"),
        [],
    ),
    # Warnings
    "a line twice": (below(f"{ONE};1001"), error(6, "duplicate_line", f"{ONE};1001")),
    "a type in two spellings": (
        below(f"{ONE};DIS91 (D9134L)"),
        error(6, "duplicate_line", f"{ONE};DIS91 (D9134L)"),
    ),
    "an empty type beside others": (below(f"{ONE};"), error(6, "duplicate_line", f"{ONE};")),
    "no types": (below(f"{TWO};"), error(6, "removes_all", TWO)),
    "most types gone": (H + f"{ONE};1001\r\n".encode(), error(2, "large_loss", ONE)),
    "a retired type": (below(f"{TWO};1001", f"{TWO};1007"), error(7, "retired_edi_type", f"{TWO};1007")),
    "two versions": (below(f"{ONE};1004"), error(6, "two_versions", f"{ONE};1004")),
    # And what is as it should be, however it is written
    "as exported": (b"\xef\xbb\xbf" + H + KEPT, []),
    "without the last end of line": (H + KEPT[:-2], []),
    "Unix's ends of line": ((H + KEPT).replace(b"\r\n", b"\n"), []),
    "ends of line of an old Macintosh": ((H + KEPT).replace(b"\r\n", b"\r"), []),
    "an old Macintosh's, and no last one": ((H + KEPT).replace(b"\r\n", b"\r")[:-1], []),
    "an old Macintosh's below blank lines, in UTF-16": (
        ("\r\r" + (H + KEPT).decode().replace("\r\n", "\r")).encode("utf-16"),
        [],
    ),
    "an old Macintosh's, with a cell of two lines": (
        (H + KEPT).replace(b"\r\n", b"\r") + f'{TWO};"DIS91\nD9134L"\r'.encode(),
        [],
    ),
    "commas": ((H + KEPT).replace(b";", b","), []),
    "tabs": ((H + KEPT).replace(b";", b"\t"), []),
    "a note with commas, semicolons between": (
        b'"a, b, c, d";Loknr;EdiId\r\n' + KEPT.replace(b"579", b"x;579"),
        [],
    ),
    "the word sep= of Excel": (b"sep=;\r\n" + H + KEPT, []),
    "columns the other way round": (
        b"EDIID;loknr\r\n" + b"".join(f"{t};{ONE}\r\n".encode() for t in (1001, 1002, 1003, 1005)),
        [],
    ),
    "everything quoted": (
        b'"Loknr";"EdiId"\r\n' + "".join(f'"{ONE}";"{t}"\r\n' for t in (1001, 1002, 1003, 1005)).encode(),
        [],
    ),
    "as Excel guards numbers": (
        H + "".join(f'="{ONE}";="{t}"\r\n' for t in (1001, 1002, 1003, 1005)).encode(),
        [],
    ),
    "apostrophes": (H + KEPT.replace(b"579", b"'579"), []),
    "spaces in the number": (H + KEPT.replace(b"5790", b"5790 "), []),
    "blank lines between": (H + KEPT.replace(b"\r\n", b"\r\n\r\n;\r\n"), []),
    "semicolons too many at the end": (H + KEPT.replace(b"\r\n", b";;\r\n"), []),
    "Windows-1252 in an ignored column": (
        b"Loknr;EdiId;By\r\n" + KEPT.replace(b"\r\n", b";\xc6r\xf8\r\n"),
        [],
    ),
    "UTF-16, little end first": ((H + KEPT).decode().encode("utf-16"), []),
    "UTF-16, big end first": (("\ufeff" + (H + KEPT).decode()).encode("utf-16-be"), []),
    "a closed number as it is": (below(f"{THREE};1001"), []),
    "a workbook": (workbook([(ONE, "1001"), (ONE, "1002"), (ONE, "1003"), (ONE, "1005")]), []),
    "a workbook with numbers as numbers": (workbook([(int(ONE), t) for t in (1001, 1002, 1003, 1005)]), []),
    "a workbook with another's number": (workbook([(FOUR, "1001")]), error(2, "not_permitted", FOUR)),
    "a workbook with a name below": (
        workbook([(ONE, "1001"), ("I alt", 1)]),
        [(3, "malformed_gln", "I alt"), (3, "unknown_edi_type", "1"), (2, "large_loss", ONE)],
    ),
}
