"""Every address of the application."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from soredi import health, views

urlpatterns = [
    path("log-ind/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("log-ud/", auth.LogoutView.as_view(), name="logout"),
    path("sprog/", views.language, name="language"),
    path("admin/", admin.site.urls),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("", include("locations.urls")),
]
