from .catalogue import EdiAdministrator, EdiType, Region, Speciality, System, Vans, Vendor
from .change import ChangeSet
from .deviation import Deviation
from .location import PROFILE_COLUMNS, EdiProfile, LocationNumber, LocationVersion
from .organisation import Assignment, SorUnit
from .saved_search import SavedSearch

__all__ = [
    "PROFILE_COLUMNS",
    "Assignment",
    "ChangeSet",
    "Deviation",
    "EdiAdministrator",
    "EdiProfile",
    "EdiType",
    "LocationNumber",
    "LocationVersion",
    "Region",
    "SavedSearch",
    "SorUnit",
    "Speciality",
    "System",
    "Vans",
    "Vendor",
]
