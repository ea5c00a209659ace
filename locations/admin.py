"""The admin site: code lists without delete, EDI administrators with their people, the rest to look at only."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from locations.models import (
    ChangeSet,
    EdiAdministrator,
    EdiType,
    LocationNumber,
    LocationVersion,
    Region,
    Speciality,
    System,
    Vans,
    Vendor,
)
from soredi.admin import KeptAdmin


class ReadOnlyAdmin(KeptAdmin):
    """Rows that only `locations/changes.py` writes. Large tables: no counts, no drop-downs of keys."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Vans, System, Vendor, Region, Speciality)
class CodeListAdmin(KeptAdmin):
    list_display = ["code", "name", "retired_on"]
    search_fields = ["code", "name"]


@admin.register(EdiAdministrator)
class EdiAdministratorAdmin(CodeListAdmin):
    autocomplete_fields = ["users"]


@admin.register(EdiType)
class EdiTypeAdmin(KeptAdmin):
    list_display = ["code", "version", "name", "standard", "sor_id", "retired_on"]
    list_filter = ["standard"]
    search_fields = ["code", "version", "name", "sor_id"]
    autocomplete_fields = ["replaced_by"]


@admin.register(LocationNumber)
class LocationNumberAdmin(ReadOnlyAdmin):
    list_display = ["gln", "unit", "vans", "system", "edi_administrator", "to_date"]
    list_select_related = ["unit", "vans", "system", "edi_administrator"]
    search_fields = ["gln"]


@admin.register(LocationVersion)
class LocationVersionAdmin(ReadOnlyAdmin):
    list_display = ["id", "location", "change_set", "applied_at"]
    list_select_related = ["location", "change_set"]
    search_fields = ["location__gln"]
    ordering = ["-id"]


@admin.register(ChangeSet)
class ChangeSetAdmin(ReadOnlyAdmin):
    list_display = ["id", "source", "state", "by", "created_at", "finished_at"]
    list_select_related = ["by"]
    list_filter = ["source", "state"]
