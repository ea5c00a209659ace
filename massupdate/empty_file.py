"""The file to begin with, without lines: CSV, or a workbook in which a number stays text and EDI types can be chosen.

    sheet 1  Loknr | EdiId              all cells text; EdiId from a list of those on sheet 2
    sheet 2  EdiId | SOR-id | Kode | Version | Navn | Standard | Udgået fra     one row an EDI type, retired ones last

Both columns to the left of sheet 2 may stand as EdiId. The list takes the first, `code version`, which people can read,
of those that are not retired.
"""

import io

import xlsxwriter
from django.utils import timezone
from django.utils.translation import gettext as _

from locations.exports import PAIRS_HEADER
from locations.models import EdiType

NAME = "masseopdatering-skabelon"
FORMATS = ("csv", "xlsx")
LAST_ROW = 200_000  # the lowest that is read from Excel
TEXT = 49  # the number of the format in every workbook
TYPES_SHEET = "EDI-typer"


def _types() -> tuple[list[EdiType], int]:
    """All of them, the current ones first, and how many these are."""
    today = timezone.localdate()
    ordered = EdiType.objects.order_by("code", "version")
    current = [one for one in ordered if one.retired_on is None or one.retired_on > today]
    retired = [one for one in ordered if one not in current]
    return current + retired, len(current)


def as_csv() -> bytes:
    return f"\ufeff{PAIRS_HEADER}\r\n".encode()


def as_workbook() -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False}) as book:
        text = book.add_format({"num_format": TEXT})
        heading = book.add_format({"num_format": TEXT, "bold": True, "bottom": 1})
        pairs = book.add_worksheet("Masseopdatering")
        catalogue = book.add_worksheet(TYPES_SHEET)

        pairs.set_column(0, 0, 18, text)
        pairs.set_column(1, 1, 22, text)
        for column, name in enumerate(PAIRS_HEADER.split(";")):
            pairs.write_string(0, column, name, heading)
        pairs.freeze_panes(1, 0)
        types, current = _types()
        pairs.data_validation(
            1,
            1,
            LAST_ROW,
            1,
            {
                "validate": "list",
                "source": f"='{TYPES_SHEET}'!$A$2:$A${max(current, 1) + 1}",
                "error_type": "warning",  # SOR's id may be written too
                "error_title": _("Not on the list"),
                "error_message": _("Choose an EDI type from the list, or write SOR's id of it."),
            },
        )

        catalogue.set_column(0, 1, 18, text)
        catalogue.set_column(2, 3, 12, text)
        catalogue.set_column(4, 4, 44, text)
        catalogue.set_column(5, 6, 14, text)
        headings = (
            "EdiId",
            _("SOR id"),
            _("Code"),
            _("Version"),
            _("Name"),
            _("Standard"),
            _("Retired from"),
        )
        for column, name in enumerate(headings):
            catalogue.write_string(0, column, name, heading)
        catalogue.freeze_panes(1, 0)
        for row, one in enumerate(types, 1):
            cells = (
                str(one),
                one.sor_id or "",
                one.code,
                one.version,
                one.name,
                one.get_standard_display(),
                one.retired_on.isoformat() if one.retired_on else "",
            )
            for column, cell in enumerate(cells):
                catalogue.write_string(row, column, str(cell), text)
    return file.getvalue()
