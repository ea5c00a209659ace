"""What may go wrong before a view sees an upload: it is too large, the disk is full, or the browser goes away.

Django reads the body of a request when somebody first asks for what was posted, and that is the check of its token. So
the size is looked at, and the body read, before that.
"""

import errno
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import render
from django.urls import reverse

from massupdate.read import fits, too_large
from soredi.sentences import Sentence

OVERHEAD = 1_000_000  # bytes of a form beside its file
NO_ROOM = Sentence(
    "There is no room on the server's disk for the file. Nothing was changed. Try again later, and tell the operator."
)


def upload(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware. What is too large is refused at once, by the length that the browser gives; a full disk is told."""

    def checked(request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or request.path != reverse("mass-updates") or not _is_known(request):
            return get_response(request)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and not fits(int(length) - OVERHEAD):
            return refused(request, too_large("", int(length)).message, 413)
        try:
            request.FILES  # noqa: B018 - reads the body
        except OSError as error:
            for handler in request.upload_handlers:
                handler.upload_interrupted()  # removes what is there of the file
            if isinstance(error, UnreadablePostError):
                return HttpResponse(status=400)  # to nobody: the browser has gone
            if not is_full(error):
                raise
            return refused(request, NO_ROOM, 507)
        return get_response(request)

    return checked


def _is_known(request: HttpRequest) -> bool:
    return request.user.is_authenticated


def is_full(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def refused(request: HttpRequest, message: Sentence, status: int) -> HttpResponse:
    """The page with the form, which has lost its file, and why."""
    return render(request, "massupdate/upload_refused.html", {"message": message}, status=status)
