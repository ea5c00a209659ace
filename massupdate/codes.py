"""What can be found in a file: each code with what it means and what to do. Page, CSV, command and guide read it here.

An error stops the file; a warning is ticked and passed.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Code:
    meaning: str | Promise
    cure: str | Promise

    def __str__(self) -> str:
        return f"{self.meaning} {self.cure}"


ERRORS = {
    "unknown_location": Code(
        _("There is no such location number here."),
        _("Compare it with its source; a new one comes with the next SOR import."),
    ),
    "not_permitted": Code(
        _("The location number belongs to another EDI administrator."),
        _("Remove its lines."),
    ),
    "closed": Code(
        _("The location number is closed."),
        _("Remove its lines, or have it reopened."),
    ),
    "inactive": Code(
        _("The location number is inactive."),
        _("Remove its lines, or make it active first."),
    ),
    "malformed_gln": Code(
        _("A location number has 13 digits."),
        _("Write all of them, and nothing else; a leading zero counts."),
    ),
    "check_digit": Code(
        _("The check digit of the location number is wrong."),
        _("Compare it with its source: a digit is mistyped."),
    ),
    "excel_number": Code(
        _("Excel has rounded the location number."),
        _("Format the column as text and enter the numbers again; the lost digits do not come back."),
    ),
    "unknown_edi_type": Code(
        _("There is no such EDI type."),
        _("Use SOR's id, or code and version."),
    ),
    "ambiguous_edi_type": Code(
        _("The code has several versions."),
        _("Write code and version, or SOR's id."),
    ),
    "wrong_columns": Code(
        _("The line or the header has not the columns Loknr and EdiId."),
        _("Write one location number and one EDI type on each line, with a semicolon between."),
    ),
    "empty_file": Code(
        _("The file has no lines below the header."),
        _("Add lines, or choose another file or sheet."),
    ),
    "not_text": Code(
        _("The file is neither text nor a workbook that can be read."),
        _("Save it as “CSV UTF-8” or as .xlsx without a password."),
    ),
    "too_large": Code(
        _("The file is too large: at most 100 MB and 1.5 million lines, or 200,000 rows of Excel."),
        _("Divide it, or save it as CSV."),
    ),
}
WARNINGS = {
    "duplicate_line": Code(
        _("The line adds nothing to an earlier one."),
        _("Remove it, unless another EDI type was meant."),
    ),
    "removes_all": Code(
        _("The line removes all EDI types of the location number."),
        _("If it shall keep some, give it a line for each of them."),
    ),
    "large_loss": Code(
        _("The location number loses more than half of its EDI types."),
        _("What it shall keep must stand in the file too: fetch a filled file and begin with that."),
    ),
    "many_numbers": Code(
        _("More than a fifth of the location numbers that you may edit are changed."),
        _("See that the file is the right one, and not an older one of all of them."),
    ),
    "retired_edi_type": Code(
        _("The EDI type is retired and is added to this location number."),
        _("Use the version that came instead."),
    ),
    "two_versions": Code(
        _("The location number gets two versions of this EDI type."),
        _("Remove the line of the older one, unless both are received."),
    ),
    "not_certified": Code(
        _("The system of the location number is not certified to receive this EDI type."),
        _("Ask the vendor, or leave the line out until it is."),
    ),
    "unmapped_system": Code(
        _(
            "It cannot be told whether the system is certified for what is added: nobody has found it on the list."
        ),
        _("Ask an administrator to link the system to its name on MedCom's list."),
    ),
}
CODES = ERRORS | WARNINGS
