"""Pages, or methods of them, that are for administrators only."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def require_administrator(request: HttpRequest) -> None:
    """Raises PermissionDenied, a 403, for anybody else."""
    if not (request.user.is_active and request.user.is_staff):
        raise PermissionDenied(_("Only administrators may do this."))


def administrators_only(view: View) -> View:
    """Log-in first; then 403 for anybody who is no administrator."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        require_administrator(request)
        return view(request, *args, **kwargs)

    return guarded  # type: ignore[return-value]
