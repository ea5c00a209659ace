"""Logging in and what belongs to it."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe


class Login(auth.LoginView):
    redirect_authenticated_user = True
    http_method_names = ["get", "head", "post"]


@require_safe
def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin site sends everybody here who may not see it: strangers log in where everybody does."""
    if request.user.is_authenticated and not request.user.is_staff:
        raise PermissionDenied(_("Only administrators may open the admin site."))
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


class ChangePassword(auth.PasswordChangeView):
    """The user's other sessions end; this one goes on."""

    template_name = "registration/change_password.html"
    success_url = reverse_lazy("home")
    http_method_names = ["get", "head", "post"]

    def get_form(self, form_class: Any = None) -> PasswordChangeForm:
        form = super().get_form(form_class)
        for field in form.fields.values():
            field.widget.attrs["class"] = "form-input"
        form.fields["old_password"].widget.attrs.pop("autofocus", None)
        return form

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        messages.success(self.request, _("The password is changed. Your other sessions are logged out."))
        return super().form_valid(form)


def locked(
    request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    """The answer to a log-in after too many wrong passwords for this user from this address."""
    context = {
        "limit": settings.AXES_FAILURE_LIMIT,
        "minutes": int(settings.AXES_COOLOFF_TIME.total_seconds() // 60),
    }
    return render(request, "registration/locked.html", context, status=429)
