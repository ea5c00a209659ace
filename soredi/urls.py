"""Every address of the application."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import path

urlpatterns = [
    path("log-ind/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("log-ud/", auth.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
]
