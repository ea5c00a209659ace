"""Staging tables → the database, in sets and in the caller's one transaction: catalogue, then units, then numbers."""

from sorimport.merge.catalogue import merge_catalogue
from sorimport.merge.locations import merge_locations, plan_locations
from sorimport.merge.units import close_and_hold, merge_units

__all__ = ["close_and_hold", "merge_catalogue", "merge_locations", "merge_units", "plan_locations"]
