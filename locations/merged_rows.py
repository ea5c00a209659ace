"""What belongs to a row of a code list and goes with it when the row is merged, as sets; and when merging must not be.

A `text` is what `code_lists.Field.text` gives of such a field.
"""

from collections.abc import Iterable
from typing import Any

from locations.catalogue_check import names
from locations.code_lists import CodeList, holding
from locations.models import CatalogueChange
from soredi.jobs import Refused
from soredi.sentences import Sentence, counted


def items(kind: str, text: str) -> set[str]:
    """User names, lines of what was said of MedCom's systems, or keys of saved searches."""
    return set(text.splitlines()) if kind == "maps" else set(names(text))


def together(kind: str, held: Iterable[str]) -> str:
    """The same as text."""
    if kind == "maps":
        return "\n".join(sorted(held))
    return ", ".join(sorted(held, key=int if kind == "searches" else str))


def refuse_merged(code_list: CodeList, planned: CatalogueChange, rows: dict[int, Any]) -> None:
    """Raises Refused where what takes the row's place is itself on its way out by now, or where the row has got
    location numbers since the merge was planned. `rows` are those of the list, and the planned numbers have moved.
    """
    to = next(row for row in rows.values() if row.label == planned.found["to"])
    if to.retired_on or to.replaced_by:
        raise Refused(
            Sentence(
                "%(to)s was itself retired or replaced since this was planned. Nothing was changed. Begin again.",
                to=to.label,
            )
        )
    for row in planned.rows:
        if "replaced_by" in row["after"] and (left := holding(code_list, rows[row["pk"]]).count()):
            raise Refused(
                counted(
                    "%(count)s more location number got %(row)s since this was planned. Nothing was changed. "
                    "Begin again.",
                    "%(count)s more location numbers got %(row)s since this was planned. Nothing was changed. "
                    "Begin again.",
                    count=left,
                    row=" ".join(row["key"]).strip(),
                )
            )
