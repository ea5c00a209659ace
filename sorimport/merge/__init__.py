"""Staging tables → the database, in sets and in the caller's one transaction: catalogue, numbers, then units.

Units are staged first, with the keys they will have, and written last, when it is known which of them have numbers."""

from sorimport.merge.catalogue import merge_catalogue
from sorimport.merge.changes import tell_lives, tell_numbers, tell_units
from sorimport.merge.first import indexed_at_the_end
from sorimport.merge.locations import merge_locations, plan_locations
from sorimport.merge.unit_rows import stage_units
from sorimport.merge.units import merge_units, plan_units

__all__ = [
    "indexed_at_the_end",
    "merge_catalogue",
    "merge_locations",
    "merge_units",
    "plan_locations",
    "plan_units",
    "stage_units",
    "tell_lives",
    "tell_numbers",
    "tell_units",
]
