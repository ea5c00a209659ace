"""Addresses of the pages about location numbers."""

from django.urls import path, re_path
from django.views.generic import RedirectView

from locations.views import detail, search

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="locations"), name="home"),
    path("lokationsnumre/", search.search, name="locations"),
    path("lokationsnumre/antal/", search.count, name="location-count"),
    re_path(r"^lokationsnumre/(?P<gln>[0-9]{13})/$", detail.detail, name="location"),
]
