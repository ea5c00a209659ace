"""Which EDI types carry the same business letter in different standards, as their codes tell it."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


def letter(code: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT edi_letter(%s)", [code])
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("of", "codes"),
    [
        ("DIS91", ["DIS91", "XDIS91", "FDIS91"]),
        ("DIS20", ["DIS17", "DIS20", "XDIS17", "XDIS20", "FDIS20"]),
        ("CTL", ["CTL01", "CTL02", "CTL03", "XCTL01", "XCTL02", "XCTL03", "FCTL"]),
        ("REF06", ["REF06", "XREF06"]),
        ("RPT01P", ["RPT01P"]),
        ("", ["FSIII", "DGOP", "GGOP", "APD-DK", "FS3X100", "CTL04X1"]),
    ],
)
def test_the_same_letter_in_three_standards(of: str, codes: list[str]) -> None:
    assert {code: letter(code) for code in codes} == dict.fromkeys(codes, of)
