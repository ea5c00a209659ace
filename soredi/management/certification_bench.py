"""The certified question over every number and EDI type there is, beside what walking through them costs by itself."""

import time
from datetime import date

from django.db import connection, transaction

from locations.certification import tabulate

# A list with a row for each system and EDI type, each system mapped to itself; four in five are approved.
_LIST = """
INSERT INTO locations_approvallist (name, sha256, dated, created_at, counts, problems)
VALUES ('bench', 'bench', %s, now(), '{}', '[]') RETURNING id
"""
_APPROVALS = """
INSERT INTO locations_approval
    (approval_list_id, row, system, vendor, system_type, standard, message, code, version, channel, status)
SELECT %s, row_number() OVER (), s.code, '', '', '', t.code, t.code, t.version, 'receive',
    (ARRAY['certified', 'certified', 'certified', 'certified', 'refused'])[1 + (s.id + t.id) %% 5]
FROM locations_system s CROSS JOIN locations_editype t
"""
_ACCEPT = "UPDATE locations_approvallist SET accepted_at = now() WHERE id = %s"
_MAPS = """
INSERT INTO locations_systemmap (system_id, medcom_system, accepted, at)
SELECT id, code, true, now() FROM locations_system
ON CONFLICT (system_id, medcom_system) DO UPDATE SET accepted = true
"""

# Every number's every EDI type, by itself and with its answer.
_FLOOR = "SELECT e % 5, count(*) FROM locations_locationnumber l, unnest(l.edi_types) e GROUP BY 1"
_OURS = """
SELECT CASE WHEN s.system_id IS NULL THEN 'unmapped' ELSE coalesce(p.answer, 'unknown') END, count(*)
FROM locations_locationnumber l CROSS JOIN unnest(l.edi_types) e
LEFT JOIN certified_system s ON s.system_id = l.system_id
LEFT JOIN certified_pair p ON p.system_id = l.system_id AND p.edi_type = e
GROUP BY 1
"""


def measured(turns: int = 5) -> tuple[list[float], list[float], dict[str, int]]:
    """Seconds of the floor and of ours, each turn, and how many pairs have which answer. Nothing of it is kept."""
    floors, ours, answers = [], [], {}
    day = date(2026, 1, 1)
    for _turn in range(turns):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_LIST, [day])
            (key,) = cursor.fetchone()
            cursor.execute(_APPROVALS, [key])
            cursor.execute(_ACCEPT, [key])
            cursor.execute(_MAPS)
            cursor.execute("ANALYZE locations_approval; ANALYZE locations_systemmap")
            started = time.perf_counter()
            cursor.execute(_FLOOR)
            floors.append(time.perf_counter() - started)
            started = time.perf_counter()
            tabulate(day=day)
            cursor.execute(_OURS)
            answers = dict(cursor.fetchall())
            ours.append(time.perf_counter() - started)
            transaction.set_rollback(True)
    return floors, ours, answers
