"""Addresses of a benchmark: the application's, and Django's own list of the same table, as one would else use."""

from django.contrib import admin
from django.urls import path

from locations.models import LocationNumber
from soredi.urls import urlpatterns as application


class LocationNumberAdmin(admin.ModelAdmin):
    list_display = ["gln", "unit", "vans", "system", "edi_administrator", "to_date"]
    list_select_related = ["unit", "vans", "system", "edi_administrator"]
    list_per_page = 50
    search_fields = ["gln"]
    show_full_result_count = False


site = admin.AdminSite(name="bench")
site.register(LocationNumber, LocationNumberAdmin)
urlpatterns = [*application, path("bench/admin/", site.urls)]
