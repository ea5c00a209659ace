"""What an address may ask after its `?`: what a page does not know, it refuses, and names it."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from django.core.paginator import EmptyPage, Page, Paginator
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def takes(*known: str) -> Callable[[View], View]:
    """A page with the parameters `known`, each once; any other is answered by 400 and the page that names it.

    A misspelt parameter would else be ignored, and the page taken for the answer to what was asked.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            for parameter, values in request.GET.lists():
                if parameter not in known:
                    return refused(request, _("No such parameter."), parameter)
                if len(values) > 1:
                    return refused(request, _("Give it once only."), parameter)
            return view(request, *args, **kwargs)

        return checked  # type: ignore[return-value]

    return decorate


def refused(request: HttpRequest, problem: str, parameter: str = "") -> HttpResponse:
    """400, with the parameter that cannot be used and why."""
    return render(request, "400.html", {"problem": problem, "parameter": parameter}, status=400)


def mistakes(form: BaseForm, places: Mapping[str, str] | None = None) -> list[tuple[str, str, str]]:
    """For components/mistakes.html: (label, what is wrong, id of the place to mend it) of each value of `form`.

    `places`: those that are not the field's own; empty where there is none.
    """
    return [
        (str(form[name].label), str(error), (places or {}).get(name, form[name].id_for_label))
        for name, errors in form.errors.items()
        for error in errors
    ]


def page_number(request: HttpRequest) -> int:
    """The parameter `page`; 404 for what is no page."""
    page = request.GET.get("page", "1")
    if not (page.isascii() and page.isdigit() and 0 < int(page) < 1_000_000):
        raise Http404
    return int(page)


def page_of(request: HttpRequest, rows: Any, size: int) -> Page[Any]:
    """The page of `rows` that the parameter `page` asks for, `size` a page; 404 beyond the last."""
    try:
        return Paginator(rows, size).page(page_number(request))
    except EmptyPage:
        raise Http404 from None


def address(query: QueryDict, **changes: Any) -> str:
    """`?…` of `query` with `changes`: a value, a list of them, or None to leave out. Empty ones are dropped."""
    changed = QueryDict(mutable=True)
    for name, values in query.lists():
        changed.setlist(name, [value for value in values if value.strip()])
    for name, value in changes.items():
        changed.setlist(name, value if isinstance(value, list) else [] if value is None else [str(value)])
    return "?" + changed.urlencode()
