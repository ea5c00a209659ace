"""The admin site, which is for administrators (`is_staff`) without further permissions, and people in it."""

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from soredi.models import User

admin.site.site_header = admin.site.site_title = "SOR-EDI"
admin.site.index_title = _("Administration")
# Rights follow from is_staff and the EDI administrators; who tried to log in is for the operator's log.
for unused in (Group, AccessAttempt, AccessFailureLog, AccessLog):
    if admin.site.is_registered(unused):
        admin.site.unregister(unused)


class KeptAdmin(admin.ModelAdmin):
    """Rows that every administrator can add and change, and nobody delete."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_staff

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(User)
class PersonAdmin(KeptAdmin, UserAdmin):
    """People are deactivated, not deleted: their names stand in the history."""

    list_display = ["username", "first_name", "last_name", "is_staff", "is_active", "last_login"]
    list_filter = ["is_staff", "is_active", "edi_administrators"]
    fieldsets = (
        (None, {"fields": ["username", "password"]}),
        (None, {"fields": ["first_name", "last_name", "email", "is_active", "is_staff"]}),
        (None, {"fields": ["last_login", "date_joined"]}),
    )
    filter_horizontal = ()
