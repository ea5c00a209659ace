"""A workbook of one sheet whose cells are all text, sent while it is read: flat memory, the first bytes at once.

An xlsx file is a zip of XML parts, and those that do not depend on the rows come first:

    [Content_Types].xml · _rels/.rels · xl/workbook.xml · xl/_rels/workbook.xml.rels · xl/styles.xml ·
    xl/worksheets/sheet1.xml   <row><c t="inlineStr"><is><t>5790000173624</t></is></c><c/>…</row>

Cells are texts within the sheet, so that a location number keeps its 13 digits and nothing is run as a formula. Rows
and cells carry no references (`r`), which the format leaves to their order.
"""

import re
import zipfile
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing

CHUNK = 1 << 16  # bytes
BATCH = 1 << 18  # characters compressed at a time

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    # Style 0 is text (format 49), as cells written anew in the sheet shall be text too; style 1 is a bold heading.
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts count="2">'
    '<font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/></cellXfs>'
    "</styleSheet>",
}
# The heading and the first column stay in sight.
_BEGIN = (
    f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane xSplit="1" ySplit="1" topLeftCell="B2" activePane="bottomRight" state="frozen"/></sheetView></sheetViews>'
    '<sheetFormatPr defaultRowHeight="15" defaultColWidth="18"/><sheetData>'
)
# No green corner in each cell that says “number stored as text”: it is meant so.
_END = (
    '</sheetData><autoFilter ref="A1:{last}"/>'
    '<ignoredErrors><ignoredError sqref="A1:{last}" numberStoredAsText="1"/></ignoredErrors></worksheet>'
)
_OPEN, _CLOSE = '<c t="inlineStr"><is><t xml:space="preserve">', "</t></is></c>"
_BETWEEN, _EMPTY = _CLOSE + _OPEN, _OPEN + _CLOSE

# What stands for something else in XML, what XML cannot hold, and what Excel would take for the latter.
_UNFIT = re.compile("[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


class _Outgoing:
    """A file that can only be written to; what was written is taken away."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Part of what a zip is written to."""

    def close(self) -> None:
        """The same."""

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts, self.size = [], 0
        return taken


def workbook(
    name: str, headings: Sequence[str], rows: Generator[Iterable[str | None], None, None]
) -> Generator[bytes, None, None]:
    """The bytes of a workbook with the sheet `name`, in chunks of some 64 kB; `rows` is closed with it."""
    outgoing = _Outgoing()
    with closing(rows), zipfile.ZipFile(outgoing, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, part in _PARTS.items():
            archive.writestr(path, _HEAD + part.replace("{name}", _fit(name)))
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            batch, length, count = [_HEAD, _BEGIN, _line(headings).replace("<c ", '<c s="1" ')], 0, 1
            for row in rows:
                line = _line(row)
                batch.append(line)
                length += len(line)
                count += 1
                if length > BATCH:
                    sheet.write("".join(batch).encode())
                    batch, length = [], 0
                    if outgoing.size >= CHUNK:
                        yield outgoing.take()
            batch.append(_END.replace("{last}", f"{_letters(len(headings))}{count}"))
            sheet.write("".join(batch).encode())
    yield outgoing.take()


def _line(cells: Iterable[str | None]) -> str:
    texts = [text or "" for text in cells]
    if _UNFIT.search("\n".join(texts)):  # looked for in a whole row at once: most have none
        texts = [_fit(text) for text in texts]
    return f"<row>{_OPEN}{_BETWEEN.join(texts)}{_CLOSE}</row>".replace(_EMPTY, "<c/>")


def _fit(text: str) -> str:
    return _UNFIT.sub(_spelt, text)


def _spelt(unfit: re.Match[str]) -> str:
    found = unfit[0]
    if len(found) > 1:
        return f"_x005F{found}"
    return _ENTITIES.get(found) or f"_x{ord(found):04X}_"


def _letters(number: int) -> str:
    """1 → A, 27 → AA."""
    letters = ""
    while number:
        number, digit = divmod(number - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters
