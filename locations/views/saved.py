"""`/soegninger/`: saved searches; opened, they are the list."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from locations.filters import FilterError, LocationFilter
from locations.models import SavedSearch
from locations.saved import NAME_LENGTH, SaveForm, Trouble, kept_query, shown, understood
from soredi.models import User
from soredi.parameters import address, page_of, refused, takes

ROWS = 25
ON_FRONT_PAGE = 12


def on_front_page(user: User) -> list[SavedSearch]:
    return list(SavedSearch.objects.visible_to(user)[:ON_FRONT_PAGE])


@login_required
@require_safe
@takes("page")
def saved_searches(request: HttpRequest) -> HttpResponse:
    """All that the user may see; their counts are asked for by `counts`."""
    return listed(request, page_of_searches(request), counted=False)


@login_required
@require_safe
@takes("page", "forside")
def counts(request: HttpRequest) -> HttpResponse:
    """The same with counts: for htmx the list alone, with `forside=ja` that of the front page."""
    user = cast(User, request.user)
    if request.headers.get("HX-Request") != "true":
        return listed(request, page_of_searches(request), counted=True)
    searches = on_front_page(user) if request.GET.get("forside") else page_of_searches(request)
    context = {"searches": shown(searches, user, counted=True), "manage": "forside" not in request.GET}
    return render(request, "locations/_saved_searches.html", context)


def page_of_searches(request: HttpRequest) -> Page[SavedSearch]:
    return page_of(request, SavedSearch.objects.visible_to(cast(User, request.user)), ROWS)


def listed(request: HttpRequest, page: Page[SavedSearch], *, counted: bool) -> HttpResponse:
    context = {
        "searches": shown(page, cast(User, request.user), counted=counted),
        "page": page,
        "counted": counted,
        "manage": True,
    }
    return render(request, "locations/saved_searches.html", context)


@login_required
@require_safe
@takes()
def saved_search(request: HttpRequest, pk: int) -> HttpResponse:
    """Leads to the list; a page of its own where the search cannot be asked any more, or not by this user."""
    user = cast(User, request.user)
    search = get_object_or_404(SavedSearch.objects.visible_to(user), pk=pk)
    asked = understood(search.query, user)
    if not isinstance(asked, Trouble):
        return redirect(f"{reverse('locations')}?{search.query}")
    rest = address(QueryDict(search.query), **{asked.parameter: None}) if asked.parameter else ""
    context = {
        "one": shown([search], user)[0],
        "trouble": asked,
        "values": QueryDict(search.query).getlist(asked.parameter),
        "rest": reverse("locations") + rest if rest else "",
    }
    return render(request, "locations/saved_search.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def save(request: HttpRequest) -> HttpResponse:
    """Keep `soegning`, a query of the list. What the list would refuse is refused here too."""
    user = cast(User, request.user)
    query = kept_query((request.POST if request.method == "POST" else request.GET).get("soegning", ""))
    try:
        asked = LocationFilter.checked(query, user)
    except FilterError as error:
        return refused(request, error.message, error.parameter)
    texts = [text for _name, _value, text in asked.chosen]
    form = SaveForm(request.POST if request.method == "POST" else None, user=user, query=query)
    form.initial["name"] = Truncator(", ".join(texts)).chars(NAME_LENGTH)
    if form.is_bound and form.is_valid():
        with transaction.atomic():
            form.save()
        messages.success(request, _("The search is saved, and stands on the overview."))
        return redirect(f"{reverse('locations')}?{query}")
    context = {"form": form, "texts": texts, "query": query, "back": f"{reverse('locations')}?{query}"}
    return render(request, "locations/saved_search_form.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes()
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Another name, or another sharing."""
    user = cast(User, request.user)
    search = get_object_or_404(SavedSearch.objects.editable_by(user), pk=pk)
    form = SaveForm(
        request.POST if request.method == "POST" else None, user=user, query=search.query, search=search
    )
    if form.is_bound and form.is_valid():
        with transaction.atomic():
            form.save()
        messages.success(request, _("The search is changed."))
        return redirect("saved-searches")
    asked = understood(search.query, user)
    texts = [] if isinstance(asked, Trouble) else [text for _name, _value, text in asked.chosen]
    context = {"form": form, "search": search, "texts": texts, "back": reverse("saved-searches")}
    return render(request, "locations/saved_search_form.html", context)


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    search = get_object_or_404(SavedSearch.objects.editable_by(cast(User, request.user)), pk=pk)
    search.delete()
    messages.success(request, _("“%(name)s” is deleted.") % {"name": search.name})
    return redirect("saved-searches")
