"""Addresses of the mass updates."""

from django.urls import path

from massupdate import guide, views

urlpatterns = [
    path("masseopdatering/", views.mass_updates, name="mass-updates"),
    path("masseopdatering/vejledning/", guide.guide, name="mass-update-guide"),
    path("masseopdatering/skabelon/", guide.template, name="mass-update-template"),
    path("masseopdatering/<int:pk>/", views.mass_update, name="mass-update"),
    path("masseopdatering/<int:pk>/udfoer/", views.apply, name="mass-update-apply"),
    path("masseopdatering/<int:pk>/annuller/", views.drop, name="mass-update-drop"),
    path("masseopdatering/<int:pk>/fejl/", views.findings, name="mass-update-findings"),
    path("masseopdatering/<int:pk>/fil/", views.file, name="mass-update-file"),
]
