"""Addresses of the pages about location numbers."""

from django.urls import path, re_path

from locations.views import (
    carry_out,
    changes,
    code_lists,
    detail,
    deviations,
    display,
    downloads,
    edit,
    history,
    lists,
    saved,
    search,
    settling,
)

urlpatterns = [
    path("lokationsnumre/", search.search, name="locations"),
    path("lokationsnumre/antal/", search.count, name="location-count"),
    path("lokationsnumre/hent/", downloads.download_chosen, name="location-download"),
    path("lokationsnumre/liste/", lists.insert, name="location-list"),
    path("lokationsnumre/visning/", display.display, name="location-display"),
    path("lokationsnumre/ret/", edit.edit, name="location-edit"),
    path("lokationsnumre/ret/leverandoer/", edit.usual_vendor, name="location-usual-vendor"),
    re_path(r"^lokationsnumre/(?P<gln>[0-9]{13})/$", detail.detail, name="location"),
    path("soegninger/", saved.saved_searches, name="saved-searches"),
    path("soegninger/antal/", saved.counts, name="saved-search-counts"),
    path("soegninger/gem/", saved.save, name="saved-search-new"),
    path("soegninger/<int:pk>/", saved.saved_search, name="saved-search"),
    path("soegninger/<int:pk>/ret/", saved.change, name="saved-search-change"),
    path("soegninger/<int:pk>/slet/", saved.delete, name="saved-search-delete"),
    path("afvigelser/", deviations.deviations, name="deviations"),
    path("afvigelser/antal/", deviations.count, name="deviation-count"),
    path("afvigelser/afgoer/", settling.settle, name="deviations-settle"),
    path("stamdata/", code_lists.code_lists, name="code-lists"),
    path("aendringer/", history.change_sets, name="change-sets"),
    path("aendringer/<int:pk>/", changes.change_set, name="change-set"),
    path("aendringer/<int:pk>/udfoer/", carry_out.apply, name="change-set-apply"),
    path("aendringer/<int:pk>/igen/", edit.again, name="change-set-again"),
    path("aendringer/<int:pk>/fortryd/", changes.undo, name="change-set-undo"),
    path("aendringer/<int:pk>/udeladt/", carry_out.left_out, name="change-set-left-out"),
    path("aendringer/<int:pk>/annuller/", carry_out.drop, name="change-set-drop"),
]
