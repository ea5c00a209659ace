"""The admin site: code lists without delete, and EDI administrators with their people.

Location numbers, their versions and change sets have pages of their own, which ask for less and say more.
"""

from django.contrib import admin

from locations.models import EdiAdministrator, EdiType, Region, Speciality, System, Vans, Vendor
from soredi.admin import KeptAdmin


@admin.register(Vans, System, Vendor, Region, Speciality)
class CodeListAdmin(KeptAdmin):
    list_display = ["code", "name", "retired_on"]
    search_fields = ["code", "name"]


@admin.register(EdiAdministrator)
class EdiAdministratorAdmin(CodeListAdmin):
    autocomplete_fields = ["users"]


@admin.register(EdiType)
class EdiTypeAdmin(KeptAdmin):
    list_display = ["code", "version", "name", "standard", "letter", "sor_id", "retired_on"]
    list_filter = ["standard"]
    search_fields = ["code", "version", "name", "sor_id"]
    autocomplete_fields = ["replaced_by"]
