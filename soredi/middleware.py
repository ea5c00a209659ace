"""What happens around every request."""

from collections.abc import Callable, Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render, resolve_url
from django.urls import is_valid_path
from django.utils import translation
from django.utils.translation import gettext as _

from soredi.parameters import refused

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


def no_nul(get_response: Respond) -> Respond:
    """400 for a NUL in the address or in a plain form: no database takes it, and nobody types it.

    A form with files is left to its own fields, since reading it here would be before its upload is guarded.
    """

    def texts(request: HttpRequest) -> Iterator[tuple[str, str]]:
        """(parameter, text), the parameter empty where its name is the text."""
        yield "", request.path
        queries = [request.GET]
        if request.content_type == "application/x-www-form-urlencoded":
            queries.append(request.POST)
        for query in queries:
            for name, values in query.lists():
                yield "", name
                yield from ((name, value) for value in values)

    def respond(request: HttpRequest) -> HttpResponse:
        for parameter, text in texts(request):
            if "\0" in text:
                return refused(request, _("It has signs that cannot be printed."), parameter)
        return get_response(request)

    return respond


def wrong_method(get_response: Respond) -> Respond:
    """A page for what only a button may ask, or a form may not send: 405 with the way back to the page above it.

    A session that ended before the button was pressed leads here too, by way of the log-in.
    """

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or request.path.startswith("/health/"):
            return response
        above = request.path.rstrip("/").rpartition("/")[0] + "/"
        page = render(request, "405.html", {"above": above if is_valid_path(above) else "/"}, status=405)
        page["Allow"] = response["Allow"]
        return page

    return respond
