from .catalogue import EdiAdministrator, EdiType, Region, Speciality, System, Vans, Vendor
from .change import ChangeSet
from .location import PROFILE_COLUMNS, EdiProfile, LocationNumber, LocationVersion
from .organisation import Assignment, SorUnit

__all__ = [
    "PROFILE_COLUMNS",
    "Assignment",
    "ChangeSet",
    "EdiAdministrator",
    "EdiProfile",
    "EdiType",
    "LocationNumber",
    "LocationVersion",
    "Region",
    "SorUnit",
    "Speciality",
    "System",
    "Vans",
    "Vendor",
]
