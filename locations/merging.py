"""Three-way merge of profiles, as SQL: what led from a base to theirs is done to ours, and what ours did since stays.

A field that both sides changed, to different values, keeps ours. System and vendor are one field. EDI types merge one
by one, so they cannot clash: an EDI type that either side added or removed is added or removed.
"""

from locations.models.deviation import FIELD_COLUMNS, Field
from locations.sets import LESS, UNION


def _value(alias: str, columns: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"{alias}.{column}" for column in columns) + ")"


def _scalar(column: str, columns: tuple[str, ...]) -> str:
    return f"""
    CASE WHEN {_value("o", columns)} IS NOT DISTINCT FROM {_value("b", columns)} THEN t.{column}
         ELSE o.{column} END AS {column}"""


_EDI_TYPES = f"""
    CASE
        WHEN o.edi_types = b.edi_types THEN t.edi_types
        WHEN b.edi_types = t.edi_types THEN o.edi_types
        ELSE (o.edi_types {UNION} (t.edi_types {LESS} b.edi_types)) {LESS} (b.edi_types {LESS} t.edi_types)
    END AS edi_types"""

# The columns of the merged profile, in the order of PROFILE_COLUMNS. In: profiles b (base), t (theirs), o (ours).
MERGED = ",".join(
    _EDI_TYPES if field == Field.EDI_TYPES else _scalar(column, columns)
    for field, columns in FIELD_COLUMNS.items()
    for column in columns
)

# The fields that both sides changed to different values: a lateral table of one column, from the same three profiles.
CLASHES = (
    "SELECT field FROM (VALUES {}) AS f (field, theirs_moved, ours_moved, they_differ)".format(
        ",".join(
            f"""
    ('{field.value}', {_value("t", columns)} IS DISTINCT FROM {_value("b", columns)},
        {_value("o", columns)} IS DISTINCT FROM {_value("b", columns)},
        {_value("o", columns)} IS DISTINCT FROM {_value("t", columns)})"""
            for field, columns in ((Field(name), columns) for name, columns in FIELD_COLUMNS.items())
            if field != Field.EDI_TYPES
        )
        + "\n"
    )
    + " WHERE theirs_moved AND ours_moved AND they_differ"
)
