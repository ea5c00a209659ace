"""The main menu, for every page."""

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

# Address names in the order of the menu, with their texts.
FOR_ALL = [
    ("home", _("Overview")),
    ("locations", _("Location numbers")),
    ("mass-updates", _("Mass update")),
    ("change-sets", _("Changes")),
    ("deviations", _("Deviations")),
    ("code-lists", _("Code lists")),
]
FOR_ADMINISTRATORS = [("imports", _("SOR import"))]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """`navigation`: href, text and the value of aria-current ("page", "true" below it, or "") of each entry.

    Empty for a stranger, and where an error page is shown before anybody was recognised.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"navigation": []}
    entries = []
    for name, text in FOR_ALL + (FOR_ADMINISTRATORS if user.is_staff else []):
        try:
            href = reverse(name)
        except NoReverseMatch:
            continue
        below = href != "/" and request.path.startswith(href)
        current = "page" if request.path == href else "true" if below else ""
        entries.append({"href": href, "text": text, "current": current})
    return {"navigation": entries}
