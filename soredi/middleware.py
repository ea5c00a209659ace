"""What happens around every request."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import translation

Respond = Callable[[HttpRequest], HttpResponse]


def language(get_response: Respond) -> Respond:
    """Danish, unless the visitor chose another language by POST /sprog/; the browser's own wish is not asked."""

    def respond(request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        known = chosen in dict(settings.LANGUAGES)
        with translation.override(chosen if known else settings.LANGUAGE_CODE):
            return get_response(request)

    return respond


def whole_page_login(get_response: Respond) -> Respond:
    """A session that ended while a page asks for a fragment: load the page anew, which leads to the log-in.

    Without it the log-in form would be put where the fragment belongs.
    """

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if (
            request.headers.get("HX-Request") == "true"
            and response.status_code == 302
            and response["Location"].startswith(resolve_url(settings.LOGIN_URL))
        ):
            return HttpResponse(headers={"HX-Refresh": "true"})
        return response

    return respond
