"""Writes a synthetic SOR2 extract: Sor_complete.zip and SorEntity_daily.csv."""

from __future__ import annotations

import datetime
import random
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sorimport.synthetic import facts as fact_lists
from sorimport.synthetic import tables
from sorimport.synthetic import units as forest
from sorimport.synthetic.entities import COLUMNS, Entities
from sorimport.synthetic.facts import Facts
from sorimport.synthetic.lifetimes import HORIZON, settle
from sorimport.synthetic.numbers import Number, Profiles, hand_out
from sorimport.synthetic.units import Unit
from sorimport.synthetic.writing import UTF8_BOM, Sink, archive_file, plain_file, stirred

ARCHIVE = "Sor_complete.zip"
DAILY = "SorEntity_daily.csv"

LOCATIONS = 45_000
UNITS = 110_000
SEED = 1
TODAY = datetime.date(2026, 11, 1)

_MOST_CHANGES = 60  # rows of one unit
_COMPRESSION = 1  # reading is what is measured later, and level 6 takes four times as long to write


def make_extract(
    directory: str | Path,
    *,
    locations: int = LOCATIONS,
    units: int = UNITS,
    seed: int = SEED,
    history_rows: int | None = None,
    today: datetime.date = TODAY,
) -> dict[str, Any]:
    """Write an extract with `locations` location numbers on `units` units to `directory`, made when missing.

    `history_rows` is the number of rows in SOREntity.csv beyond one a unit (0.3 a unit when None); units and
    numbers are the same however many. Returns counts, and raises ValueError when the wishes cannot be met.
    """
    history_rows = units * 3 // 10 if history_rows is None else history_rows
    _check(locations, units, history_rows, today)
    facts = fact_lists.load()
    day = today.toordinal()
    tree = forest.Forest(units, facts, _stream(seed, "tree")).grow()
    settle(tree, day, _stream(seed, "lifetimes"))
    holders = hand_out(tree, locations, _stream(seed, "numbers"))
    profiles = Profiles(facts, day, _stream(seed, "profiles"))
    turn: Counter[int] = Counter()
    numbers = []
    for unit in holders:
        numbers.append(profiles.draw(unit.own[turn[id(unit)]], unit))
        turn[id(unit)] += 1

    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    files: dict[str, int] = {}
    with zipfile.ZipFile(target / ARCHIVE, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION) as archive:
        for table in tables.tables(facts, tree, numbers, day, _stream(seed, "tables")):
            with archive_file(archive, table.name, table.encoding, table.header) as sink:
                sink.write(table.lines)
            files[table.name] = sink.lines
        with (
            plain_file(target / DAILY, UTF8_BOM, COLUMNS) as daily,
            archive_file(archive, "SOREntity.csv", UTF8_BOM, COLUMNS) as complete,
        ):
            regions = {number.gln: number.region for number in numbers}
            entities = Entities(facts, day, regions, _stream(seed, "entities"))
            rng = _stream(seed, "history")
            history = _history(tree, entities, history_rows, rng)
            complete.write(stirred(_entity_lines(tree, history, entities, day, daily), rng))
        files["SOREntity.csv"], files[DAILY] = complete.lines, daily.lines
    return _summary(facts, tree, numbers, day, files)


def _stream(seed: int, stage: str) -> random.Random:
    """Return the random numbers of one stage: a stage can change without changing the others."""
    return random.Random(f"{seed} {stage}")  # noqa: S311 - invented content, no secrets


def _check(locations: int, units: int, history_rows: int, today: datetime.date) -> None:
    if units < forest.SMALLEST:
        raise ValueError(f"units is {units}; {forest.SMALLEST} is the fewest that hold every kind of unit")
    if not 0 < locations < units:
        raise ValueError(f"locations is {locations}; it must be at least 1 and less than units ({units})")
    if not 0 <= history_rows <= units * 10:
        raise ValueError(
            f"history_rows is {history_rows}; it must be between 0 and ten times units ({units * 10})"
        )
    if not datetime.date(2012, 1, 1) <= today <= datetime.date.fromordinal(HORIZON - 1200):
        raise ValueError(f"today is {today}; it must be between 2012 and 2041")


def _history(tree: list[Unit], entities: Entities, total: int, rng: random.Random) -> list[int]:
    """Share `total` earlier rows out among the units that have lived long enough; one count a unit."""
    counts = [0] * len(tree)
    room = [min(_MOST_CHANGES, entities.last_change(unit) - unit.first_from) for unit in tree]
    while total:
        place = int(rng.random() * len(tree))
        if counts[place] < room[place]:
            counts[place] += 1
            total -= 1
    return counts


def _entity_lines(
    tree: list[Unit], history: list[int], entities: Entities, today: int, daily: Sink
) -> Iterator[str]:
    """Yield the rows of every unit; its current row goes to `daily` too, unless the unit is closed."""
    for unit, earlier in zip(tree, history, strict=True):
        rows = entities.rows(unit, earlier)
        if unit.to_date is None or unit.to_date >= today:
            daily.write(rows[-1:])
        yield from rows


def _summary(
    facts: Facts, tree: list[Unit], numbers: list[Number], today: int, files: dict[str, int]
) -> dict[str, Any]:
    administrators = Counter(number.administrator for number in numbers)
    return {
        "units": len(tree),
        "units_closed": sum(unit.to_date is not None and unit.to_date < today for unit in tree),
        "units_future": sum(unit.first_from > today for unit in tree),
        "locations": len(numbers),
        "locations_closed": sum(number.to_date is not None and number.to_date < today for number in numbers),
        "locations_future": sum(number.first_from > today for number in numbers),
        "edi_links": sum(len(number.edi_types) for number in numbers),
        "edi_types": len(facts.edi_types),
        "entity_rows": files["SOREntity.csv"],
        "daily_rows": files[DAILY],
        "administrators": {code: administrators[code] for code in facts.administrators},
        "rows": files,
    }
