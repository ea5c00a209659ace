"""Addresses of the SOR imports, for administrators."""

from django.urls import path

from sorimport import views

urlpatterns = [
    path("sor-import/", views.imports, name="imports"),
    path("sor-import/hent/", views.fetch, name="import-fetch"),
    path("sor-import/<int:pk>/", views.run, name="import"),
    path("sor-import/<int:pk>/problemer/", views.problem_list, name="import-problems"),
    path("sor-import/<int:pk>/aendringer/", views.change_list, name="import-changes"),
    path("sor-import/<int:pk>/afbryd/", views.stop, name="import-stop"),
    path("sor-import/<int:pk>/accepter/", views.accept, name="import-accept"),
    path("sor-import/<int:pk>/alligevel/", views.force, name="import-force"),
    path("sor-import/<int:pk>/annuller/", views.drop, name="import-drop"),
]
