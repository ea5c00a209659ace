"""Who may do what: every address and method, for every sort of person.

Each address of the application has a line in LINES. To add one: its name in the URL patterns, an example of its
path (names in braces are objects of rights_world.py), and per method what each of PEOPLE is answered:

    stranger        nobody is logged in
    no_rights       a person of no EDI administrator
    own             a person of EDI administrator 102, whose number {gln} and drafts the examples are about
    other           a person of EDI administrator 106, who has other numbers
    administrator   a member of staff

`data` is what a POST sends. Each person starts from the same world: whatever one request did is rolled back.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from tests.rights_world import people_and_objects

pytestmark = pytest.mark.django_db

PEOPLE = ("stranger", "no_rights", "own", "other", "administrator")
Answers = tuple[int, int, int, int, int]

LOGIN = 302  # a stranger is led to the log-in
READ: Answers = (LOGIN, 200, 200, 200, 200)
NO: Answers = (LOGIN, 405, 405, 405, 405)
OWN: Answers = (LOGIN, 404, 200, 404, 200)
OWN_CHANGED: Answers = (LOGIN, 404, 302, 404, 302)  # done, and led on
STAFF: Answers = (LOGIN, 403, 403, 403, 200)
STAFF_NO: Answers = (LOGIN, 403, 403, 403, 405)
STAFF_DONE: Answers = (LOGIN, 403, 403, 403, 302)


@dataclass(frozen=True)
class Line:
    path: str
    get: Answers = READ
    post: Answers = NO
    data: dict[str, Any] = field(default_factory=dict)
    # Answers to a method that no page has.
    other: Answers = NO


OPEN_TO_ALL: Answers = (200, 200, 200, 200, 200)
NOBODY: Answers = (405, 405, 405, 405, 405)

LINES = {
    "login": Line(
        "/log-ind/",
        get=(200, 302, 302, 302, 302),
        post=(200, 302, 302, 302, 302),
        other=(405, 302, 302, 302, 302),
    ),
    "password": Line("/adgangskode/", post=READ),
    "logout": Line("/log-ud/", get=NOBODY, post=(302, 302, 302, 302, 302), other=NOBODY),
    "language": Line(
        "/sprog/", get=NOBODY, post=(302, 302, 302, 302, 302), data={"language": "en"}, other=NOBODY
    ),
    "live": Line("/health/live", get=OPEN_TO_ALL, post=NOBODY, other=NOBODY),
    "ready": Line("/health/ready", get=(503, 503, 503, 503, 503), post=NOBODY, other=NOBODY),
    "metrics": Line("/metrics", get=OPEN_TO_ALL, post=NOBODY, other=NOBODY),
    "home": Line("/"),
    "locations": Line("/lokationsnumre/"),
    "location-count": Line("/lokationsnumre/antal/"),
    "location-list": Line(
        "/lokationsnumre/liste/",
        post=READ,  # nothing of it was found
        data={"numre": "1"},
    ),
    "location-display": Line(
        "/lokationsnumre/visning/",
        post=(LOGIN, 302, 302, 302, 302),
        data={"kolonne": ["vans", "by"], "antal": "100"},
    ),
    "location-download": Line(
        "/lokationsnumre/hent/?format=csv&valgt={gln}",
        get=OWN,
        post=READ,  # all that each may edit
        data={"format": "csv", "omfang": "alle"},
    ),
    "location-edit": Line(
        "/lokationsnumre/ret/",
        get=(LOGIN, 302, 302, 302, 302),  # nothing ticked: back to the list
        post=(LOGIN, 302, 200, 200, 200),
        data={"omfang": "alle"},
    ),
    "location-usual-vendor": Line("/lokationsnumre/ret/leverandoer/"),
    "location": Line("/lokationsnumre/{gln}/", get=(LOGIN, 404, 200, 404, 200)),
    "saved-searches": Line("/soegninger/"),
    "saved-search-counts": Line("/soegninger/antal/"),
    "saved-search-new": Line(
        "/soegninger/gem/", post=(LOGIN, 302, 302, 302, 302), data={"name": "Mine", "soegning": ""}
    ),
    # Shared with EDI administrator 102, and owned by one of its people.
    "saved-search": Line("/soegninger/{saved_search}/", get=(LOGIN, 404, 302, 404, 302)),
    "saved-search-change": Line(
        "/soegninger/{saved_search}/ret/", get=OWN, post=OWN_CHANGED, data={"name": "Omdøbt"}
    ),
    "saved-search-delete": Line("/soegninger/{saved_search}/slet/", get=NO, post=OWN_CHANGED),
    "deviations": Line("/afvigelser/"),
    "deviation-count": Line("/afvigelser/antal/"),
    "deviations-settle": Line(
        "/afvigelser/afgoer/",
        get=(LOGIN, 302, 302, 302, 302),  # nothing ticked: back to the page
        post=(LOGIN, 302, 302, 302, 302),  # settles what is the user's own
        data={"omfang": "alle", "handling": "vores"},
    ),
    "code-lists": Line("/stamdata/"),
    "approval-lists": Line("/stamdata/certificering/", post=STAFF),  # without a file: asked again
    "required-standards": Line(
        "/stamdata/certificering/obligatoriske/", post=STAFF_DONE, data={"fjern": "0"}
    ),
    "certified": Line("/stamdata/certificering/svar/"),
    "approval-list": Line("/stamdata/certificering/{approvals}/"),
    "approval-list-file": Line("/stamdata/certificering/{approvals}/hent/"),
    "approval-list-accept": Line(
        "/stamdata/certificering/{preview}/brug/", get=STAFF_NO, post=STAFF_DONE, other=STAFF_NO
    ),
    "approval-list-drop": Line(
        "/stamdata/certificering/{preview}/kasser/", get=STAFF_NO, post=STAFF_DONE, other=STAFF_NO
    ),
    "system-maps": Line(
        "/stamdata/systemer/kobling/", post=STAFF_DONE, data={"system": "Clinea", "er": "Clinea (LPS)"}
    ),
    "code-list": Line("/stamdata/vans/"),
    "code-list-row": Line("/stamdata/vans/KMD/"),
    "code-list-new": Line(
        "/stamdata/vans/ny/",
        get=STAFF,
        post=STAFF_DONE,
        data={"code": "9", "name": "Ny", "reason": "Ny"},
        other=STAFF_NO,
    ),
    "code-list-row-change": Line(
        "/stamdata/vans/KMD/ret/",
        get=STAFF,
        post=STAFF_DONE,
        data={"name": "KMD A/S", "reason": "Nyt navn"},
        other=STAFF_NO,
    ),
    "code-list-people": Line(
        "/stamdata/edi-administratorer/102/personer/",
        get=STAFF_NO,
        post=STAFF_DONE,
        data={"add": "other"},
        other=STAFF_NO,
    ),
    "code-list-merge": Line(
        "/stamdata/vans/KMD/sammenlaeg/",
        get=STAFF,
        post=STAFF_DONE,
        data={"to": "MultiMed", "reason": "Købt"},
        other=STAFF_NO,
    ),
    "code-list-move": Line("/stamdata/vans/Gammel/flyt/", get=STAFF_NO, post=STAFF_DONE, other=STAFF_NO),
    "code-list-upload": Line("/stamdata/vans/indlaes/", get=STAFF, post=STAFF, other=STAFF_NO),
    "catalogue-changes": Line("/stamdata/rettelser/"),
    # A draft: carried out, it could be read by all.
    "catalogue-change": Line("/stamdata/rettelser/{catalogue_draft}/", get=(LOGIN, 404, 404, 404, 200)),
    "catalogue-change-apply": Line(
        "/stamdata/rettelser/{catalogue_draft}/udfoer/", get=STAFF_NO, post=STAFF_DONE, other=STAFF_NO
    ),
    "catalogue-change-drop": Line(
        "/stamdata/rettelser/{catalogue_draft}/annuller/", get=STAFF_NO, post=STAFF_DONE, other=STAFF_NO
    ),
    "catalogue-change-undo": Line(
        "/stamdata/rettelser/{catalogue_draft}/fortryd/",
        get=STAFF_NO,
        post=STAFF_DONE,
        data={"reason": "Fejl"},
        other=STAFF_NO,
    ),
    "phase-out": Line("/stamdata/edi-typer/udfas/"),
    "phase-out-weeks": Line("/stamdata/edi-typer/udfas/uger/?fra=DIS91+D9134L&til=DIS91+D9135L"),
    "phase-out-plan": Line(
        "/stamdata/edi-typer/udfas/planlaeg/",
        get=NO,
        post=(LOGIN, 302, 302, 302, 302),  # of what each may edit
        data={"fra": "DIS91 D9134L", "til": "DIS91 D9135L"},
    ),
    # Whoever may not see the admin site is sent here: to the log-in, or told so.
    "admin-login": Line("/admin/login/", get=(LOGIN, 403, 403, 403, 302), post=NOBODY, other=NOBODY),
    "components": Line("/komponenter/", get=STAFF),
    "change-sets": Line("/aendringer/"),
    "change-set": Line("/aendringer/{done}/", get=OWN),
    "change-set-apply": Line("/aendringer/{draft}/udfoer/", get=NO, post=OWN_CHANGED),
    "change-set-again": Line("/aendringer/{draft}/igen/", get=NO, post=OWN_CHANGED),
    "change-set-left-out": Line("/aendringer/{draft}/udeladt/", get=OWN),
    "change-set-drop": Line("/aendringer/{draft}/annuller/", get=NO, post=OWN_CHANGED),
    "change-set-undo": Line(
        "/aendringer/{done}/fortryd/", get=NO, post=OWN_CHANGED, data={"reason": "Forkert liste"}
    ),
    "mass-updates": Line("/masseopdatering/", post=READ),
    "mass-update-guide": Line("/masseopdatering/vejledning/"),
    "mass-update-template": Line("/masseopdatering/skabelon/"),
    "mass-update": Line("/masseopdatering/{mass_update}/", get=OWN),
    "mass-update-apply": Line("/masseopdatering/{mass_update}/udfoer/", get=NO, post=OWN_CHANGED),
    "mass-update-drop": Line("/masseopdatering/{mass_update}/annuller/", get=NO, post=OWN_CHANGED),
    "mass-update-findings": Line("/masseopdatering/{mass_update}/fejl/", get=OWN),
    "mass-update-file": Line("/masseopdatering/{mass_update}/fil/", get=OWN),
    "imports": Line("/sor-import/", get=STAFF, post=STAFF, other=STAFF_NO),
    "import-fetch": Line("/sor-import/hent/", get=STAFF_NO, post=(LOGIN, 403, 403, 403, 302), other=STAFF_NO),
    "import": Line("/sor-import/{import_run}/", get=STAFF, post=STAFF_NO, other=STAFF_NO),
    "import-problems": Line("/sor-import/{import_run}/problemer/", get=STAFF, post=STAFF_NO, other=STAFF_NO),
    "import-changes": Line("/sor-import/{import_run}/aendringer/", get=STAFF, post=STAFF_NO, other=STAFF_NO),
    "import-stop": Line(
        "/sor-import/{import_run}/afbryd/", get=STAFF_NO, post=(LOGIN, 403, 403, 403, 302), other=STAFF_NO
    ),
    "import-accept": Line(
        "/sor-import/{import_run}/accepter/", get=STAFF_NO, post=(LOGIN, 403, 403, 403, 302), other=STAFF_NO
    ),
    "import-force": Line(
        "/sor-import/{import_run}/alligevel/", get=STAFF_NO, post=(LOGIN, 403, 403, 403, 302), other=STAFF_NO
    ),
    "import-drop": Line(
        "/sor-import/{import_run}/annuller/", get=STAFF_NO, post=(LOGIN, 403, 403, 403, 302), other=STAFF_NO
    ),
}


@pytest.fixture
def world() -> dict[str, Any]:
    return people_and_objects()


def patterns(resolver: Any = None) -> dict[str, str]:
    """Every pattern's name and route; the admin site's own are Django's."""
    found = {}
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            assert entry.name, f"{entry.pattern} has no name"
            assert entry.name not in found, f"{entry.name} is the name of two addresses"
            found[entry.name] = str(entry.pattern)
        elif isinstance(entry, URLResolver) and entry.namespace != "admin":
            found |= patterns(entry)
    return found


@cache
def one_client() -> Client:
    """Each new one would look through all static files."""
    return Client()


def answers(world: dict[str, Any], line: Line, method: str) -> dict[str, int]:
    path = line.path.format(**world)
    given = {}
    client = one_client()
    for name in PEOPLE:
        client.cookies.clear()
        with transaction.atomic():
            if name != "stranger":
                client.force_login(world[name])
            response = getattr(client, method)(path, line.data if method == "post" else {})
            if response.streaming:
                response.getvalue()  # closes its file
            given[name] = response.status_code
            transaction.set_rollback(True)
    return given


def test_every_address_has_a_line():
    assert sorted(patterns()) == sorted(LINES)


@pytest.mark.parametrize("name", LINES)
def test_each_person_may_do_what_the_line_says(world, name):
    line = LINES[name]
    assert resolve(line.path.format(**world).partition("?")[0]).url_name == name
    for method in ("get", "post", "put", "delete", "patch"):
        expected = dict(zip(PEOPLE, getattr(line, method, line.other), strict=True))
        assert (method, answers(world, line, method)) == (method, expected)


def test_the_admin_site_is_for_administrators(world):
    line = Line("/admin/", get=(302, 302, 302, 302, 200))
    assert answers(world, line, "get") == dict(zip(PEOPLE, line.get, strict=True))


def test_a_post_without_its_token_is_refused(world):
    """Even an administrator's: it may come from another site."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(world["administrator"])
    answered = {name: client.post(line.path.format(**world)).status_code for name, line in LINES.items()}
    assert answered == dict.fromkeys(LINES, 403)
