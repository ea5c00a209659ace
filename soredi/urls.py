"""Every address of the application."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from soredi import health, metrics, overview, people, views

urlpatterns = [
    path("", overview.overview, name="home"),
    path("log-ind/", people.Login.as_view(), name="login"),
    path("log-ud/", auth.LogoutView.as_view(), name="logout"),
    path("adgangskode/", people.ChangePassword.as_view(), name="password"),
    path("sprog/", views.language, name="language"),
    path("komponenter/", views.components, name="components"),
    path("admin/login/", people.admin_login, name="admin-login"),
    path("admin/", admin.site.urls),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("", include("locations.urls")),
    path("", include("massupdate.urls")),
    path("", include("sorimport.urls")),
]
