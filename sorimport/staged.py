"""What an extract was staged as: tables `raw_<kind>`, one text column for each known column.

A kind's table has all columns of its alias table, missing ones null, so that `merge` can state its SQL once. They, and
all that is made of them on the way, stand in a schema that nobody else ever sees.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection
from psycopg import sql

from soredi.sentences import Sentence
from soredi.tabular import BadRow, TabularError
from sorimport.columns import KINDS, LOCATIONS, UNITS, Kind

BAD_ROWS = 1000  # a run that leaves out more rows of a file than this …
BAD_SHARE = 100  # … and more than one in so many of them fails


@dataclass
class Staged:
    """The files of one run by kind. `skipped` are files of no kind or one too many; `ignored` headers by file.

    `stated`: kind → the columns that its file carries. Of the others it says nothing: what is known stays.
    `found`: what the files turned out to be, sor2, legacy or xml, where `source` may say auto.
    `rows`: kind → how many rows were read, history and all; `size`: bytes of all files.
    """

    source: str = "sor2"
    found: str = "sor2"
    files: dict[str, str] = field(default_factory=dict)
    stated: dict[str, frozenset[str]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    size: int = 0
    bad: list[tuple[str, BadRow]] = field(default_factory=list)
    ignored: dict[str, list[str]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    second_units: str = ""
    complete_units: bool = False

    def has(self, kind: Kind) -> bool:
        return kind.name in self.files

    def put(self, kind: Kind, file: str, stated: frozenset[str], rows: int) -> None:
        """`file` has filled the table of `kind`."""
        self.files[kind.name], self.stated[kind.name], self.rows[kind.name] = file, stated, rows

    def are_units_complete(self, *, history: bool) -> bool:
        """Whether a unit that is missing from the file of units is gone.

        SOREntity.csv holds history, the daily file none (`history`: a unit twice, or one that had ended). One without
        that comes along with the numbers is a whole extract too, unless its name says that it is the daily file.
        Raises TabularError where two files of units cannot be told apart.
        """
        if self.second_units and not history and not is_named_daily(self.second_units):
            raise TabularError(
                self.second_units,
                0,
                "twice",
                Sentence(
                    "It is of the same kind as %(other)s. Give one of them.", other=self.files[UNITS.name]
                ),
            )
        if not self.has(UNITS) or self.source == "daily":
            return False
        if self.source != "auto" or history:
            return True
        return self.has(LOCATIONS) and not is_named_daily(self.files[UNITS.name])


def is_named_daily(name: str) -> bool:
    """A name is only asked where the content leaves it open."""
    return "daily" in name.casefold()


# Unlogged tables, as a temporary one is read by one process only. Made and dropped in the import's own transaction they
# leave nothing behind either, whoever is killed. The planner takes each of our many functions for next to free.
_OPEN = """
CREATE SCHEMA staging;
SET LOCAL search_path = staging, public;
SET LOCAL parallel_setup_cost = 100;
SET LOCAL parallel_tuple_cost = 0.001
"""
_CLOSE = """
DROP SCHEMA staging CASCADE;
SET LOCAL search_path TO DEFAULT;
SET LOCAL parallel_setup_cost TO DEFAULT;
SET LOCAL parallel_tuple_cost TO DEFAULT
"""
# What a reader has to say of rows that it kept; written to the run's problems with the others.
_PROBLEMS = "CREATE UNLOGGED TABLE staging.stage_problem (file text, line bigint, code text, value text)"


@contextmanager
def staging() -> Iterator[None]:
    """The schema `staging` with empty tables, in a transaction that has the import's turn."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN)
        cursor.execute(_PROBLEMS)
    for kind in KINDS:
        _create_empty(kind)
    yield
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE)


def _create_empty(kind: Kind) -> None:
    """`soredi.tabular.load` puts its own in the place."""
    columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(column)) for column in kind.columns)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE UNLOGGED TABLE staging.{} (line bigint, {})").format(
                sql.Identifier(f"raw_{kind.name}"), columns
            )
        )


def add_missing(kind: Kind, present: Sequence[str]) -> None:
    """Give the table of `kind` the columns that its file does not have."""
    missing = [sql.Identifier(column) for column in kind.columns if column not in present]
    if missing:
        columns = sql.SQL(", ").join(sql.SQL("ADD COLUMN {} text").format(column) for column in missing)
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("ALTER TABLE {} {}").format(sql.Identifier(f"raw_{kind.name}"), columns))
