"""When units and location numbers begin, change and end."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator

from sorimport.synthetic.units import Unit

# SOR itself began in 2007; older location numbers carry dates back to the middle of the nineties.
BEGINNING = datetime.date(2007, 5, 1).toordinal()
HORIZON = datetime.date(2045, 1, 1).toordinal()
_EARLIEST = datetime.date(1990, 1, 1).toordinal()
_ISO = [datetime.date.fromordinal(day).isoformat() for day in range(_EARLIEST, HORIZON)]

CLOSED, CLOSING, FUTURE = "closed", "closing", "future"


def iso(day: int | None) -> str:
    """Return YYYY-MM-DD for a day ordinal between 1990 and 2044, and nothing for None."""
    return "" if day is None else _ISO[day - _EARLIEST]


def settle(units: list[Unit], today: int, rng: random.Random) -> None:
    """Give every unit its dates; a unit lives no longer than its parent. `units` has parents before children.

    One unit in eighteen is closed for its own sake, and all below it with it; one in a hundred closes later
    and somewhat fewer are still to come. However few units there are, some are in each of these states.
    """
    parents = {id(unit.parent) for unit in units}
    leaves = [unit for unit in units if unit.kind.level == "OE" and id(unit) not in parents]
    examples = rng.sample(leaves, 6)
    fates = dict(zip(map(id, examples), (CLOSED, CLOSED, CLOSING, CLOSING, FUTURE, FUTURE), strict=True))
    spared = {id(above) for unit in examples for above in _above(unit)}
    for unit in units:
        public_owner = unit.parent is None and unit.kind.sector in ("region", "municipality", "state")
        fate = fates.get(id(unit)) or _fate(rng.random())
        _date(unit, "" if public_owner or id(unit) in spared else fate, today, rng)


def _above(unit: Unit) -> Iterator[Unit]:
    parent = unit.parent
    while parent:
        yield parent
        parent = parent.parent


def _fate(draw: float) -> str:
    if draw < 0.055:
        return CLOSED
    if draw < 0.065:
        return CLOSING
    return FUTURE if draw < 0.073 else ""


def _date(unit: Unit, fate: str, today: int, rng: random.Random) -> None:
    parent = unit.parent
    earliest = parent.first_from if parent else BEGINNING
    latest = parent.to_date if parent and parent.to_date is not None else None
    if earliest > today or (fate == FUTURE and latest is None):
        unit.first_from = unit.from_date = max(earliest, today + rng.randrange(1, 300))
        unit.to_date = latest
        return
    last_day = min(today, latest) if latest is not None else today
    # Most units are as old as what they belong to.
    span = last_day - earliest
    unit.first_from = earliest + (0 if parent and rng.random() < 0.5 else int(span * 0.9 * rng.random()))
    alive = last_day - unit.first_from
    if fate == CLOSED and alive > 1:
        unit.to_date = unit.first_from + 1 + rng.randrange(alive - 1)
    elif fate == CLOSING:
        unit.to_date = today + rng.randrange(1, 200)
        if latest is not None:
            unit.to_date = min(unit.to_date, latest)
    else:
        unit.to_date = latest
    unit.from_date = unit.first_from


def number_dates(unit: Unit, fate: str, today: int, rng: random.Random) -> tuple[int, int, int | None]:
    """Return (first from, from, to) of a number of `unit`; it may begin before and end before the unit."""
    first = unit.first_from
    if first > today or fate == FUTURE:
        return (start := max(first, today + rng.randrange(1, 200))), start, unit.to_date
    end = unit.to_date
    if rng.random() < 0.15:
        # Numbers were handed out before there was a register of units.
        first -= rng.randrange(30, 4000)
    if fate == CLOSED:
        end = first + rng.randrange(1, max(2, min(today, end or today) - first))
    elif fate == CLOSING:
        end = today + rng.randrange(1, 200)
    elif end is not None and end < today and rng.random() < 0.03:
        # Somebody closed the unit and forgot the number.
        end = None
    latest = min(today, end) if end is not None else today
    changed = first + int((latest - first) * rng.random()) if rng.random() < 0.7 else first
    return first, changed, end
