from .catalogue import EdiAdministrator, EdiType, Region, Speciality, System, Vans, Vendor
from .certification import Approval, ApprovalList, SystemMap
from .change import ChangeSet, LeftOut
from .deviation import Deviation
from .gln_list import GlnList
from .life import LifeEvent
from .location import PROFILE_COLUMNS, EdiProfile, LocationNumber, LocationVersion
from .organisation import Assignment, SorUnit, UnitWord
from .saved_search import SavedSearch

__all__ = [
    "PROFILE_COLUMNS",
    "Approval",
    "ApprovalList",
    "Assignment",
    "ChangeSet",
    "Deviation",
    "EdiAdministrator",
    "EdiProfile",
    "EdiType",
    "GlnList",
    "LeftOut",
    "LifeEvent",
    "LocationNumber",
    "LocationVersion",
    "Region",
    "SavedSearch",
    "SorUnit",
    "Speciality",
    "System",
    "SystemMap",
    "UnitWord",
    "Vans",
    "Vendor",
]
