"""Sets of EDI types by intarray, and that PostgreSQL's own operators and index do not notice it."""

import pytest
from django.db import connection

from locations.sets import BOTH, LESS, SHARE, UNION, WITHIN

pytestmark = pytest.mark.django_db


def answer(statement: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {statement}")
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (f"'{{1,3}}'::int[] {UNION} '{{2,3}}'::int[]", [1, 2, 3]),
        (f"'{{}}'::int[] {UNION} '{{}}'::int[]", []),
        (f"'{{3,1,3}}'::int[] {UNION} '{{}}'::int[]", [1, 3]),
        (f"'{{1,2,3}}'::int[] {LESS} '{{2,4}}'::int[]", [1, 3]),
        (f"'{{1}}'::int[] {LESS} '{{1}}'::int[]", []),
        (f"('{{1}}'::int[] {LESS} '{{1}}'::int[]) = '{{}}'::int[]", True),
        (f"'{{1,2,3}}'::int[] {BOTH} '{{2,3,4}}'::int[]", [2, 3]),
        (f"'{{1,2}}'::int[] {SHARE} '{{2}}'::int[]", True),
        (f"'{{1,2}}'::int[] {SHARE} '{{}}'::int[]", False),
        (f"'{{}}'::int[] {WITHIN} '{{1}}'::int[]", True),
        (f"'{{1,2}}'::int[] {WITHIN} '{{1}}'::int[]", False),
    ],
)
def test_sets_are_ascending_and_may_be_empty(statement: str, expected: object) -> None:
    assert answer(statement) == expected


@pytest.mark.parametrize("operator", ["&&", "@>", "<@"])
def test_the_index_of_edi_types_still_answers(operator: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            f"EXPLAIN SELECT id FROM locations_locationnumber WHERE edi_types {operator} ARRAY[1, 2]"
        )
        assert "location_edi_types" in "\n".join(line for (line,) in cursor.fetchall())
