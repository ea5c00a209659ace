from .catalogue import EdiAdministrator, EdiType, Person, Region, Speciality, System, Vans, Vendor
from .catalogue_change import CatalogueChange
from .certification import Approval, ApprovalList, RequiredStandard, SystemMap
from .change import ChangeSet, LeftOut
from .deviation import Deviation, DeviationDecision
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
    "CatalogueChange",
    "ChangeSet",
    "Deviation",
    "DeviationDecision",
    "EdiAdministrator",
    "EdiProfile",
    "EdiType",
    "GlnList",
    "LeftOut",
    "LifeEvent",
    "LocationNumber",
    "LocationVersion",
    "Person",
    "Region",
    "RequiredStandard",
    "SavedSearch",
    "SorUnit",
    "Speciality",
    "System",
    "SystemMap",
    "UnitWord",
    "Vans",
    "Vendor",
]
