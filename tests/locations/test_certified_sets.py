"""Random lists and maps: the set-based answers are those of a plain reading."""

from datetime import date

import builders
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from locations.certification import Direction, question, tabulate
from locations.models import System, SystemMap

DAY = date(2026, 6, 1)
NAMES = ["Clinea (LPS)", "Clinea (PAS)", "MADS"]
SYSTEMS = ["s1", "s2", "s3"]
TYPES = [("DIS91", "D9134L"), ("DIS91", "D9133L"), ("XDIS91", "XD9134L")]
STRANGE = "PHMR (1.3)"

rows = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from([*(f"{code} ({version})" for code, version in TYPES), STRANGE]),
        st.sampled_from(["certified", "refused", "in_test", "missing"]),
        st.sampled_from(["receive", "send", "webservice"]),
    ),
    max_size=12,
)
lists = st.lists(st.tuples(st.integers(1, 8), st.booleans(), rows), max_size=4)
maps = st.dictionaries(
    st.tuples(st.sampled_from(SYSTEMS), st.sampled_from(NAMES)), st.sampled_from([True, False, None])
)


def in_force(lists):
    """The last accepted one of the latest month up to DAY; those handed in later stand later."""
    counted = [(month, at) for at, (month, accepted, _rows) in enumerate(lists) if accepted and month <= 6]
    return lists[max(counted)[1]][2] if counted else None


def answer(rows, maps, system, edi_type, direction):
    """As domain experts would read it off the sheet."""
    names = {name for (mapped, name), accepted in maps.items() if mapped == system and accepted}
    if not names & {row[0] for row in rows}:
        return "unmapped"
    message = f"{edi_type[0]} ({edi_type[1]})"
    said = {row[2] for row in rows if row[0] in names and row[1] == message and row[3] == direction}
    if {"certified", "refused"} <= said:
        return "conflicting"
    for status, meaning in (
        ("certified", "certified"),
        ("refused", "refused"),
        ("in_test", "in_test"),
        ("missing", "refused"),
    ):
        if status in said:
            return meaning
    return "unknown"


class CertifiedSets(TestCase):
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(lists=lists, maps=maps, direction=st.sampled_from(list(Direction)))
    def test_sets_answer_as_a_plain_reading_does(self, lists, maps, direction):
        systems = {name: builders.code(System, name) for name in SYSTEMS}
        types = {pair: builders.edi_type(*pair) for pair in TYPES}
        for month, accepted, sheet in lists:
            builders.approval_list(*sheet, dated=date(2026, month, 1), accepted=accepted)
        for (system, name), accepted in maps.items():
            SystemMap.objects.create(system=systems[system], medcom_system=name, accepted=accepted)
        sheet = in_force(lists)
        pairs = {(s, t): (systems[s].pk, types[t].pk) for s in SYSTEMS for t in TYPES}
        expected = {} if sheet is None else {p: answer(sheet, maps, *p, direction) for p in pairs}

        found = question(pairs.values(), day=DAY, direction=direction)
        assert {pair: found[keys].answer for pair, keys in pairs.items() if keys in found} == expected

        assert (tabulate(day=DAY, direction=direction) is None) == (sheet is None)
        with connection.cursor() as cursor:
            cursor.execute(TABULATED)
            tabulated = {(system, edi_type): said for system, edi_type, said in cursor.fetchall()}
        if sheet is None:
            assert set(tabulated.values()) == {"unmapped"}
        else:
            assert {pair: tabulated[keys] for pair, keys in pairs.items()} == expected


TABULATED = """
SELECT s.id, t.id, CASE WHEN m.system_id IS NULL THEN 'unmapped' ELSE coalesce(p.answer, 'unknown') END
FROM locations_system s CROSS JOIN locations_editype t
LEFT JOIN certified_system m ON m.system_id = s.id
LEFT JOIN certified_pair p ON p.system_id = s.id AND p.edi_type = t.id
"""
